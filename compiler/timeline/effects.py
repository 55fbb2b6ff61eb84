"""Effects: the playback speed of an item, and the effects that cannot be rendered."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio


def speed_of(item: otio.core.Item) -> Fraction:
    """Return the playback speed of an item: 2 is twice as fast, 0 a frozen frame, -1 reversed.

    `LinearTimeWarp`s multiply; a `FreezeFrame` is one of speed 0.
    """
    speed = Fraction(1)
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp) and is_active(effect):
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return speed


def unsupported_effects(item: otio.core.Item) -> tuple[str, ...]:
    """Return the names of an item's effects that cannot be rendered."""
    return tuple(
        str(effect.effect_name or effect.name or effect.schema_name())
        for effect in item.effects
        if is_active(effect) and not isinstance(effect, otio.schema.LinearTimeWarp)
    )


def is_active(effect: otio.schema.Effect) -> bool:
    """Whether an effect changes anything.

    DaVinci Resolve writes no-op effects (Transform, Cropping, ...) on every clip. The parameters
    that were changed are in ``Resolve_OTIO``.
    """
    stated = effect.metadata.get("Resolve_OTIO")
    if not effect.enabled:
        return False
    if not hasattr(stated, "get") or isinstance(effect, otio.schema.LinearTimeWarp):
        return True
    changed = (
        parameter
        for parameter in stated.get("Parameters", ())
        if str(parameter.get("Parameter Value")) != str(parameter.get("Default Parameter Value"))
        or len(parameter.get("Key Frames", {}))
    )
    return bool(stated.get("Enabled", True)) and next(changed, None) is not None
