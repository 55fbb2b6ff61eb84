"""The guard against still video: required motion of a model's slot, and how to retry it.

Image-to-video models tend to hold their first frame. A slot with less motion than its preset
requires is retried with another seed and a prompt that mentions motion, from the second retry on
also with weaker keyframes and a higher motion strength: those cost likeness to the still. The
negative prompt stays, so that a model's own default stays in effect. `guarded_render` runs the
retries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..base import FALLBACKS, Shot
from ..fit.planner import call_seed
from .motion_measure import Movement

SETTING = "motion_guard"
"""The renderer's setting that overrides `PRESETS`."""
LESS_HOLD = 0.15
"""Decrease of ``image_strength`` from retry to retry, after the first."""
LEAST_HOLD = 0.5
MORE_STRENGTH = 0.2
"""Increase of ``motion.strength`` from retry to retry, after the first."""
MOTION_WORDS = (
    "continuous, clearly visible motion from the very first moment",
    "dynamic shot, everything in the picture moves at once and without a pause",
)
"""Words added to the prompt, by retry."""
_WITHOUT_MODEL = ("parallax", "camera")
"""Renderers without a model, best first."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The required motion of a slot, and its retries.

    Attributes:
        first_second, whole: minimum motion, in the unit of `motion_measure.Movement`.
        retries: attempts after the first.
        fallback: ``auto`` for the best renderer without a model, a renderer's name, or ``keep``
            for the attempt with most motion.
    """

    first_second: float
    whole: float
    retries: int
    fallback: str = "auto"

    def ratio(self, movement: Movement) -> float:
        """Return measured over required motion, the lower of both; 1 or more is enough."""
        pairs = ((movement.first_second, self.first_second), (movement.whole, self.whole))
        return min((measured / least for measured, least in pairs if least > 0), default=1.0)


PRESETS: Mapping[str, Guard] = {
    #                 first second  whole  retries
    "draft": Guard(0.15, 0.15, 1),
    "standard": Guard(0.15, 0.2, 2),
    "high": Guard(0.2, 0.25, 3),
}
"""Measured on clips with and without motion, see docs/models.md."""


def guard_of(shot: Shot) -> Guard | None:
    """Return the guard for a shot's quality and settings; None if it is off.

    The setting ``motion_guard`` is false, or overrides fields of the preset: for all qualities, or
    for one under its name. A ``motion.strength`` of 0 asks for stillness.
    """
    return _guard(shot.settings, shot.quality) if shot.motion.strength else None


def _guard(settings: Mapping[str, Any], quality: str) -> Guard | None:
    changes = settings.get(SETTING, {})
    if changes is False:
        return None
    if changes is True:
        changes = {}
    fields = {name: value for name, value in changes.items() if name not in PRESETS}
    fields |= changes.get(quality, {})
    return replace(PRESETS[quality], **fields)


def with_fallbacks(
    settings: Mapping[str, Any], renderers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Add the settings of possible fallback renderers, which then count in the key.

    Args:
        settings: of the renderer that runs a model.
        renderers: the configured settings of all renderers, by name.
    """
    guards = (_guard(settings, quality) for quality in PRESETS)
    names = {name for guard in guards if guard for name in fallback_renderers(guard)}
    found = {name: dict(renderers[name]) for name in sorted(names) if renderers.get(name)}
    return {**settings, FALLBACKS: found} if found else dict(settings)


def without_fallback(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a renderer's settings with all fallbacks set to ``keep``."""
    changes = settings.get(SETTING, {})
    if changes is False:
        return dict(settings)
    kept = {**(changes if isinstance(changes, Mapping) else {}), "fallback": "keep"}
    for quality in kept.keys() & PRESETS.keys():
        kept[quality] = {**kept[quality], "fallback": "keep"}
    return {**settings, SETTING: kept}


def fallback_renderers(guard: Guard) -> Sequence[str]:
    """Return the renderers to try if no attempt has enough motion, in order."""
    if guard.fallback == "keep":
        return ()
    return _WITHOUT_MODEL if guard.fallback == "auto" else (guard.fallback,)


def attempt_shots(shot: Shot) -> tuple[Shot, ...]:
    """Return the shot itself, and its variant for each retry."""
    guard = guard_of(shot)
    return tuple(_livelier(shot, number) for number in range(1 + (guard.retries if guard else 0)))


def _livelier(shot: Shot, number: int) -> Shot:
    if number == 0:
        return shot
    looser = number - 1
    words = MOTION_WORDS[min(number, len(MOTION_WORDS)) - 1]
    return replace(
        shot,
        seed=call_seed(shot.seed, -number),
        image_strength=max(LEAST_HOLD, 1 - LESS_HOLD * looser) * shot.image_strength,
        motion=replace(
            shot.motion, strength=min(1.0, shot.motion.strength + MORE_STRENGTH * looser)
        ),
        prompt=f"{shot.prompt.rstrip(' .,')}, {words}" if shot.prompt.strip() else words,
        written=f"{shot.written.rstrip(' .,')}, {words}" if shot.written else "",
    )
