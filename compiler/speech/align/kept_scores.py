"""Scores of senones in memory, of all stretches of a recording, while there is room."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .mfcc import Array

_MOST = 64 << 20
"""Bytes: some seven minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class SenoneScores:
    """Log likelihoods ``[frames, senones]`` of some senones, ascending."""

    senones: NDArray[np.int64]
    scores: Array


class KeptScores:
    """Scores by stretch and block; those used last stay longest."""

    def __init__(self) -> None:
        self._scores: OrderedDict[tuple[int, int], SenoneScores] = OrderedDict()
        self._bytes = 0

    def __contains__(self, block: tuple[int, int]) -> bool:
        return block in self._scores

    def get(self, block: tuple[int, int]) -> SenoneScores | None:
        """Return the scores of a block; None if there are none."""
        if block in self._scores:
            self._scores.move_to_end(block)
        return self._scores.get(block)

    def add(
        self, block: tuple[int, int], senones: NDArray[np.int64], scores: Array
    ) -> SenoneScores:
        """Add scores to those of a block; drop those of other blocks."""
        known = self._pop(block)
        if known is not None:
            senones = np.concatenate([known.senones, senones])
            order = np.argsort(senones)
            senones = senones[order]
            scores = np.take(np.concatenate([known.scores, scores], axis=1), order, axis=1)
        self._scores[block] = SenoneScores(senones, scores)
        self._bytes += scores.nbytes
        while self._bytes > _MOST and len(self._scores) > 1:
            self._pop(next(iter(self._scores)))
        return self._scores[block]

    def drop(self, stretch: int) -> None:
        """Drop the scores of a stretch."""
        for block in [block for block in self._scores if block[0] == stretch]:
            self._pop(block)

    def _pop(self, block: tuple[int, int]) -> SenoneScores | None:
        known = self._scores.pop(block, None)
        if known is not None:
            self._bytes -= known.scores.nbytes
        return known
