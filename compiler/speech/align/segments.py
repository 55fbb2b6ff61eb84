"""Segments of the second pass of forced alignment: the narration, cut in pauses between anchors."""

from __future__ import annotations

from collections.abc import Sequence

from .viterbi import AlignedPiece

SEGMENT, LONGEST_SEGMENT = 500, 6000
"""Frames from which a pause, or any gap, between anchors ends a segment of the second pass."""


def segments(
    spoken: Sequence[int], anchors: Sequence[AlignedPiece], frames: int
) -> list[tuple[list[int], int, int]]:
    """Group tokens into segments ``(tokens, first frame, stop)``.

    Args:
        spoken: numbers of the tokens.
        anchors: from the first pass.
        frames: of the narration.
    """
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    after_unscripted = {piece.token for piece in anchors if piece.unscripted}
    for piece in anchors:
        if not piece.unscripted:
            starts.setdefault(piece.token, piece.start)
            ends[piece.token] = piece.end
    parts: list[tuple[list[int], int, int]] = []
    part: list[int] = []
    first = 0
    for token, following in zip(spoken, [*spoken[1:], -1], strict=True):
        part.append(token)
        if token not in ends or following not in starts or following != token + 1:
            continue
        if following in after_unscripted:
            continue
        gap, length = starts[following] - ends[token], ends[token] - first
        if (length >= SEGMENT and gap >= 10) or length >= LONGEST_SEGMENT:
            cut = (starts[following] + ends[token]) // 2
            parts.append((part, first, cut))
            part, first = [], cut
    if part:
        parts.append((part, first, frames))
    return parts
