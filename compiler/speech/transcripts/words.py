"""Split text into words, and the time of a segment between its words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from ...sync.types import Interval, Word
from .base import RawWord, Timed

MILLISECOND = Fraction(1, 1000)
SILENCES = frozenset(
    ("", "sp", "ap", "sil", "silence", "pau", "#", "<eps>", "<sil>", "<p:>", "<silence>", "<b>")
)
"""Silence labels of aligners, in lower case."""
_SPACELESS = ("\u2e80", "\uffef")
"""Range of scripts without spaces, roughly."""
_OPENERS = frozenset("\"'“‘«‹([{¿¡-–—")


def is_spoken(text: str) -> bool:
    """Whether a text has a letter, a digit, or a symbol that is read aloud.

    >>> is_spoken("lamp,"), is_spoken("—"), is_spoken("&")
    (True, False, True)
    """
    return any(char.isalnum() or char in "&%$€£¥§@+=°#" for char in text)


def weight(text: str) -> int:
    """Return the spoken length of a word in letters; a digit counts as four.

    >>> weight("lamp,"), weight("1984")
    (4, 16)
    """
    count = sum(4 if char.isdigit() else char.isalnum() for char in text)
    return max(1, count)


def split_words(text: str) -> list[str]:
    """Split a text into words, with lone punctuation joined to its neighbours.

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
    """Split the time of a segment, in seconds, between its words: by letters, on whole ms.

    >>> [str(word.end) for word in spread_words("on we go", Fraction(0), Fraction(6), "line 1")]
    ['2', '4', '6']
    """
    words = split_words(text)
    if start is not None and start == end:
        return [RawWord(word, start, end, place) for word in words]
    if start is None or end is None or end < start:
        # The first word keeps the start, if known; repair estimates the others.
        return [
            RawWord(word, start if index == 0 else None, None, place)
            for index, word in enumerate(words)
        ]
    edges = share(start, end, [weight(word) for word in words])
    return [
        RawWord(word, edges[index], edges[index + 1], place) for index, word in enumerate(words)
    ]


def words_of_segments(segments: Sequence[RawWord]) -> tuple[list[RawWord], Timed]:
    """Return the words of segments, and whether the segments were single words already.

    Args:
        segments: texts with times; a leading space starts a word.
    """
    spoken = [segment for segment in segments if segment.text.strip()]
    single = [segment for segment in spoken if len(split_words(segment.text)) <= 1]
    if spoken and len(single) * 10 >= len(spoken) * 9:
        pieces: list[RawWord] = []
        for segment in spoken:
            if len(split_words(segment.text)) <= 1:
                pieces.append(segment)
            else:
                pieces += spread_words(segment.text, segment.start, segment.end, segment.place)
        return join_pieces(pieces), "word"
    words: list[RawWord] = []
    for segment in spoken:
        words += spread_words(segment.text, segment.start, segment.end, segment.place)
    return words, "segment"


def join_pieces(pieces: Sequence[RawWord]) -> list[RawWord]:
    """Join word pieces: one without a leading space continues a word (`` twenty``, ``-five``).

    If no piece has a leading space, every piece is a word; but the bytes of a split character (lone
    surrogates) are always joined.
    """
    spoken = [piece for piece in pieces if piece.text.strip()]
    spaced = any(piece.text[0].isspace() for piece in spoken)
    words: list[RawWord] = []
    ended = False
    for piece in spoken:
        shown = piece.text.strip()
        split = "\ud800" <= piece.text[0] <= "\udfff"
        if words and (split or (spaced and not ended and _continues(piece.text[0]))):
            before = words[-1]
            end = before.end if piece.end is None else piece.end
            words[-1] = RawWord(before.text + shown, before.start, end, before.place)
        else:
            words.append(RawWord(shown, piece.start, piece.end, piece.place))
        ended = piece.text[-1].isspace()
    return words


def _continues(first: str) -> bool:
    return not first.isspace() and not _SPACELESS[0] <= first <= _SPACELESS[1]


def share(start: Fraction, end: Fraction, weights: Iterable[int]) -> list[Fraction]:
    """Return the edges of parts in proportion to their weights; inner ones on whole milliseconds.

    They stay exact if a part is too short for milliseconds.
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


def words_within(words: Sequence[Word], interval: Interval) -> tuple[Word, ...]:
    """Return the words whose middle lies in an interval, trimmed to it."""
    return tuple(
        replace(word, start=max(word.start, interval.start), end=min(word.end, interval.end))
        for word in words
        if interval.start <= (word.start + word.end) / 2 < interval.end
    )
