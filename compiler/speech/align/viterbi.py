"""Viterbi search: the likeliest path through a lattice for some frames (Viterbi 1967).

Three kinds of transitions beside the lattice's arcs let the path leave the script: at a joint the
voice may hesitate (a filler: "uh", "mm") or say something unscripted for any time (scored
by the online garbage model of Bourlard, D'hoore and Boite, 1994: the mean of the best senones of
any phone), and tokens may be skipped, at a penalty by their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK, STATES
from .lattice import Lattice, Part
from .mfcc import Array
from .observations import Observation

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

    Attributes:
        end: the joint at which it ends.
        senones: of each frame, -1 outside the script; None if its model has no senones.
    """

    pieces: tuple[AlignedPiece, ...]
    end: int
    senones: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Trace:
    """Backpointers of a block of frames, in the numbers of a part of the lattice."""

    part: Part
    first: int
    stepped: NDArray[np.bool_]
    back: NDArray[np.int32]
    entered: NDArray[np.bool_]
    ratio: Array
    """Of each senone to unscripted speech."""
    columns: NDArray[np.int64]


def best_path(
    lattice: Lattice,
    observations: Iterable[Observation],
    penalties: Penalties,
    *,
    to_end: bool,
    beam: float = np.inf,
) -> AlignmentPath | None:
    """Return the best path from the first joint; None if there is none.

    Args:
        lattice: of the tokens.
        observations: what is heard, in blocks of equal length; the last may be shorter.
        penalties: of leaving the script.
        to_end: whether the path must end at the last joint; else it may end at any.
        beam: nats by which a path may fall behind the best one before it is given up.
    """
    joints = lattice.joints
    node = np.full(int(joints[-1]) + 1, _NEVER, np.float32)
    state = np.full(len(lattice.senones), _NEVER, np.float32)
    other = np.full((2, len(joints)), _NEVER, np.float32)
    node[0] = 0
    skip_penalty = _skip_penalty(lattice, penalties)
    _skip_tokens(node, np.zeros(len(node), np.int32), joints, skip_penalty)
    traces: list[_Trace] = []
    frames = 0
    for observation in observations:
        first, last = _active(lattice, node, state, other, beam)
        part = lattice.part(first, last)
        for scores, kept in ((node, part.nodes), (state, part.states), (other, part.joints)):
            scores[..., : kept.start] = _NEVER
            scores[..., kept.stop :] = _NEVER
        within = node[part.nodes], state[part.states], other[:, part.joints]
        traces.append(_advance(part, frames, observation, penalties, *within))
        frames += len(traces[-1].ratio)
    if to_end:
        reached = node[joints] + skip_penalty
        start, end = int(np.argmax(reached)), len(joints) - 1
    else:
        start = end = int(np.argmax(node[joints]))
    if frames == 0 or float(node[joints[start]]) < _IMPOSSIBLE:
        return None
    pieces, ratio, senones = _trace(lattice, traces, frames, start)
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
        senones,
    )


def _skip_penalty(lattice: Lattice, penalties: Penalties) -> Array:
    """Return the penalty of skipping all tokens before each joint."""
    each = penalties.skip + penalties.skip_phone * lattice.phones
    return np.concatenate([[0.0], np.cumsum(each)]).astype(np.float32)


def _active(
    lattice: Lattice, node: Array, state: Array, other: Array, beam: float
) -> tuple[int, int]:
    """Return the first and last joint that a block of frames may reach; lower all scores.

    The best score becomes 0: sums of many frames would lose precision.
    """
    best = max(node.max(), state.max(), other.max())
    for scores in (node, state, other):
        np.subtract(scores, best, out=scores)
    if beam == np.inf or best < _IMPOSSIBLE:
        return 0, len(lattice.joints) - 1
    nodes = np.flatnonzero(node > -beam)
    arcs = np.searchsorted(lattice.last, np.flatnonzero(state > -beam))
    outside = lattice.joints[np.flatnonzero((other > -beam).any(axis=0))]
    reached = np.concatenate([nodes, lattice.source[arcs], lattice.target[arcs], outside])
    first = int(np.searchsorted(lattice.joints, reached.min(), "right")) - 1
    last = int(np.searchsorted(lattice.joints, reached.max()))
    phones = np.concatenate([[0], np.cumsum(lattice.phones)])
    reach = phones[last] + BLOCK // STATES
    return first, min(int(np.searchsorted(phones, reach, "right")), len(lattice.joints) - 1)


