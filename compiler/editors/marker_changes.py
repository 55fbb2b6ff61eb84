"""Markers that an edit added, removed or moved, as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from ..progress_clock import count
from ..timeline.rate import whole_frames
from .changes import Change


@dataclass(frozen=True, slots=True)
class MarkerChanged(Change):
    """A marker of the timeline, and its frames before and after; None if it is not there."""

    marker: str
    before: int | None
    after: int | None

    def lines(self) -> list[str]:
        """``marker retake added at frame 50``."""
        if self.before is None:
            return [f"marker {self.marker} added at frame {self.after}"]
        if self.after is None:
            return [f"marker {self.marker} removed"]
        moved = self.after - self.before
        later = "later" if moved > 0 else "earlier"
        return [f"marker {self.marker} moved {count(abs(moved), 'frame')} {later}"]


def marker_changes(
    before: otio.schema.Timeline, after: otio.schema.Timeline, rates: tuple[Fraction, Fraction]
) -> Iterator[MarkerChanged]:
    """Yield the markers that changed; none if one of the timelines has no markers at all.

    Several formats have none, and editors leave theirs out.
    """
    old, new = _markers(before, rates[0]), _markers(after, rates[1])
    if not new:
        return
    for name in dict.fromkeys([*(name for name, _ in old), *(name for name, _ in new)]):
        places = _places(old, name), _places(new, name)
        left, come = ([one for one in mine if one not in other] for mine, other in
                      (places, places[::-1]))  # fmt: skip
        for number in range(max(len(left), len(come))):
            yield MarkerChanged(
                name,
                left[number] if number < len(left) else None,
                come[number] if number < len(come) else None,
            )


def _markers(timeline: otio.schema.Timeline, fps: Fraction) -> list[tuple[str, int]]:
    return [
        (str(marker.name) or "without a name", whole_frames(marker.marked_range.start_time, fps))
        for marker in timeline.tracks.markers
    ]


def _places(markers: Sequence[tuple[str, int]], name: str) -> list[int]:
    return [frame for other, frame in markers if other == name]
