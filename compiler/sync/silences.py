"""Pauses of the narration, and the surplus of a long one that a silence policy removes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def candidate_pauses(
    last: Interval, unscripted: Sequence[Interval], first: Interval
) -> list[Interval]:
    """Return the pauses between two scenes in which the cut may be; the whole interval if none is.

    Args:
        last: the last word of one scene.
        unscripted: speech outside the script since then, in order; more may follow.
        first: the first word of the next scene.
    """
    between = [one for one in unscripted if one.end > last.end and one.start < first.start]
    pauses = list(pauses_between([last, *between, first])) if between else []
    return pauses or [Interval(last.end, first.start)]


def cut_pause(last: Interval, unscripted: Sequence[Interval], first: Interval) -> Interval:
    """Return the pause of the cut: the longest, if there is unscripted speech between two scenes.

    "Um", false starts and words that the script lacks follow short pauses, and belong to the scene
    after them. Arguments as of `candidate_pauses`.
    """
    return max(candidate_pauses(last, unscripted, first), key=lambda pause: pause.duration)


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
