"""A recording in stretches of like sound: another room, microphone or noise begins a new one.

Each stretch is normalised and adapted to by itself. A clean voice leads the mean of all sounds by
12 to 14 nats a frame, in noise or in a room by 8 to 11, and windows of ten seconds of one recording
differ by less than 1.5 (see `ForcedAlignment.contrast`): a lasting step between two means tells.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK
from .mfcc import Array
from .narration_sound import NarrationSound
from .observations import Observation, Recording

STEP = 1.8
"""Least difference of the contrasts of neighbouring stretches, in nats a frame."""
CLEAN = 13.5
"""Contrast from which a higher one says no more."""
SHORTEST = 1500
"""Frames of a stretch."""
LEAST = 0.2
"""Speech that tells the contrast of a stretch, as a share of the usual."""


class Stretches:
    """A recording as one `Recording` for each stretch.

    Args:
        sound: of the narration.
        senones: of its script, ascending, to score a short recording in one go.
        foreign: another language, whose sounds those of the model only resemble.
    """

    def __init__(self, sound: NarrationSound, senones: NDArray[np.int64], *, foreign: bool = False):
        whole = Recording(sound.cepstra(), senones)
        frames, contrast = whole.voiced
        self.frames = whole.frames
        self.firsts = [0, *changes(frames, contrast, self.frames)]
        self.parts = [whole]
        if len(self.firsts) > 1:
            whole.forget()
            parts = np.split(sound.cepstra(self.firsts), self.firsts[1:])
            self.parts = [Recording(part, None, number, whole) for number, part in enumerate(parts)]
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


def changes(frames: NDArray[np.int64], contrast: Array, count: int) -> list[int]:
    """Return the frames at which another stretch begins, each the first of a block.

    A place is judged by what is near it, before and after, in thirds: all must differ from the
    other side, or a burst of noise would pass for a change.

    Args:
        frames: with speech, ascending.
        contrast: of each.
        count: of all frames.
    """
    places = np.arange(-(-SHORTEST // BLOCK) * BLOCK, count - SHORTEST + 1, BLOCK)
    sums = np.concatenate([[0], np.cumsum(contrast, dtype=np.float64)])
    edges = places[:, np.newaxis] + np.arange(-3, 4) * (SHORTEST // 3)
    bounds = np.searchsorted(frames, edges)
    heard, means = np.diff(bounds), _means(sums, bounds)
    before, after = _means(sums, bounds[:, [0, 3, 6]]).T
    others = np.stack([after] * 3 + [before] * 3, axis=1)
    towards = np.sign(after - before)[:, np.newaxis] * [1, 1, 1, -1, -1, -1]
    least = LEAST * SHORTEST * len(frames) / max(1, count)
    lasts = ((others - means) * towards >= STEP / 2) | (heard < least / 3)
    allowed = lasts.all(axis=1) & (np.add.reduceat(heard, [0, 3], axis=1) >= least).all(axis=1)
    apart = np.where(allowed, abs(after - before), 0)
    near = -(-SHORTEST // BLOCK)
    found = []
    while len(apart) and apart.max() >= STEP:
        place = int(apart.argmax())
        found.append(int(places[place]))
        apart[max(0, place - near + 1) : place + near] = 0
    return sorted(found)


def _means(sums: NDArray[np.float64], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean contrasts between bounds, of clean ones no more than that."""
    return np.minimum(np.diff(sums[bounds]) / np.maximum(1, np.diff(bounds)), CLEAN)
