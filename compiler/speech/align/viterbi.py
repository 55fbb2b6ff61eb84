"""The likeliest way through a lattice for a stretch of sound (Viterbi 1967).

Beside the arcs of the lattice there are two ways out for where script and voice differ: at a joint
the voice may say something else for as long as it likes (scored by the online garbage model of
Bourlard, D'hoore and Boite, 1994: the mean of the best senones of any phone), and tokens may be
left out, at a price by their length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .lattice import Lattice
from .mfcc import Array

_NEVER = np.float32(-1e30)
_IMPOSSIBLE = -1e8


@dataclass(frozen=True, slots=True)
class Penalties:
    """What leaving the script costs, in nats.

    Attributes:
        strange: to begin saying something that is not in the script.
        skip: to leave out a token, and `skip_phone` for each of its phones on top.
        word: to begin a word or a pause; keeps the search from chopping.
    """

    strange: float = 40.0
    skip: float = 25.0
    skip_phone: float = 5.0
    word: float = 1.0


@dataclass(frozen=True, slots=True)
class AlignedPiece:
    """A stretch of frames ``[start, end)``: a word of a token, or what the script lacks.

    ``token`` is the token it belongs to; for something strange, the token that follows it.
    ``margin`` is by how much the word's states are likelier than anything else, in nats a frame.
    """

    token: int
    start: int
    end: int
    margin: float = 0.0
    strange: bool = False


@dataclass(frozen=True, slots=True)
class AlignmentPath:
    """What was found, in order, pauses left out; tokens that have no piece were left out.

    ``end`` is the joint at which the stretch of sound ends.
    """

    pieces: tuple[AlignedPiece, ...]
    end: int


def best_path(
    lattice: Lattice,
    scores: Array,
    columns: NDArray[np.int64],
    strange: Array,
    prices: Penalties,
    *,
    whole: bool,
) -> AlignmentPath | None:
    """The best way from the first joint, to the last one or as far as the sound goes.

    Args:
        lattice: of tokens.
        scores: log likelihoods of senones, ``[frames, n]``.
        columns: the column of ``scores`` for each state of the lattice.
        strange: log likelihood of any speech or noise, ``[frames]``.
        prices: of leaving the script.
        whole: whether the sound ends where the tokens end; else it may end at any joint.
    """
    frames, states, arcs = len(scores), len(lattice.senones), len(lattice.first)
    joints = lattice.joints
    targets, starts = np.unique(lattice.target, return_index=True)
    skip_price = np.concatenate(
        [[0.0], np.cumsum(prices.skip + prices.skip_phone * lattice.phones)]
    ).astype(np.float32)
    entry = lattice.step.copy()
    entry[lattice.first] = 0
    stepped = np.zeros((frames, states), np.bool_)
    via = np.zeros((frames + 1, len(targets)), np.int32)
    entered = np.zeros((frames, len(joints)), np.bool_)
    node = np.full(len(targets), _NEVER, np.float32)
    state = np.full(states, _NEVER, np.float32)
    other = np.full(len(joints), _NEVER, np.float32)
    node[0] = 0
    _leave_out(node, via[0], joints, skip_price)
    emit = np.empty(states, np.float32)
    advance = np.empty(states, np.float32)
    leave = np.roll(lattice.step, 1)
    arc_numbers = np.arange(arcs, dtype=np.int32)
    word_price, strange_price = np.float32(prices.word), np.float32(prices.strange)
    for frame in range(frames):
        np.add(state[:-1], leave[1:], out=advance[1:])
        advance[lattice.first] = node[lattice.source] - word_price
        state += lattice.loop
        np.greater(advance, state, out=stepped[frame])
        np.maximum(state, advance, out=state)
        np.take(scores[frame], columns, out=emit)
        state += emit
        begin = node[joints] - strange_price
        np.greater(begin, other, out=entered[frame])
        other = np.maximum(begin, other) + strange[frame]
        exits = state[lattice.last] + lattice.step[lattice.last]
        node = np.maximum.reduceat(exits, starts)
        here = via[frame + 1]
        best = exits == node[lattice.target]
        here[lattice.target[best]] = arc_numbers[best]
        better = other > node[joints]
        here[joints[better]] = _STRANGE
        node[joints] = np.maximum(node[joints], other)
        _leave_out(node, here, joints, skip_price)
    end = len(joints) - 1 if whole else int(np.argmax(node[joints]))
    if frames == 0 or float(node[joints[end]]) < _IMPOSSIBLE:
        return None
    trail = np.zeros(frames, np.int64)
    pieces = _trace(lattice, via, stepped, entered, end, trail)
    lead = np.concatenate([[0.0], np.cumsum(scores[np.arange(frames), columns[trail]] - strange)])
    return AlignmentPath(
        tuple(
            piece
            if piece.strange
            else replace(
                piece, margin=float(lead[piece.end] - lead[piece.start]) / (piece.end - piece.start)
            )
            for piece in pieces
        ),
        end,
    )


_STRANGE = -1
_LEFT_OUT = -2


def _leave_out(
    node: Array, via: NDArray[np.int32], joints: NDArray[np.int64], price: Array
) -> None:
    """Let any joint be reached from those before it by leaving tokens out."""
    own = node[joints] + price
    best = np.maximum.accumulate(own)
    cheaper = best > own
    if cheaper.any():
        via[joints[cheaper]] = _LEFT_OUT
        node[joints[cheaper]] = (best - price)[cheaper]


def _trace(
    lattice: Lattice,
    via: NDArray[np.int32],
    stepped: NDArray[np.bool_],
    entered: NDArray[np.bool_],
    end: int,
    trail: NDArray[np.int64],
) -> tuple[AlignedPiece, ...]:
    """Follow the search back from its end; writes the state of each frame to ``trail``."""
    joint_of = {int(node): index for index, node in enumerate(lattice.joints)}
    pieces: list[AlignedPiece] = []
    frame, node = len(stepped), int(lattice.joints[end])
    while frame > 0 or node != lattice.joints[0]:
        arc = int(via[frame, node])
        if arc == _LEFT_OUT or frame == 0:
            node = int(lattice.joints[joint_of[node] - 1])
            continue
        stop = frame
        if arc == _STRANGE:
            joint = joint_of[node]
            frame -= 1
            while not entered[frame, joint]:
                frame -= 1
            pieces.append(AlignedPiece(joint, frame, stop, strange=True))
            continue
        state, first = int(lattice.last[arc]), int(lattice.first[arc])
        frame -= 1
        trail[frame] = state
        while not (state == first and stepped[frame, state]):
            state -= int(stepped[frame, state])
            frame -= 1
            trail[frame] = state
        if lattice.token[arc] >= 0:
            pieces.append(AlignedPiece(int(lattice.token[arc]), frame, stop))
        node = int(lattice.source[arc])
    return tuple(reversed(pieces))
