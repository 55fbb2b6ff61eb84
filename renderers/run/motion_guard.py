"""The guard against still video: what is wanted of a slot that a model makes, and what is tried.

Image-to-video models like to hold their first picture still. Where a slot moves less than its
preset wants, it is tried again, each time with another seed, keyframes that hold less, a livelier
motion and a prompt that names motion. `making` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..base import FALLBACKS, Shot
from ..fit.planner import call_seed
from .motion_measure import Movement

SETTING = "motion_guard"
"""The renderer's setting that changes what `PRESETS` says."""
LESS_HOLD = 0.15
"""By how much a try's keyframes hold the picture less than the try's before."""
LEAST_HOLD = 0.5
MORE_STRENGTH = 0.2
MOTION_WORDS = (
    "continuous, clearly visible motion from the very first moment",
    "dynamic shot, everything in the picture moves at once and without a pause",
)
"""What is added to the prompt, try by try."""
STILL_WORDS = "still image, frozen, motionless, slideshow, worst quality, blurry, distorted"
"""What must not be seen, in place of a model's own words or beside the script's."""
_WITHOUT_MODEL = ("parallax", "camera")
"""The renderers that need no model, the better first."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked of a slot.

    Attributes:
        first_second, whole: the least motion, as `flow.Movement` has it.
        retries: tries after the first.
        fallback: ``auto`` for the best renderer without a model, the name of a renderer, or
            ``keep`` for the liveliest try.
    """

    first_second: float
    whole: float
    retries: int
    fallback: str = "auto"

    def share(self, seen: Movement) -> float:
        """How much of the wanted motion there is; 1 or more where it is enough."""
        wanted = ((seen.first_second, self.first_second), (seen.whole, self.whole))
        return min((there / least for there, least in wanted if least > 0), default=1.0)


PRESETS: Mapping[str, Guard] = {
    #                 first second  whole  retries
    "draft": Guard(0.3, 0.3, 1),
    "standard": Guard(0.3, 0.4, 2),
    "high": Guard(0.4, 0.5, 3),
}


def guard_of(shot: Shot) -> Guard | None:
    """The guard of a shot by its quality and settings; None where none is wanted.

    ``motion_guard`` may be false, or change fields of the preset's, for all qualities and, under a
    quality's own name, for that one. A shot whose ``motion.strength`` is 0 is to stand still.
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
    """A renderer's settings with those of the renderers that may make its slots in its place.

    They decide pixels then, and so belong to the recipe. Without such settings nothing changes.

    Args:
        settings: of the renderer that runs a model.
        renderers: the configured settings of all renderers, by name.
    """
    guards = (_guard(settings, quality) for quality in PRESETS)
    names = {name for guard in guards if guard for name in stand_ins(guard)}
    found = {name: dict(renderers[name]) for name in sorted(names) if renderers.get(name)}
    return {**settings, FALLBACKS: found} if found else dict(settings)


def without_fallback(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A renderer's settings with which it is never replaced: its liveliest try is kept."""
    changes = settings.get(SETTING, {})
    if changes is False:
        return dict(settings)
    kept = {**(changes if isinstance(changes, Mapping) else {}), "fallback": "keep"}
    for quality in kept.keys() & PRESETS.keys():
        kept[quality] = {**kept[quality], "fallback": "keep"}
    return {**settings, SETTING: kept}


def stand_ins(guard: Guard) -> Sequence[str]:
    """Who is asked, in this order, where no try moves."""
    if guard.fallback == "keep":
        return ()
    return _WITHOUT_MODEL if guard.fallback == "auto" else (guard.fallback,)


def tries_of(shot: Shot) -> tuple[Shot, ...]:
    """The shot, and what is asked for in its place when it stands still: try by try."""
    guard = guard_of(shot)
    return tuple(_livelier(shot, number) for number in range(1 + (guard.retries if guard else 0)))


def _livelier(shot: Shot, number: int) -> Shot:
    if number == 0:
        return shot
    words = MOTION_WORDS[min(number, len(MOTION_WORDS)) - 1]
    return replace(
        shot,
        seed=call_seed(shot.seed, -number),
        image_strength=max(LEAST_HOLD, 1 - LESS_HOLD * number) * shot.image_strength,
        motion=replace(
            shot.motion, strength=min(1.0, shot.motion.strength + MORE_STRENGTH * number)
        ),
        prompt=f"{shot.prompt.rstrip(' .,')}, {words}" if shot.prompt.strip() else words,
        negative_prompt=", ".join(part for part in (shot.negative_prompt, STILL_WORDS) if part),
    )
