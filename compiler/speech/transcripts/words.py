"""Text into words, and words into the time of a segment that has no finer times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from .base import RawWord, Timed

MILLISECOND = Fraction(1, 1000)
SILENCES = frozenset(
    ("", "sp", "ap", "sil", "silence", "pau", "#", "<eps>", "<sil>", "<p:>", "<silence>", "<b>")
)
"""What aligners write, in lower case, where nothing is said."""
_SPACELESS = ("\u2e80", "\uffef")
"""Scripts written without blanks lie between these, near enough."""
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
    if start is not None and start == end:
        return [RawWord(word, start, end, place) for word in words]
    if start is None or end is None or end < start:
        # The first word keeps what is known of the start; mending finds room for the others.
        return [
            RawWord(word, start if index == 0 else None, None, place)
            for index, word in enumerate(words)
        ]
    edges = share(start, end, [weight(word) for word in words])
    return [
        RawWord(word, edges[index], edges[index + 1], place) for index, word in enumerate(words)
    ]


def words_of_segments(segments: Sequence[RawWord]) -> tuple[list[RawWord], Timed]:
    """Words of segments, and whether those were words already, as programs can be told to write.

    Args:
        segments: stretches of text with their times; blanks around the text mean something.
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
    """Pieces of words joined where the next one goes on without a blank (`` twenty``, ``-five``).

    Where no piece has a blank before it, they are words as they are; but bytes of a character that
    was torn apart (lone surrogates) always belong together.
    """
    spoken = [piece for piece in pieces if piece.text.strip()]
    blanks = any(piece.text[0].isspace() for piece in spoken)
    words: list[RawWord] = []
    open_end = False
    for piece in spoken:
        shown = piece.text.strip()
        torn = "\ud800" <= piece.text[0] <= "\udfff"
        if words and (torn or (blanks and not open_end and _goes_on(piece.text[0]))):
            before = words[-1]
            end = before.end if piece.end is None else piece.end
            words[-1] = RawWord(before.text + shown, before.start, end, before.place)
        else:
            words.append(RawWord(shown, piece.start, piece.end, piece.place))
        open_end = piece.text[-1].isspace()
    return words


def _goes_on(first: str) -> bool:
    return not first.isspace() and not _SPACELESS[0] <= first <= _SPACELESS[1]


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
