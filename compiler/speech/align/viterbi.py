"""Viterbi search: the likeliest path through a lattice for some frames (Viterbi 1967).

Three kinds of transitions beside the lattice's arcs let the path leave the script: at a joint the
voice may hesitate (a filler: "uh", "mm") or say something unscripted for any time (scored
by the online garbage model of Bourlard, D'hoore and Boite, 1994: the mean of the best senones of
any phone), and tokens may be skipped, at a penalty by their length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .lattice import Lattice
from .mfcc import Array

_NEVER = np.float32(-1e30)
_IMPOSSIBLE = -1e8
_UNSCRIPTED = -1
_SKIPPED = -2
_FILLER = -3
"""Backpointers at a joint, in place of an arc."""


@dataclass(frozen=True, slots=True)
class Penalties:
    """Penalties of leaving the script, in nats.

    Attributes:
        unscripted: of beginning unscripted speech.
        filler: of beginning a filler.
        skip: of skipping a token, plus `skip_phone` for each of its phones.
        word: of beginning a word or a pause; keeps the path from fragmenting.
        pause: of beginning a pause between words that no punctuation separates.
    """

    unscripted: float = 40.0
    filler: float = 20.0
    skip: float = 25.0
    skip_phone: float = 5.0
    word: float = 1.0
    pause: float = 4.0


@dataclass(frozen=True, slots=True)
class AlignedPiece:
    """Frames ``[start, end)`` with a word of a token, or with speech outside the script.

    Attributes:
        token: its token; for unscripted speech the token that follows.
        margin: mean log likelihood ratio of the word to unscripted speech, in nats a frame.
        unscripted: whether it is outside the script.
        filler: whether it is, and only a hesitation.
    """

    token: int
    start: int
    end: int
    margin: float = 0.0
    unscripted: bool = False
    filler: bool = False


@dataclass(frozen=True, slots=True)
class AlignmentPath:
    """The best path: pieces in order, without pauses and skipped tokens.

    ``end`` is the joint at which it ends.
    """

    pieces: tuple[AlignedPiece, ...]
    end: int


def best_path(
    lattice: Lattice,
    scores: Array,
    columns: NDArray[np.int64],
    unscripted: Array,
    filler: Array,
    penalties: Penalties,
    *,
    to_end: bool,
) -> AlignmentPath | None:
    """Return the best path from the first joint; None if there is none.

    Args:
        lattice: of the tokens.
        scores: log likelihoods of senones, ``[frames, n]``.
        columns: the column of ``scores`` for each state of the lattice.
        unscripted: log likelihood of any speech or noise, ``[frames]``.
        filler: log likelihood of a hesitation, ``[frames]``.
        penalties: of leaving the script.
        to_end: whether the path must end at the last joint; else it may end at any.
    """
    frames, states, arcs = len(scores), len(lattice.senones), len(lattice.first)
    joints = lattice.joints
    targets, starts = np.unique(lattice.target, return_index=True)
    skip_penalty = np.concatenate(
        [[0.0], np.cumsum(penalties.skip + penalties.skip_phone * lattice.phones)]
    ).astype(np.float32)
    stepped = np.zeros((frames, states), np.bool_)
    back = np.zeros((frames + 1, len(targets)), np.int32)
    entered = np.zeros((2, frames, len(joints)), np.bool_)
    node = np.full(len(targets), _NEVER, np.float32)
    state = np.full(states, _NEVER, np.float32)
    other = np.full((2, len(joints)), _NEVER, np.float32)
    outside = np.stack([unscripted, filler])
    node[0] = 0
    _skip_tokens(node, back[0], joints, skip_penalty)
    emission = np.empty(states, np.float32)
    advance = np.empty(states, np.float32)
    leave = np.roll(lattice.step, 1)
    arc_numbers = np.arange(arcs, dtype=np.int32)
    entering = np.float32(penalties.word) + np.float32(penalties.pause) * lattice.unlikely
    leaving = np.array([[penalties.unscripted], [penalties.filler]], np.float32)
    for frame in range(frames):
        np.add(state[:-1], leave[1:], out=advance[1:])
        advance[lattice.first] = node[lattice.source] - entering
        state += lattice.loop
        np.greater(advance, state, out=stepped[frame])
        np.maximum(state, advance, out=state)
        np.take(scores[frame], columns, out=emission)
        state += emission
        begin = node[joints] - leaving
        np.greater(begin, other, out=entered[:, frame])
        np.maximum(begin, other, out=other)
        other += outside[:, frame, None]
        exits = state[lattice.last] + lattice.step[lattice.last]
        node = np.maximum.reduceat(exits, starts)
        here = back[frame + 1]
        best = exits == node[lattice.target]
        here[lattice.target[best]] = arc_numbers[best]
        for kind, backpointer in enumerate((_UNSCRIPTED, _FILLER)):
            better = other[kind] > node[joints]
            here[joints[better]] = backpointer
            node[joints[better]] = other[kind, better]
        _skip_tokens(node, here, joints, skip_penalty)
    end = len(joints) - 1 if to_end else int(np.argmax(node[joints]))
    if frames == 0 or float(node[joints[end]]) < _IMPOSSIBLE:
        return None
    pieces, visited = _trace(lattice, back, stepped, entered, end)
    ratio = scores[np.arange(frames), columns[visited]] - unscripted
    total = np.concatenate([[0.0], np.cumsum(ratio)])
    return AlignmentPath(
        tuple(
            piece
            if piece.unscripted
            else replace(
                piece,
                margin=float(total[piece.end] - total[piece.start]) / (piece.end - piece.start),
            )
            for piece in pieces
        ),
        end,
    )


def _skip_tokens(
    node: Array, back: NDArray[np.int32], joints: NDArray[np.int64], penalty: Array
) -> None:
    """Update scores and backpointers in place: joints are also reached by skipping tokens."""
    own = node[joints] + penalty
    best = np.maximum.accumulate(own)
    cheaper = best > own
    if cheaper.any():
        back[joints[cheaper]] = _SKIPPED
        node[joints[cheaper]] = (best - penalty)[cheaper]


def _trace(
    lattice: Lattice,
    back: NDArray[np.int32],
    stepped: NDArray[np.bool_],
    entered: NDArray[np.bool_],
    end: int,
) -> tuple[tuple[AlignedPiece, ...], NDArray[np.int64]]:
    """Trace the path back from its end; return its pieces, and the state of each frame."""
    joint_of = {int(node): index for index, node in enumerate(lattice.joints)}
    visited = np.zeros(len(stepped), np.int64)
    pieces: list[AlignedPiece] = []
    frame, node = len(stepped), int(lattice.joints[end])
    while frame > 0 or node != lattice.joints[0]:
        arc = int(back[frame, node])
        if arc == _SKIPPED or frame == 0:
            node = int(lattice.joints[joint_of[node] - 1])
            continue
        stop = frame
        if arc in (_UNSCRIPTED, _FILLER):
            joint, is_filler = joint_of[node], arc == _FILLER
            frame -= 1
            while not entered[int(is_filler), frame, joint]:
                frame -= 1
            pieces.append(AlignedPiece(joint, frame, stop, unscripted=True, filler=is_filler))
            continue
        state, first = int(lattice.last[arc]), int(lattice.first[arc])
        frame -= 1
        visited[frame] = state
        while not (state == first and stepped[frame, state]):
            state -= int(stepped[frame, state])
            frame -= 1
            visited[frame] = state
        if lattice.token[arc] >= 0:
            pieces.append(AlignedPiece(int(lattice.token[arc]), frame, stop))
        node = int(lattice.source[arc])
    return tuple(reversed(pieces)), visited
