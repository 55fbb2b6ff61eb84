"""Scores and backpointers of a Viterbi search, frame after frame, for a block of frames.

The inner loop is compiled if there was a C compiler at installation (``_loops.c``); else NumPy does
the same, to the last bit, in some twenty times the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .compiled_loops import compiled
from .lattice import Lattice, Part
from .mfcc import Array
from .observations import Observation

UNSCRIPTED = -1
SKIPPED = -2
FILLER = -3
"""Backpointers at a joint, in place of an arc."""
LONG_STATE = 10
"""Frames from which a further one in the same state costs more in noise; as in ``_loops.c``."""


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


@dataclass(frozen=True, slots=True, eq=False)
class BlockTrace:
    """Backpointers of a block of frames, in the numbers of a part of the lattice.

    Attributes:
        part: of the lattice.
        first: frame.
        stepped: whether the path to each state comes from the one before, ``[frames, states]``.
        back: the arc to each node, or a mark in its place, ``[frames, nodes]``.
        entered: whether unscripted speech and fillers begin at each joint,
            ``[2, frames, joints]``.
        ratio: of each senone to unscripted speech, ``[frames, senones]``.
        columns: the senone of each state, as a column of ``ratio``.
    """

    part: Part
    first: int
    stepped: NDArray[np.bool_]
    back: NDArray[np.int32]
    entered: NDArray[np.bool_]
    ratio: Array
    columns: NDArray[np.int64]


def advance(
    part: Part,
    first: int,
    observation: Observation,
    penalties: Penalties,
    node: Array,
    state: Array,
    other: Array,
    age: NDArray[np.int32],
) -> BlockTrace:
    """Advance the scores of nodes, states and speech outside the script by a block of frames.

    Args:
        part: of the lattice that the block may reach.
        first: frame of the block.
        observation: of the block.
        penalties: of leaving the script.
        node, state: scores of the part's nodes and states, updated in place.
        other: of unscripted speech and of a filler since each joint, ``[2, joints]``; likewise.
        age: frames that the path to each state has been in it; likewise.
    """
    lattice = part.lattice
    senones, columns = np.unique(lattice.senones, return_inverse=True)
    scores = observation.score(senones)
    frames = len(scores)
    trace = BlockTrace(
        part,
        first,
        np.zeros((frames, len(state)), np.bool_),
        np.zeros((frames, len(node)), np.int32),
        np.zeros((2, frames, len(lattice.joints)), np.bool_),
        scores - observation.outside[0, :, None],
        columns.astype(np.int64, copy=False),
    )
    entering = np.float32(penalties.word) + np.float32(penalties.pause) * lattice.unlikely
    leaving = np.array([[penalties.unscripted], [penalties.filler]], np.float32)
    skipping = skip_cost(lattice, penalties)
    sounding = np.repeat(lattice.token >= 0, lattice.last - lattice.first + 1)
    linger = np.float32(observation.linger) * sounding.astype(np.float32)
    if compiled is None:
        scored = scores, observation.outside, node, state, other, age
        _in_numpy(trace, *scored, entering, linger, leaving, skipping)
        return trace
    outside = np.ascontiguousarray(other)
    compiled.advance(
        *(node, state, outside, age),
        *(lattice.first, lattice.last, lattice.source, lattice.target, entering),
        *(lattice.loop, linger, lattice.step, trace.columns, lattice.joints, skipping),
        *(leaving, scores, observation.outside, trace.stepped, trace.back, trace.entered),
    )
    other[:] = outside
    return trace


def _in_numpy(
    trace: BlockTrace,
    scores: Array,
    heard: Array,
    node: Array,
    state: Array,
    other: Array,
    age: NDArray[np.int32],
    entering: Array,
    linger: Array,
    leaving: Array,
    skipping: Array,
) -> None:
    lattice = trace.part.lattice
    joints = lattice.joints
    states, arcs = len(state), len(lattice.first)
    starts = np.searchsorted(lattice.target, np.arange(len(node)))
    emission = np.empty(states, np.float32)
    enter = np.empty(states, np.float32)
    arc_numbers = np.arange(arcs, dtype=np.int32)
    for frame in range(len(scores)):
        np.add(state[:-1], lattice.step[:-1], out=enter[1:])
        enter[lattice.first] = node[lattice.source] - entering
        state += lattice.loop
        np.subtract(state, linger, out=state, where=age >= LONG_STATE)
        np.greater(enter, state, out=trace.stepped[frame])
        age += 1
        age[trace.stepped[frame]] = 1
        np.maximum(state, enter, out=state)
        np.take(scores[frame], trace.columns, out=emission)
        state += emission
        begin = node[joints] - leaving
        np.greater(begin, other, out=trace.entered[:, frame])
        np.maximum(begin, other, out=other)
        other += heard[:, frame, None]
        exits = state[lattice.last] + lattice.step[lattice.last]
        np.maximum.reduceat(exits, starts, out=node)
        here = trace.back[frame]
        best = exits == node[lattice.target]
        here[lattice.target[best]] = arc_numbers[best]
        for kind, backpointer in enumerate((UNSCRIPTED, FILLER)):
            better = other[kind] > node[joints]
            here[joints[better]] = backpointer
            node[joints[better]] = other[kind, better]
        skip_tokens(node, here, joints, skipping)


def skip_cost(lattice: Lattice, penalties: Penalties) -> Array:
    """Return the penalty of skipping all tokens before each joint."""
    each = penalties.skip + penalties.skip_phone * lattice.phones
    return np.concatenate([[0.0], np.cumsum(each)]).astype(np.float32)


def skip_tokens(
    node: Array, back: NDArray[np.int32], joints: NDArray[np.int64], cost: Array
) -> None:
    """Update scores and backpointers in place: joints are also reached by skipping tokens."""
    own = node[joints] + cost
    best = np.maximum.accumulate(own)
    cheaper = best > own
    if cheaper.any():
        back[joints[cheaper]] = SKIPPED
        node[joints[cheaper]] = (best - cost)[cheaper]
