"""Ducking: the envelope of music under speech, and speech detection by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import opentimelineio as otio
from numpy.typing import NDArray

from ...media.samples import SAMPLE_RATE, Samples
from ...timeline.metadata import own_metadata
from ...timeline.properties import visible_start

ATTACK_S = 0.25
"""Seconds in which music ducks before a word."""
RELEASE_S = 0.5
"""Seconds in which it recovers after a word."""
BREATH_S = 0.8
"""Pauses shorter than this never bring the music back."""
FLOOR_DB = -45.0
"""Level (dBFS over `_WINDOW`) above which a voice track counts as speech."""
_WINDOW = SAMPLE_RATE // 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """Break points (seconds, 0 to 1) of the ducking depth, interpolated linearly.

    Linear in decibels, so that a fade sounds even.
    """

    times: NDArray[np.float64]
    depths: NDArray[np.float64]

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the depth at times in seconds."""
        if not len(self.times):
            return np.zeros(len(times))
        return np.asarray(np.interp(times, self.times, self.depths))


def duck_envelope(
    speech: Sequence[tuple[float, float]], attack_s: float = ATTACK_S, release_s: float = RELEASE_S
) -> Envelope:
    """Return the envelope for ranges of speech.

    Between two ranges the music recovers only if there is time to recover fully.

    Args:
        speech: (start, end) in seconds, in any order; may overlap.
        attack_s: seconds of the ramp that ends at the start of a range.
        release_s: seconds of the ramp that starts at the end of a range.
    """
    merged = _merged(speech, max(BREATH_S, attack_s + release_s))
    times = [
        time
        for start, end in merged
        for time in (start - attack_s, start, max(start, end), max(start, end) + release_s)
    ]
    return Envelope(np.array(times), np.array([0.0, 1.0, 1.0, 0.0] * len(merged)))


def _merged(
    ranges: Iterable[tuple[float, float]], shortest_s: float
) -> tuple[tuple[float, float], ...]:
    """Merge ranges between which there is less than a pause."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(ranges):
        if merged and start - merged[-1][1] < shortest_s:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def spoken(timeline: otio.schema.Timeline) -> tuple[tuple[float, float], ...]:
    """Return the speech of a timeline's metadata as ranges of the reel, in seconds.

    Words without a pause between them are one range: where one ends within it changes no sound.
    """
    words, start = own_metadata(timeline).get("words") or (), float(visible_start(timeline))
    times = ((float(word["start"]) - start, float(word["end"]) - start) for word in words)
    return _merged(times, BREATH_S)


def loud_ranges(blocks: Iterable[Samples]) -> tuple[tuple[float, float], ...]:
    """Return the ranges in which sound is louder than `FLOOR_DB`, in seconds from its start.

    Args:
        blocks: the sound; each block but the last is a whole number of windows long.
    """
    ranges: list[tuple[float, float]] = []
    position = 0
    for block in blocks:
        for start in range(0, len(block), _WINDOW):
            part = block[start : start + _WINDOW]
            begin = (position + start) / SAMPLE_RATE
            if 10 * np.log10(float(np.mean(part * part)) + 1e-12) > FLOOR_DB:
                end = begin + len(part) / SAMPLE_RATE
                if ranges and begin - ranges[-1][1] < BREATH_S:
                    ranges[-1] = (ranges[-1][0], end)
                else:
                    ranges.append((begin, end))
        position += len(block)
    return tuple(ranges)
