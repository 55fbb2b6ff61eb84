"""Where somebody speaks, by the energy of the sound: a check on word times, whoever made them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..media.mono_samples import SPEECH_RATE
from ..sync.types import Interval

_HOP = SPEECH_RATE // 100
_VOWELS = SPEECH_RATE // 4000
"""Samples that are averaged to leave what lies below 2 kHz."""
_BRIDGE = 6
"""Silences of up to 60 ms are part of speech: the closures of stops."""
_SHORTEST = 3
"""Sounds of less than 30 ms are clicks."""


def speech_intervals(samples: NDArray[np.int16]) -> list[Interval]:
    """The stretches with a voice, by energy thresholds that adapt to noise and level.

    Somebody speaks where either the whole sound or its vowels' band stands out. In a quiet room the
    first finds breathy sounds; in white noise at 20 dB it misses seven tenths of a voice, and the
    second a sixth.

    Args:
        samples: mono, 16 kHz.
    """
    count = len(samples) // _HOP
    if not count:
        return []
    blocks = samples[: count * _HOP].reshape(count, _HOP).astype(np.float64)
    vowels = blocks.reshape(count, -1, _VOWELS).mean(axis=2)
    level, range_db = _above_floor(_level(blocks))
    voiced = level > max(6.0, range_db / 3)
    # Smoothed, as noise in so few samples leaps over so low a threshold.
    level, range_db = _above_floor(np.convolve(_level(vowels), [0.25, 0.5, 0.25], "same"))
    voiced |= level > max(3.0, min(range_db / 3, (range_db - 12) / 2))
    voiced = _close(voiced, _BRIDGE)
    voiced = ~_close(~voiced, _SHORTEST)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(np.int8), [0]])))
    return [
        Interval(Fraction(int(start), 100), Fraction(int(end), 100))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def _level(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of each block in dB; of first differences, which weaken rumble and hum."""
    return np.asarray(10 * np.log10(np.mean(np.diff(blocks, axis=1) ** 2, axis=1) + 1.0))


def _above_floor(level: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Levels over the noise floor (10th percentile), and how far speech (90th) lies over it."""
    floor, speech = np.percentile(level, 10), np.percentile(level, 90)
    return level - floor, float(speech - floor)


def trim_to_speech(
    times: Sequence[Interval], voiced: Sequence[Interval], most: Fraction | None = None
) -> list[Interval]:
    """Word times without the silence they swallowed.

    A word that spans a pause keeps the part in which most of it is voiced. A word in which no voice
    was found is left as it is.

    Args:
        times: of words, in order.
        voiced: from `speech_intervals`.
        most: how much may be taken off either end; None for all of it.
    """
    ends = [stretch.end for stretch in voiced]
    trimmed = []
    for time in times:
        overlaps = []
        index = bisect_left(ends, time.start)
        while index < len(voiced) and voiced[index].start < time.end:
            start, end = max(time.start, voiced[index].start), min(time.end, voiced[index].end)
            if end > start:
                overlaps.append(Interval(start, end))
            index += 1
        if not overlaps:
            trimmed.append(time)
            continue
        if most is None:
            trimmed.append(max(overlaps, key=lambda stretch: stretch.duration))
            continue
        start, end = overlaps[0].start, overlaps[-1].end
        trimmed.append(
            Interval(
                start if start - time.start <= most else time.start,
                end if time.end - end <= most else time.end,
            )
        )
    return trimmed


def _close(mask: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """The mask with holes of up to ``most`` frames filled."""
    edges = np.flatnonzero(np.diff(np.concatenate([[1], mask.astype(np.int8), [1]])))
    closed = mask.copy()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start <= most and start > 0 and end < len(mask):
            closed[start:end] = True
    return closed
