"""Text into words, and words into the time of a segment that has no finer times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from .base import RawWord

MILLISECOND = Fraction(1, 1000)
_OPENERS = frozenset("\"'“‘«‹([{¿¡-–—")


def is_spoken(text: str) -> bool:
    """Whether there is anything to say: a letter, a digit, or a sign that is read out.

    >>> is_spoken("lamp,"), is_spoken("—"), is_spoken("&")
    (True, False, True)
    """
    return any(char.isalnum() or char in "&%$€£¥§@+=°#" for char in text)


def weight(text: str) -> int:
    """How long a word takes to say, in letters; a digit counts as four.

    >>> weight("lamp,"), weight("1984")
    (4, 16)
    """
    count = sum(4 if char.isdigit() else char.isalnum() for char in text)
    return max(1, count)


def split_words(text: str) -> list[str]:
    """Words of a text, marks that stand alone joined to their neighbours.

    >>> split_words("Bonjour ! — said « he »")
    ['Bonjour !', '— said', '« he »']
    """
    words: list[str] = []
    before = ""
    for part in text.split():
        if is_spoken(part):
            words.append(f"{before} {part}" if before else part)
            before = ""
        elif not words or (part[0] in _OPENERS and len(part) == 1):
            before = f"{before} {part}" if before else part
        else:
            words[-1] = f"{words[-1]} {part}"
    if before and words:
        words[-1] = f"{words[-1]} {before}"
    return words


def spread_words(
    text: str, start: Fraction | None, end: Fraction | None, place: str
) -> list[RawWord]:
    """The words of a segment from ``start`` to ``end`` seconds, by their letters, in whole ms.

    >>> [str(word.end) for word in spread_words("on we go", Fraction(0), Fraction(6), "line 1")]
    ['2', '4', '6']
    """
    words = split_words(text)
    if start is None or end is None or end <= start:
        # The first word keeps what is known of the start; mending finds room for the others.
        return [
            RawWord(word, start if index == 0 else None, None, place)
            for index, word in enumerate(words)
        ]
    edges = share(start, end, [weight(word) for word in words])
    return [
        RawWord(word, edges[index], edges[index + 1], place) for index, word in enumerate(words)
    ]


def share(start: Fraction, end: Fraction, weights: Iterable[int]) -> list[Fraction]:
    """The bounds of parts in proportion to their weights; inner ones in whole milliseconds.

    Where milliseconds are too coarse to part two bounds, they stay exact.
    """
    parts = list(weights)
    total = sum(parts)
    fine = (end - start) * min(parts, default=1) < 2 * total * MILLISECOND
    edges = [start]
    done = 0
    for part in parts[:-1]:
        done += part
        edge = start + (end - start) * Fraction(done, total)
        edges.append(edge if fine else Fraction(math.floor(edge * 1000), 1000))
    return [*edges, end] if parts else [start]
