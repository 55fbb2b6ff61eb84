"""Viterbi search over the emissions of a CTC model (Graves et al. 2006).

Labels may be repeated, and blanks may lie between them; two equal labels need one. Between any two
tokens the voice may be silent, or leave the script (the star token of Pratap et al. 2023, "Scaling
Speech Technology to 1,000+ Languages", with the likeliest label of each frame as its emission), and
tokens may be skipped, at a penalty by their length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mfcc import Array
from .viterbi import AlignedPiece, AlignmentPath

SPOKEN = 3.0
"""Nats by which a label of a spoken token may score below the likeliest one, on average; speech
that says something else scores lower by 5 to 12. Also the penalty of skipping a label."""
_NEVER = np.float32(-1e30)
_IMPOSSIBLE = -1e8
_SILENT, _UNSCRIPTED, _SKIPPED = -1, -2, -3
"""Backpointers at a joint, in place of an arc."""
BETWEEN_WORDS = -1
"""In place of a label: silence may lie between the words of a reading."""
_STAY, _STEP, _JUMP = 0, 1, 2
"""Backpointers of a state: states that the path advanced by."""


@dataclass(frozen=True, slots=True)
class CtcPenalties:
    """Penalties of leaving the script, in nats.

    Attributes:
        unscripted: of beginning unscripted speech.
        skip: of skipping a token.
        skip_label: the same, for each of its labels.
    """

    unscripted: float = 8.0
    skip: float = 3.0
    skip_label: float = 3.0


@dataclass(frozen=True, slots=True)
class CtcGraph:
    """Tokens as arcs between joints: joint ``i`` lies before token ``i``.

    Attributes:
        columns: column of the emissions of each state: labels of an arc with blanks between them.
        first, last: the first and last state of each arc.
        token: of each arc, ascending.
        jumps: whether a state may be entered from two states before it: its label differs.
        labels: number of labels of each token's first reading.
        must: tokens that may not be skipped.
    """

    columns: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    token: NDArray[np.int64]
    jumps: NDArray[np.bool_]
    labels: NDArray[np.float32]
    must: NDArray[np.bool_]


def ctc_graph(
    readings: Sequence[Sequence[Sequence[int]]],
    blank: int,
    gap: int,
    must: Sequence[bool] | None = None,
) -> CtcGraph:
    """Return the graph of some tokens.

    Args:
        readings: the readings of each token, as columns of the emissions with `BETWEEN_WORDS`
            between words; at least one, none empty.
        blank: the column of the blank.
        gap: the column of silence between words.
        must: tokens that may not be skipped. Default: none.
    """
    columns: list[int] = []
    first, last, token = [], [], []
    jumps: list[bool] = []
    for number, options in enumerate(readings):
        for labels in options:
            first.append(len(columns))
            for index, label in enumerate(labels):
                if label == BETWEEN_WORDS:
                    continue
                if index:
                    columns.append(gap if labels[index - 1] == BETWEEN_WORDS else blank)
                    jumps.append(False)
                jumps.append(index > 0 and label != columns[-2])
                columns.append(label)
            last.append(len(columns) - 1)
            token.append(number)
    return CtcGraph(
        columns=np.array(columns, np.int64),
        first=np.array(first, np.int64),
        last=np.array(last, np.int64),
        token=np.array(token, np.int64),
        jumps=np.array(jumps, np.bool_),
        labels=np.array([len(options[0]) for options in readings], np.float32),
        must=np.array([False] * len(readings) if must is None else must, np.bool_),
    )


def best_ctc_path(
    graph: CtcGraph,
    scores: Array,
    gap: int,
    unscripted: Array,
    penalties: CtcPenalties,
    *,
    to_end: bool,
) -> AlignmentPath | None:
    """Return the best path from the first joint; None if there is none.

    Args:
        graph: of the tokens.
        scores: log probabilities, ``[frames, columns]``.
        gap: the column of silence between words.
        unscripted: log probability of any speech, ``[frames]``.
        penalties: of leaving the script.
        to_end: whether the path must end at the last joint; else it may end at any.

    Returns:
        Pieces from the first to the last label of a token. Their margins are means over the labels,
        each at its best frame: the log probability relative to the likeliest label's.
    """
    frames, states = len(scores), len(graph.columns)
    joints = len(graph.labels) + 1
    skip = np.where(graph.must, 1e6, penalties.skip + penalties.skip_label * graph.labels)
    skip_penalty = np.concatenate([[0.0], np.cumsum(skip)]).astype(np.float32)
    groups = np.searchsorted(graph.token, np.arange(joints - 1))
    column_first = graph.columns[graph.first]
    moves = np.zeros((frames, states), np.uint8)
    back = np.zeros((frames + 1, joints), np.int32)
    back_apart = np.zeros((frames + 1, joints), np.int8)
    entered = np.zeros((frames, joints), np.bool_)
    state = np.full(states, _NEVER, np.float32)
    silent = np.full(joints, _NEVER, np.float32)
    star = np.full(joints, _NEVER, np.float32)
    direct = np.full(joints, _NEVER, np.float32)
    silent[0] = 0
    arc_to = np.full(joints, -1, np.int32)
    step, jump = np.empty(states, np.float32), np.empty(states, np.float32)
    step[:] = jump[:] = _NEVER
    blocked = np.flatnonzero(~graph.jumps)
    penalty = np.float32(penalties.unscripted)
    for frame in range(frames + 1):
        # Where the path may be before this frame: `apart` if a label may be repeated there.
        apart, node = _joint_scores(
            silent, star, direct, arc_to, skip_penalty, back[frame], back_apart[frame]
        )
        if frame == frames:
            break
        np.copyto(step[1:], state[:-1])
        np.copyto(jump[2:], state[:-2])
        jump[blocked] = _NEVER
        source = graph.token
        equal = (arc_to[source] >= 0) & (graph.columns[graph.last[arc_to[source]]] == column_first)
        step[graph.first] = np.where(equal, apart[source], node[source])
        here = moves[frame]
        np.greater(step, state, out=here.view(np.bool_))
        np.maximum(state, step, out=state)
        further = jump > state
        here[further] = _JUMP
        np.maximum(state, jump, out=state)
        state += scores[frame][graph.columns]
        begin = node - penalty
        np.greater(begin, star, out=entered[frame])
        star = np.maximum(star, begin) + unscripted[frame]
        silent = node + scores[frame, gap]
        exits = state[graph.last]
        direct[1:] = np.maximum.reduceat(exits, groups)
        winners = np.flatnonzero(exits == direct[graph.token + 1])
        arc_to[graph.token[winners] + 1] = winners
    end = joints - 1 if to_end else int(np.argmax(node))
    if frames == 0 or float(node[end]) < _IMPOSSIBLE:
        return None
    return AlignmentPath(_trace(graph, moves, back, back_apart, entered, scores, end), end)


def _joint_scores(
    silent: Array,
    star: Array,
    direct: Array,
    arc_to: NDArray[np.int32],
    skip_penalty: Array,
    back: NDArray[np.int32],
    back_apart: NDArray[np.int8],
) -> tuple[Array, Array]:
    """Return the best scores at each joint without and with those straight from a label.

    Fills in the backpointers of both.
    """
    apart = np.maximum(silent, star)
    back_apart[:] = np.where(silent >= star, _SILENT, _UNSCRIPTED)
    node = np.maximum(apart, direct)
    back[:] = np.where(direct > apart, arc_to, back_apart)
    own = node + skip_penalty
    best = np.maximum.accumulate(own)
    if (best > own).any():
        skipped = best - skip_penalty
        cheaper = best > own
        back[cheaper] = _SKIPPED
        node = np.where(cheaper, skipped, node)
        apart_cheaper = cheaper & (skipped > apart)
        back_apart[apart_cheaper] = _SKIPPED
        apart = np.where(apart_cheaper, skipped, apart)
    return apart, node


def _trace(
    graph: CtcGraph,
    moves: NDArray[np.uint8],
    back: NDArray[np.int32],
    back_apart: NDArray[np.int8],
    entered: NDArray[np.bool_],
    scores: Array,
    end: int,
) -> tuple[AlignedPiece, ...]:
    """Trace the path back from its end."""
    pieces: list[AlignedPiece] = []
    frame, joint, is_apart = len(moves), end, False
    while frame > 0 or joint > 0:
        kind = int(back_apart[frame, joint] if is_apart else back[frame, joint])
        is_apart = False
        if kind == _SKIPPED or frame == 0:
            joint -= 1
        elif kind == _SILENT:
            frame -= 1
        elif kind == _UNSCRIPTED:
            stop = frame
            frame -= 1
            while not entered[frame, joint]:
                frame -= 1
            pieces.append(AlignedPiece(joint, frame, stop, unscripted=True))
        else:
            piece, previous = _trace_arc(graph, moves, frame, kind, scores)
            pieces.append(piece)
            frame, joint = piece.start, piece.token
            is_apart = _last_is(graph, back[frame, joint], previous)
    return tuple(reversed(pieces))


def _last_is(graph: CtcGraph, arc: int, column: int) -> bool:
    """Whether an arc, as a backpointer of a joint, ends with a label."""
    return arc >= 0 and int(graph.columns[graph.last[arc]]) == column


def _trace_arc(
    graph: CtcGraph,
    moves: NDArray[np.uint8],
    frame: int,
    arc: int,
    scores: Array,
) -> tuple[AlignedPiece, int]:
    """Trace an arc back from the frame after it; return its piece and the column of its start."""
    first, state, stop = int(graph.first[arc]), int(graph.last[arc]), frame
    best: dict[int, float] = {}
    while True:
        frame -= 1
        ratio = float(scores[frame, graph.columns[state]] - scores[frame].max())
        best[state] = max(best.get(state, -np.inf), ratio)
        move = int(moves[frame, state])
        if state == first and move != _STAY:
            break
        state -= move
    labels = [ratio for state, ratio in best.items() if (state - first) % 2 == 0]
    margin = sum(labels) / len(labels)
    token = int(graph.token[arc])
    return AlignedPiece(token, frame, stop, margin), int(graph.columns[first])
