"""Times for every token, in order: unspoken tokens get a place, and none overlaps its neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...sync.types import Interval


def fill_unspoken(times: Sequence[Interval | None], duration: Fraction) -> list[Interval]:
    """Return times for every token; an unspoken one gets the end of the token before it."""
    filled: list[Interval] = []
    end = Fraction(0)
    for time in times:
        filled.append(time if time is not None else Interval(end, end))
        end = filled[-1].end
    first = next((time.start for time in times if time is not None), duration)
    return [Interval(max(t.start, min(first, t.start)), t.end) for t in filled]


def in_order(times: Sequence[Interval], duration: Fraction) -> list[Interval]:
    """Make times monotone: each at least a millisecond long, none before its neighbour."""
    least = min(Fraction(1, 1000), duration / max(1, len(times)))
    ordered: list[Interval] = []
    end = Fraction(0)
    safe = duration - least * len(times)
    for index, time in enumerate(times):
        following = times[index + 1].start if index + 1 < len(times) else duration
        # Fast path for times in order: fraction arithmetic is slow.
        if not (end <= time.start and time.start + least <= time.end <= min(following, safe)):
            latest = duration - least * (len(times) - index)
            start = max(end, min(time.start, latest))
            stop = min(time.end, max(following, start + least), latest + least)
            ordered.append(Interval(start, max(stop, start + least)))
        else:
            ordered.append(time)
        end = ordered[-1].end
    return ordered
