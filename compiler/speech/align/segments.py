"""Segments of a recording between anchors, in which tokens are placed once more."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .viterbi import AlignedPiece

SEGMENT, LONGEST_SEGMENT = 500, 6000
"""Frames from which a pause, or any gap, between anchors ends a segment."""
_PAUSE = 10
"""Frames of a pause."""
_OUTSIDE = 2000
"""Frames between two tokens from which their middle will do."""
BEFORE = 1000
"""Frames before an anchor to search for skipped tokens, if `LONGEST_SEGMENT` is free."""
_EDGE = 300
"""Frames at both of its edges that stay in the segments beside it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens to place in frames ``[first, last)``; without tokens, a long time outside the script.

    Attributes:
        tokens: their numbers.
        pieces: the anchors within.
        is_placed: whether the anchors have a place for all of them.
    """

    tokens: tuple[int, ...]
    first: int
    last: int
    pieces: tuple[AlignedPiece, ...]
    is_placed: bool


def segments(spoken: Sequence[int], anchors: Sequence[AlignedPiece], frames: int) -> list[Segment]:
    """Divide a recording into segments, cut in pauses between anchors.

    Args:
        spoken: the numbers of the tokens to place, ascending.
        anchors: in order.
        frames: of the recording.
    """
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for piece in anchors:
        if not piece.unscripted:
            starts.setdefault(piece.token, piece.start)
            ends[piece.token] = piece.end
    after_unscripted = {piece.token for piece in anchors if piece.unscripted}
    found: list[Segment] = []
    part: list[int] = []
    first = 0
    begins = [piece.start for piece in anchors]
    stops = [piece.end for piece in anchors]

    def close(cut: int) -> None:
        nonlocal part, first
        if part:
            within = anchors[bisect_left(begins, first) : bisect_left(begins, cut)]
            is_placed = not any(piece.unscripted for piece in within)
            is_placed = is_placed and all(token in ends for token in part)
            found.append(Segment(tuple(part), first, cut, tuple(within), is_placed))
        else:
            within = anchors[bisect_right(stops, first) : bisect_left(begins, cut)]
            clipped = [
                replace(piece, start=max(first, piece.start), end=min(cut, piece.end))
                for piece in within
                if piece.unscripted
            ]
            found.append(Segment((), first, cut, tuple(clipped), True))
        part, first = [], cut

    # The anchor at or after each token.
    ahead = [frames] * (len(spoken) + 1)
    for index in range(len(spoken) - 1, -1, -1):
        ahead[index] = starts.get(spoken[index], ahead[index + 1])
    if spoken and ahead[0] >= (_OUTSIDE if spoken[0] in starts else LONGEST_SEGMENT):
        close(ahead[0] - (_EDGE if spoken[0] in starts else BEFORE))
    for index, token in enumerate(spoken[:-1]):
        part.append(token)
        following = spoken[index + 1]
        if token not in ends:
            continue
        gap, length = ahead[index + 1] - ends[token], ends[token] - first
        if gap >= (_OUTSIDE if following in starts else LONGEST_SEGMENT):
            close(ends[token] + _EDGE)
            close(ahead[index + 1] - (_EDGE if following in starts else BEFORE))
            continue
        if following not in starts or following != token + 1 or following in after_unscripted:
            continue
        if (length >= SEGMENT and gap >= _PAUSE) or length >= LONGEST_SEGMENT:
            close((starts[following] + ends[token]) // 2)
    if spoken:
        part.append(spoken[-1])
        last = ends.get(spoken[-1], frames)
        close(last + _EDGE if last + _OUTSIDE <= frames else frames)
    return found


def continues(piece: AlignedPiece, following: AlignedPiece) -> bool:
    """Whether two pieces are one stretch outside the script."""
    is_same = piece.unscripted and following.unscripted and piece.filler == following.filler
    return is_same and piece.end == following.start


def pieces_by_token(placed: Sequence[AlignedPiece]) -> dict[int, list[AlignedPiece]]:
    """Return the pieces with words of each token."""
    found: dict[int, list[AlignedPiece]] = {}
    for piece in placed:
        if not piece.unscripted:
            found.setdefault(piece.token, []).append(piece)
    return found
