"""Word times for a segment that has none: its time shared in proportion to the letters."""

from __future__ import annotations

from fractions import Fraction

from .base import RawWord


def spread_words(
    text: str, start: Fraction | None, end: Fraction | None, place: str
) -> list[RawWord]:
    """The words of a segment from ``start`` to ``end`` seconds.

    >>> [str(word.end) for word in spread_words("on we go", Fraction(0), Fraction(6), "line 1")]
    ['2', '4', '6']
    """
    words = text.split()
    if start is None or end is None:
        return [RawWord(word, None, None, place) for word in words]
    total = sum(map(len, words))
    clock = start
    spread = []
    for word in words:
        after = clock + (end - start) * Fraction(len(word), total)
        spread.append(RawWord(word, clock, after, place))
        clock = after
    return spread
