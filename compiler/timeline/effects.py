"""Effects: the playback speed of an item, and the effects that cannot be rendered."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import opentimelineio as otio

from ..notices import Notice
from .item_label import label_of

RESOLVE_VOLUME = "Fairlight Clip Volume and Fades"
"""The effect in which DaVinci Resolve states the levels of a clip."""


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
    """Return an editor's names of an item's effects that cannot be rendered."""
    return tuple(
        effect_name(effect)
        for effect in item.effects
        if is_active(effect)
        and not (isinstance(effect, otio.schema.LinearTimeWarp) or is_volume(effect))
    )


def effect_name(effect: otio.schema.Effect) -> str:
    """Return an editor's name of an effect; DaVinci Resolve states it in its metadata alone."""
    stated = effect.metadata.get("Resolve_OTIO")
    own = stated.get("Effect Name") if hasattr(stated, "get") else None
    return str(own or effect.effect_name or effect.name or effect.schema_name())


def effect_notices(timeline: otio.schema.Timeline) -> Iterator[Notice]:
    """Yield a warning for each effect on the pictures of a timeline that cannot be rendered."""
    for child in timeline.tracks:
        if isinstance(child, otio.schema.Track) and child.kind == otio.schema.TrackKind.Audio:
            continue
        inside = child.find_children() if isinstance(child, otio.core.Composition) else []
        for item in (child, *inside):
            if isinstance(item, otio.core.Item):
                for effect in unsupported_effects(item):
                    yield effect_notice(item, effect)


def effect_notice(item: otio.core.Item, effect: str) -> Notice:
    """Return the warning that an item lacks an effect, by the effect's name."""
    is_clip = isinstance(item, otio.schema.Clip)
    what = "clip" if is_clip else type(item).__name__.lower()
    text = f"{label_of(item)}: the effect {effect} is not supported; the {what} is shown without it"
    return Notice("effect", text)


def is_volume(effect: otio.schema.Effect) -> bool:
    """Whether an effect is Resolve's volume of a clip, which `levels.clip_levels` reads."""
    stated = effect.metadata.get("Resolve_OTIO")
    return hasattr(stated, "get") and stated.get("Effect Name") == RESOLVE_VOLUME


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
