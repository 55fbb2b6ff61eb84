"""Lattice of phone states for some tokens: every pronunciation of every reading, with pauses.

Between two tokens is a joint, with a loop for a pause; an arc for every pronunciation of every
reading leads from joint to joint. Readings of several words have inner nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...script.tokens import Token
from .acoustic_model import SILENCE, STATES, AcousticModel
from .mfcc import Array
from .pronunciation import pronunciations

_PAUSING = frozenset('.,;:!?…—–"”)')
"""Punctuation that likely comes with a pause."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """States, arc after arc; arcs are sorted by their target.

    Attributes:
        senones: the senone of each state.
        loop, step: log probability of staying in a state and of leaving it.
        first, last: first and last state of each arc.
        source, target: nodes at which an arc starts and ends; the same for a pause.
        token: the token of an arc, -1 for a pause.
        unlikely: 1 for a pause between words that no punctuation separates, else 0.
        joints: the nodes between tokens, one more than there are tokens.
        phones: number of phones of each token's shortest reading.
    """

    senones: NDArray[np.int64]
    loop: Array
    step: Array
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    token: NDArray[np.int64]
    unlikely: Array
    joints: NDArray[np.int64]
    phones: NDArray[np.int64]

    def part(self, first: int, last: int) -> Part:
        """Return the part from one joint to another, both included."""
        nodes = int(self.joints[first]), int(self.joints[last]) + 1
        # The pause at a node is the last arc that leads to it.
        arcs = slice(
            int(np.searchsorted(self.target, nodes[0], "right")) - 1,
            int(np.searchsorted(self.target, nodes[1])),
        )
        states = slice(int(self.first[arcs.start]), int(self.last[arcs.stop - 1]) + 1)
        return Part(
            Lattice(
                senones=self.senones[states],
                loop=self.loop[states],
                step=self.step[states],
                first=self.first[arcs] - states.start,
                last=self.last[arcs] - states.start,
                source=self.source[arcs] - nodes[0],
                target=self.target[arcs] - nodes[0],
                token=self.token[arcs],
                unlikely=self.unlikely[arcs],
                joints=self.joints[first : last + 1] - nodes[0],
                phones=self.phones[first:last],
            ),
            states,
            arcs,
            slice(*nodes),
            slice(first, last + 1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Part of a lattice, numbered from 0, and which states, arcs, nodes and joints these are."""

    lattice: Lattice
    states: slice
    arcs: slice
    nodes: slice
    joints: slice


@dataclass(frozen=True, slots=True)
class _Arc:
    source: int
    target: int
    token: int
    states: NDArray[np.int64]
    phones: tuple[str, ...]


def lattice_of(tokens: Sequence[Token], model: AcousticModel) -> Lattice:
    """Build the lattice of some tokens in order."""
    arcs: list[_Arc] = []
    joints = [0]
    lengths = []
    nodes = 1
    heads = [pronunciations(token.readings[0][0])[0][0] for token in tokens]
    tails = [pronunciations(token.readings[0][-1])[0][-1] for token in tokens]
    for index, token in enumerate(tokens):
        left = SILENCE if index == 0 or is_before_pause(tokens[index - 1]) else tails[index - 1]
        last_one = index + 1 == len(tokens) or is_before_pause(token)
        right = SILENCE if last_one else heads[index + 1]
        begin = joints[-1]
        inner = [
            range(nodes + sum(len(r) - 1 for r in token.readings[:n]), 0x7FFFFFFF)
            for n in range(len(token.readings))
        ]
        nodes += sum(len(reading) - 1 for reading in token.readings)
        end = nodes
        nodes += 1
        joints.append(end)
        lengths.append(
            min(sum(len(pronunciations(w)[0]) for w in reading) for reading in token.readings)
        )
        for reading, between in zip(token.readings, inner, strict=True):
            stops = [begin, *between[: len(reading) - 1], end]
            variants = [pronunciations(word) for word in reading]
            for place in range(len(reading)):
                before = variants[place - 1][0][-1] if place else left
                after = variants[place + 1][0][0] if place + 1 < len(reading) else right
                arcs += [
                    _Arc(
                        stops[place],
                        stops[place + 1],
                        index,
                        _states(model, phones, before, after),
                        phones,
                    )
                    for phones in variants[place]
                ]
    silent = model.first_states[model.phones.index(SILENCE)]
    arcs += [_Arc(node, node, -1, silent, (SILENCE,)) for node in range(nodes)]
    likely = [0, len(tokens), *(n for n, token in enumerate(tokens, 1) if is_before_pause(token))]
    return _packed(arcs, joints, lengths, {joints[n] for n in likely}, model)


def senones_of(tokens: Sequence[Token], model: AcousticModel) -> NDArray[np.int64]:
    """Return the senones of some tokens, together and each by itself, without repetition."""
    apart = [replace(token, line_end=True) for token in tokens]
    return np.unique(np.concatenate([lattice_of(some, model).senones for some in (tokens, apart)]))


def is_before_pause(token: Token) -> bool:
    """Whether a pause likely follows a token: it ends a line, or with punctuation."""
    return token.line_end or token.text.rstrip("'’")[-1:] in _PAUSING


def _states(
    model: AcousticModel, phones: Sequence[str], before: str, after: str
) -> NDArray[np.int64]:
    """Return the senones of a word between two phones."""
    around = [before, *phones, after]
    count = len(phones)
    parts = []
    for place, phone in enumerate(phones):
        at_start, at_end = place == 0, place + 1 == count
        position = (
            "single" if at_start and at_end
            else "begin" if at_start
            else "end" if at_end
            else "inside"
        )  # fmt: skip
        parts.append(_triphone(model, phone, around[place], around[place + 2], position))
    return np.concatenate(parts)


@lru_cache(maxsize=1 << 15)
def _triphone(
    model: AcousticModel, phone: str, left: str, right: str, position: str
) -> NDArray[np.int64]:
    return model.states(phone, left, right, position)


def _packed(
    arcs: list[_Arc],
    joints: list[int],
    lengths: list[int],
    pauses: set[int],
    model: AcousticModel,
) -> Lattice:
    arcs.sort(key=lambda arc: arc.target)
    # The compiled search demands 8 bytes; NumPy 1 makes 4 on Windows.
    sizes = np.array([len(arc.states) for arc in arcs], np.int64)
    ends = np.cumsum(sizes, dtype=np.int64)
    numbers = np.array([model.phones.index(phone) for arc in arcs for phone in arc.phones])
    return Lattice(
        senones=np.concatenate([arc.states for arc in arcs]),
        loop=model.loop[numbers].reshape(-1, STATES).ravel(),
        step=model.step[numbers].reshape(-1, STATES).ravel(),
        first=ends - sizes,
        last=ends - 1,
        source=np.array([arc.source for arc in arcs], np.int64),
        target=np.array([arc.target for arc in arcs], np.int64),
        token=np.array([arc.token for arc in arcs], np.int64),
        unlikely=np.array([arc.token < 0 and arc.source not in pauses for arc in arcs], np.float32),
        joints=np.array(joints, np.int64),
        phones=np.array(lengths, np.int64),
    )
