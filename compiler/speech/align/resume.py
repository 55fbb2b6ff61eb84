"""A voice that leaves the script for long: where it resumes it, however much it leaves out.

The search of the first pass skips a word at a penalty, so it cannot reach far. Here a short time is
searched for a passage of several words anywhere in the rest of the script.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Protocol

import numpy as np

from ...script.tokens import Token
from .viterbi import AlignedPiece, AlignmentPath
from .viterbi_advance import Penalties

LOST = 2000
"""Frames of such a search."""
RUN = 7
"""Tokens nearly in a row that tell a place in the script."""
SKIPPED = 2
"""Most tokens that they leave out."""
FAR = 2500
"""Tokens that are searched at once."""
_NEARLY_FREE = Penalties(unscripted=100.0, skip=0.1, skip_phone=0.02, word=8.0)


_STRAY = 3
"""Most tokens in a row that are dropped amid speech outside the script."""
_AMID = 1000
"""Frames of such speech on both sides."""


class Search(Protocol):
    """Finds the best path of some tokens through frames ``[first, last)``."""

    def __call__(
        self,
        tokens: Sequence[Token],
        first: int,
        last: int,
        penalties: Penalties,
        *,
        to_end: bool,
    ) -> AlignmentPath | None:
        """Return the path; None if there is none."""
        ...


def until_lost(found: Sequence[AlignedPiece], first: int, last: int) -> list[AlignedPiece]:
    """Return the pieces before the last `LOST` frames are outside the script; all if they are not.

    Args:
        found: the path through frames ``[first, last)``.
        first, last: frames.
    """
    scripted = np.zeros(last - first, np.float32)
    unscripted = np.zeros(last - first, np.float32)
    for piece in found:
        target = unscripted if piece.unscripted else scripted
        target[piece.start - first : piece.end - first] = 1
    size = min(LOST, last - first)
    if unscripted[-size:].sum() < size / 3 or scripted[-size:].sum() > size / 4:
        return list(found)
    # Single words match other speech by chance: the script ends where half of the time has words.
    share = np.cumsum(scripted)
    share[LOST // 4 :] -= share[: -LOST // 4].copy()
    solid = np.flatnonzero(share >= LOST // 8)
    end = int(solid[-1]) + 1 if len(solid) else 0
    kept = [piece for piece in found if piece.end - first <= end]
    while kept and kept[-1].unscripted:
        kept.pop()
    return kept


def resumed(
    search: Search, tokens: Sequence[Token], after: int, first: int, last: int
) -> tuple[int, int] | None:
    """Return the token with which the voice resumes the script, and its frame; None if none.

    Args:
        search: of the recording.
        tokens: of the script.
        after: the first token that may follow.
        first, last: frames outside the script; their beginning and their end are searched.
    """
    window = tokens[after : after + FAR]
    for start in dict.fromkeys([first, max(first, last - LOST)]):
        stop = min(last, start + LOST)
        path = search(window, start, stop, _NEARLY_FREE, to_end=False)
        pieces = path.pieces if path else ()
        firsts = {piece.token: piece for piece in reversed(pieces) if not piece.unscripted}
        numbers = sorted(firsts)
        for begin, end in zip(numbers, numbers[RUN - 1 :], strict=False):
            if end - begin < RUN + SKIPPED:
                return begin + after, firsts[begin].start + start
    return None


def without_strays(pieces: Sequence[AlignedPiece]) -> list[AlignedPiece]:
    """Drop single tokens amid long speech outside the script, which they match by chance."""
    runs = [(is_out, list(run)) for is_out, run in groupby(pieces, lambda p: p.unscripted)]
    frames = [sum(p.end - p.start for p in run) if is_out else 0 for is_out, run in runs]
    kept: list[AlignedPiece] = []
    for index, (_, run) in enumerate(runs):
        beside = min(frames[index - 1], frames[index + 1]) if 0 < index < len(runs) - 1 else 0
        if len(run) > _STRAY or beside < _AMID:
            kept += run
    return kept