def _advance(
    part: Part,
    first: int,
    observation: Observation,
    penalties: Penalties,
    node: Array,
    state: Array,
    other: Array,
) -> _Trace:
    """Advance the scores of nodes, states and speech outside the script by a block of frames."""
    lattice = part.lattice
    joints = lattice.joints
    senones, columns = np.unique(lattice.senones, return_inverse=True)
    scores = observation.score(senones)
    frames, states, arcs = len(scores), len(state), len(lattice.first)
    starts = np.searchsorted(lattice.target, np.arange(len(node)))
    skip_penalty = _skip_penalty(lattice, penalties)
    stepped = np.zeros((frames, states), np.bool_)
    back = np.zeros((frames, len(node)), np.int32)
    entered = np.zeros((2, frames, len(joints)), np.bool_)
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
        other += observation.outside[:, frame, None]
        exits = state[lattice.last] + lattice.step[lattice.last]
        np.maximum.reduceat(exits, starts, out=node)
        here = back[frame]
        best = exits == node[lattice.target]
        here[lattice.target[best]] = arc_numbers[best]
        for kind, backpointer in enumerate((_UNSCRIPTED, _FILLER)):
            better = other[kind] > node[joints]
            here[joints[better]] = backpointer
            node[joints[better]] = other[kind, better]
        _skip_tokens(node, here, joints, skip_penalty)
    ratio = scores - observation.outside[0, :, None]
    return _Trace(part, first, stepped, back, entered, ratio, columns)


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
    lattice: Lattice, traces: Sequence[_Trace], frames: int, start: int
) -> tuple[tuple[AlignedPiece, ...], Array, NDArray[np.int64]]:
    """Trace the path back from a joint; return its pieces, and ratio and senone of each frame."""
    size = len(traces[0].ratio)
    ratio = np.zeros(frames, np.float32)
    senones = np.full(frames, -1)
    pieces: list[AlignedPiece] = []
    frame, node = frames, int(lattice.joints[start])
    while frame > 0:
        trace = traces[(frame - 1) // size]
        arc = int(trace.back[frame - 1 - trace.first, node - trace.part.nodes.start])
        joint = int(np.searchsorted(lattice.joints, node))
        if arc == _SKIPPED:
            node = int(lattice.joints[joint - 1])
            continue
        stop = frame
        if arc in (_UNSCRIPTED, _FILLER):
            is_filler = arc == _FILLER
            begun = False
            while not begun:
                frame -= 1
                trace = traces[frame // size]
                place = joint - trace.part.joints.start
                begun = bool(trace.entered[int(is_filler), frame - trace.first, place])
            pieces.append(AlignedPiece(joint, frame, stop, unscripted=True, filler=is_filler))
            continue
        arc += trace.part.arcs.start
        state, first = int(lattice.last[arc]), int(lattice.first[arc])
        begun = False
        while not begun:
            frame -= 1
            trace = traces[frame // size]
            row, place = frame - trace.first, state - trace.part.states.start
            ratio[frame] = trace.ratio[row, trace.columns[place]]
            senones[frame] = lattice.senones[state]
            stepped = bool(trace.stepped[row, place])
            begun = state == first and stepped
            state -= int(stepped)
        if lattice.token[arc] >= 0:
            pieces.append(AlignedPiece(int(lattice.token[arc]), frame, stop))
        node = int(lattice.source[arc])
    return tuple(reversed(pieces)), ratio, senones
