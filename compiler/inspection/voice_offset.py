"""Offset of the voice in a reel from the narration, by cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backend.audio.mix import Mix
from ..media.samples import SAMPLE_RATE, SoundReader

WINDOW_S = 6.0
"""Seconds of sound that are compared at one place."""
REACH_S = 1.0
"""Largest measurable offset."""
CLEAR = 4.0
"""Standard deviations by which the best match must exceed the others."""
_SILENCE = 1e-4


@dataclass(frozen=True, slots=True)
class VoiceOffset:
    """The offset of the voice at one place of a reel.

    Attributes:
        at_s: the place, in seconds.
        ms: how many milliseconds late the voice is; None if the match is not clear.
        silent: whether the timeline is silent there.
    """

    at_s: float
    ms: float | None
    silent: bool = False


def voice_offsets(reel: Path, voice: Mix, length_s: float) -> list[VoiceOffset]:
    """Measure the offset near the start, the middle and the end of a reel.

    Args:
        reel: the finished file.
        voice: the narration alone, as in the timeline.
        length_s: of the reel.
    """
    spoken = [stretch for stretch in voice.speech if stretch[1] > stretch[0]]
    first = spoken[0][0] if spoken else 0.0
    last = spoken[-1][1] if spoken else length_s
    wanted = [first, (first + last - WINDOW_S) / 2, last - WINDOW_S]
    places = [min(max(0.0, place), max(0.0, length_s - WINDOW_S)) for place in wanted]
    planned = _Planned(voice)
    reader = SoundReader(reel)
    offsets = []
    for place in places:
        start, count = round(place * SAMPLE_RATE), round(WINDOW_S * SAMPLE_RATE)
        reach = round(REACH_S * SAMPLE_RATE)
        heard = reader.read(max(0, start - reach), count + 2 * reach).mean(axis=1)
        expected = planned.read(start, count)
        silent = float(np.abs(expected).max(initial=0.0)) < _SILENCE
        shift = None if silent else _best_shift(heard, expected)
        earliest = min(start, reach)
        ms = None if shift is None else (shift - earliest) / SAMPLE_RATE * 1000
        offsets.append(VoiceOffset(round(place, 3), ms, silent))
    return offsets


class _Planned:
    """Reads the narration of a timeline, in order."""

    def __init__(self, voice: Mix):
        self._voice = voice

    def read(self, start: int, count: int) -> NDArray[np.float64]:
        found = np.zeros(count)
        position = 0
        for block in self._voice.blocks():
            first, last = max(start, position), min(start + count, position + len(block))
            if first < last:
                part = block[first - position : last - position].mean(axis=1)
                found[first - start : last - start] = part
            position += len(block)
            if position >= start + count:
                break
        return found


def _best_shift(heard: NDArray[np.floating], expected: NDArray[np.floating]) -> int | None:
    """Return the sample of the heard sound at which the expected sound starts; None if not clear.

    Cross-correlation weighted by phase (GCC-PHAT, Knapp and Carter 1976), which music and the
    limiter disturb little.
    """
    size = 1 << (len(heard) + len(expected)).bit_length()
    cross = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size))
    weight = np.abs(cross) ** 0.7 + 1e-12
    likeness = np.fft.irfft(cross / weight, size)[: len(heard) - len(expected) + 1]
    best = int(np.argmax(likeness))
    spread = float(np.std(likeness))
    return best if likeness[best] > CLEAR * spread else None
