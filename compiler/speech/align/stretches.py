"""A recording in stretches of like sound: another room, microphone or noise begins a new one.

Each stretch is normalised and adapted to by itself. A clean voice leads the mean of all sounds by
12 to 14 nats a frame, in noise or in a room by 8 to 11, and windows of ten seconds of one recording
differ by less than 1.5 (see `ForcedAlignment.contrast`): a lasting step between two means tells.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK
from .mfcc import HOP, Array
from .observations import Observation, Recording

STEP = 1.8
"""Least difference of the contrasts of neighbouring stretches, in nats a frame."""
CLEAN = 13.5
"""Contrast from which a higher one says no more."""
SHORTEST = 1500
"""Frames of a stretch."""
LEAST = 150
"""Frames with speech that tell the contrast of a stretch."""


class Stretches:
    """A recording as one `Recording` for each stretch.

    Args:
        samples: mono, 16 kHz.
        senones: of its script, ascending, to score a short recording in one go.
        foreign: another language, whose sounds those of the model only resemble.
    """

    def __init__(
        self, samples: NDArray[np.int16], senones: NDArray[np.int64], *, foreign: bool = False
    ):
        whole = Recording(samples, senones)
        frames, contrast = whole.voiced
        self.frames = whole.frames
        self.firsts = [0, *changes(frames, contrast, self.frames)]
        self.parts = [whole]
        if len(self.firsts) > 1:
            edges = [*(first * HOP for first in self.firsts), len(samples)]
            self.parts = [
                Recording(samples[first:last], senones) for first, last in itertools.pairwise(edges)
            ]
        for part in self.parts:
            part.begin_to_adapt(foreign=foreign)

    @property
    def contrast(self) -> float:
        """See `ForcedAlignment`."""
        total = sum(part.contrast * part.frames for part in self.parts)
        return total / self.frames if self.frames else self.parts[0].contrast

    @property
    def is_adapted(self) -> bool:
        """Whether the features of all stretches are what they will be."""
        return all(part.is_adapted for part in self.parts)

    def adapted(self, first: int, last: int) -> list[str]:
        """Return a digest of the adaptation of each stretch that has some of the frames."""
        return [self.parts[number].adapted for number, _, _ in self._within(first, last)]

    def part_of(self, frame: int) -> int:
        """Return the number of the stretch of a frame."""
        return bisect_right(self.firsts, frame) - 1

    def adapt(self, first: int, senones: NDArray[np.int64] | None) -> list[int]:
        """Adapt stretches to noise or a room; return the numbers of those that were.

        Args:
            first: frame.
            senones: of the frames from there, -1 outside the script.
        """
        if senones is None:
            return []
        return [
            number
            for number, begin, end in self._within(first, first + len(senones))
            if self.parts[number].adapt(
                begin - self.firsts[number], senones[begin - first : end - first]
            )
        ]

    def observations(self, first: int, last: int, levels: Sequence[float]) -> Iterator[Observation]:
        """Return the observations of frames ``[first, last)``, by blocks.

        Args:
            first, last: frames.
            levels: of unscripted speech in each stretch.
        """
        for number, begin, end in self._within(first, last):
            at = self.firsts[number]
            yield from self.parts[number].observations(begin - at, end - at, levels[number])

    def lead(self, frames: NDArray[np.int64]) -> Array:
        """Return the lead of the best phone over the mean of all in some frames, in nats."""
        owner = np.searchsorted(self.firsts, frames, "right") - 1
        found = np.empty(len(frames), np.float32)
        for number in np.unique(owner).tolist():
            own = owner == number
            found[own] = self.parts[number].lead(frames[own] - self.firsts[number])
        return found

    def _within(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Yield the numbers of the stretches of some frames, and which of these they have."""
        edges = [*self.firsts, self.frames]
        for number in range(self.part_of(first), len(self.parts)):
            begin, end = max(first, edges[number]), min(last, edges[number + 1])
            if begin < end:
                yield number, begin, end


def changes(frames: NDArray[np.int64], contrast: Array, count: int, begin: int = 0) -> list[int]:
    """Return the frames at which another stretch begins, each the first of a block.

    Args:
        frames: with speech, ascending.
        contrast: of each.
        count: of all frames from ``begin``.
        begin: first frame.
    """
    size = len(frames)
    if size < 2 * LEAST or count < 2 * SHORTEST:
        return []
    sums = np.cumsum(contrast, dtype=np.float64)
    left = np.arange(1, size)
    right = size - left
    before, after = sums[:-1] / left, (sums[-1] - sums[:-1]) / right
    apart = abs(np.minimum(before, CLEAN) - np.minimum(after, CLEAN))
    allowed = (left >= LEAST) & (right >= LEAST)
    allowed &= (frames[:-1] - begin >= SHORTEST) & (begin + count - frames[1:] >= SHORTEST)
    gain = np.where(allowed, apart**2 * left * right, 0)
    place = int(np.argmax(gain))
    if not allowed[place] or apart[place] < STEP:
        return []
    change = int(frames[place] + frames[place + 1]) // 2 // BLOCK * BLOCK
    middle = place + 1
    return [
        *changes(frames[:middle], contrast[:middle], change - begin, begin),
        change,
        *changes(frames[middle:], contrast[middle:], begin + count - change, change),
    ]
