"""Clips that an editor put into a compound clip, or took out of one, as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .changes import Change
from .pair_clips import ClipPair


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
