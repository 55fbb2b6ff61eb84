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
from .lattice import Lattice
from .mfcc import Array
from .observations import Observation
from .viterbi_advance import (
    FILLER,
    SKIPPED,
    UNSCRIPTED,
    BlockTrace,
    Penalties,
    advance,
    skip_cost,
    skip_tokens,
)

_NEVER = np.float32(-1e30)
_IMPOSSIBLE = -1e8


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
        reach: number of tokens, from the first, that decided on it.
        senones: of each frame, -1 outside the script; None if its model has no senones.
    """

    pieces: tuple[AlignedPiece, ...]
    end: int
    reach: int = 0
    senones: NDArray[np.int64] | None = None


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
        observations: of the recording, in blocks of at most `BLOCK` frames.
        penalties: of leaving the script.
        to_end: whether the path must end at the last joint; else it may end at any.
        beam: nats by which a path may fall behind the best one before it is given up.
    """
    joints = lattice.joints
    node = np.full(int(joints[-1]) + 1, _NEVER, np.float32)
    state = np.full(len(lattice.senones), _NEVER, np.float32)
    other = np.full((2, len(joints)), _NEVER, np.float32)
    age = np.zeros(len(lattice.senones), np.int32)
    node[0] = 0
    to_skip = skip_cost(lattice, penalties)
    skip_tokens(node, np.zeros(len(node), np.int32), joints, to_skip)
    traces: list[BlockTrace] = []
    frames = reach = 0
    for observation in observations:
        first, last = _active(lattice, node, state, other, beam)
        reach = max(
            reach, last + 1
        )  # The sound of its last phone depends on the token that follows.
        part = lattice.part(first, last)
        for scores, kept in ((node, part.nodes), (state, part.states), (other, part.joints)):
            scores[..., : kept.start] = _NEVER
            scores[..., kept.stop :] = _NEVER
        within = node[part.nodes], state[part.states], other[:, part.joints], age[part.states]
        traces.append(advance(part, frames, observation, penalties, *within))
        frames += len(traces[-1].ratio)
    if to_end:
        reached = node[joints] + to_skip
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
        len(joints) - 1 if to_end else min(reach, len(joints) - 1),
        senones,
    )


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


def _trace(
    lattice: Lattice, traces: Sequence[BlockTrace], frames: int, start: int
) -> tuple[tuple[AlignedPiece, ...], Array, NDArray[np.int64]]:
    """Trace the path back from a joint; return its pieces, and ratio and senone of each frame."""
    trace_of = [trace for trace in traces for _ in trace.ratio]
    ratio = np.zeros(frames, np.float32)
    senones = np.full(frames, -1)
    pieces: list[AlignedPiece] = []
    frame, node = frames, int(lattice.joints[start])
    while frame > 0:
        trace = trace_of[frame - 1]
        arc = int(trace.back[frame - 1 - trace.first, node - trace.part.nodes.start])
        joint = int(np.searchsorted(lattice.joints, node))
        if arc == SKIPPED:
            node = int(lattice.joints[joint - 1])
            continue
        stop = frame
        if arc in (UNSCRIPTED, FILLER):
            is_filler = arc == FILLER
            begun = False
            while not begun:
                frame -= 1
                trace = trace_of[frame]
                place = joint - trace.part.joints.start
                begun = bool(trace.entered[int(is_filler), frame - trace.first, place])
            pieces.append(AlignedPiece(joint, frame, stop, unscripted=True, filler=is_filler))
            continue
        arc += trace.part.arcs.start
        state, first = int(lattice.last[arc]), int(lattice.first[arc])
        begun = False
        while not begun:
            frame -= 1
            trace = trace_of[frame]
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
