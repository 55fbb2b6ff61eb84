"""Changes of clips, as records: effects, speed ramps, nested timelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import opentimelineio as otio

from ..progress_clock import count
from ..timeline.effects import unsupported_effects
from ..timeline.layout import Placed
from .changes import Change, percent
from .pair_clips import ClipPair


@dataclass(frozen=True, slots=True)
class SpeedRamped(Change):
    """A clip that plays at several speeds: frames of the reel, and the speed, of each part."""

    clip: str
    parts: tuple[tuple[int, float], ...]

    def lines(self) -> list[str]:
        """``storm has a speed ramp: 10 frames at 100 %, 20 frames at 50 %``."""
        parts = (f"{count(frames, 'frame')} at {percent(speed)}" for frames, speed in self.parts)
        return [f"{self.clip} has a speed ramp: {', '.join(parts)}"]


@dataclass(frozen=True, slots=True)
class EffectsChanged(Change):
    """A clip with other effects, by the editor's names; none of them is rendered."""

    clip: str
    added: tuple[str, ...]
    removed: tuple[str, ...]

    def lines(self) -> list[str]:
        """``storm: effect Transform added, which is not rendered``."""
        return [
            *(f"{self.clip}: effect {name} added, which is not rendered" for name in self.added),
            *(f"{self.clip}: effect {name} removed" for name in self.removed),
        ]


def speed_ramp(clip: str, pieces: Sequence[Placed]) -> SpeedRamped | None:
    """Return the ramp that the pieces of a split clip are; None if they are none.

    A ramp's pieces follow each other at different speeds.
    """
    follow = all(one.end == two.start for one, two in pairwise(pieces))
    if not follow or len({piece.speed for piece in pieces}) < 2:
        return None
    return SpeedRamped(clip, tuple((piece.frames, float(piece.speed)) for piece in pieces))


def effect_changes(
    clip: str, before: otio.core.Item, after: otio.core.Item
) -> Iterator[EffectsChanged]:
    """Yield the change of an item's effects, if they changed."""
    old, new = (Counter(unsupported_effects(item)) for item in (before, after))
    if old != new:
        yield EffectsChanged(clip, tuple((new - old).elements()), tuple((old - new).elements()))


@dataclass(frozen=True, slots=True)
class ClipsNested(Change):
    """Clips that are now in a nested timeline, ``compound``, or no longer in any if it is empty."""

    clips: tuple[str, ...]
    compound: str

    def lines(self) -> list[str]:
        """``stairs and storm are now in the nested timeline Compound 1``."""
        *others, last = self.clips
        names = f"{', '.join(others)} and {last}" if others else last
        verb = "are" if others else "is"
        if not self.compound:
            return [f"{names} {verb} no longer in a nested timeline"]
        return [f"{names} {verb} now in the nested timeline {self.compound}"]


def nesting_changes(pairs: Sequence[ClipPair]) -> Iterator[ClipsNested]:
    """Yield the clips of each nested timeline that were in another, or in none."""
    moved: dict[tuple[str, ...], list[str]] = {}
    for one, two in pairs:
        if one.inside != two.inside:
            moved.setdefault(two.inside, []).append(two.name)
    for inside, names in moved.items():
        yield ClipsNested(tuple(dict.fromkeys(names)), " / ".join(inside))
