"""Pauses of the narration, and the surplus of a long one that a silence policy removes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from .cuts import LEAD
from .types import Interval


def pauses_between(speech: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the pauses between ordered intervals of speech; overlaps give none."""
    end: Fraction | None = None
    for stretch in speech:
        if end is not None and stretch.start > end:
            yield Interval(end, stretch.start)
        end = stretch.end if end is None else max(end, stretch.end)


def surplus(pause: Interval, longer_than: Fraction, keep: Fraction) -> Interval | None:
    """Return the surplus of a pause; None if the pause is short enough.

    The kept part is split: up to `LEAD` before the next word, so that the cut still comes before
    it, and the rest after the last word.

    >>> surplus(Interval(Fraction(1), Fraction(3)), Fraction(3, 5), Fraction(1, 4))
    Interval(start=Fraction(113, 100), end=Fraction(72, 25))
    """
    if pause.duration <= longer_than or pause.duration <= keep:
        return None
    before_next = min(LEAD, keep / 2)
    return Interval(pause.start + keep - before_next, pause.end - before_next)
