"""Words that the script itself says twice in a row, which are no restarts outside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...script.tokens import Token
from .viterbi import AlignedPiece

_LONGEST = 4
"""Most tokens that are repeated at once."""


def repeated(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the numbers of tokens that repeat, or are repeated by, their neighbours.

    >>> from otio_gvideo.compiler.script.tokens import tokenize
    >>> sorted(repeated(tokenize("I'm a I'm a well what are you", "en")))
    [0, 1, 2, 3]
    """
    spoken = [token.readings[0] for token in tokens]
    return frozenset(
        number
        for size in range(1, _LONGEST + 1)
        for first in range(len(spoken) - 2 * size + 1)
        if spoken[first : first + size] == spoken[first + size : first + 2 * size]
        for number in range(first, first + 2 * size)
    )


def has_filler_at_repeat(tokens: Sequence[Token], path: Iterable[AlignedPiece]) -> bool:
    """Whether a path through some tokens takes a word for a filler that they say twice."""
    said = repeated(tokens)
    return any(piece.filler and piece.token in said for piece in path)
