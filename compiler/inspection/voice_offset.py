"""Where the voice really is in a reel: its offset from the narration, by cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backend.audio.mix import Mix
from ..media.samples import SAMPLE_RATE, SoundReader

WINDOW_S = 6.0
"""Seconds of sound that are compared at a place."""
REACH_S = 1.0
"""The largest offset that is found."""
CLEAR = 4.0
"""By how much the best offset must stand out from the others to be believed."""


@dataclass(frozen=True, slots=True)
class VoiceOffset:
    """How much later the voice is in the reel than planned, at a place; None where nothing is
    clear."""

    at_s: float
    ms: float | None


def voice_offsets(reel: Path, voice: Mix, length_s: float) -> list[VoiceOffset]:
    """Offsets near the start, the middle and the end of a reel.

    Args:
        reel: the finished file.
        voice: the narration alone, as planned.
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
        shift = _best_shift(heard, expected)
        earliest = min(start, reach)
        ms = None if shift is None else (shift - earliest) / SAMPLE_RATE * 1000
        offsets.append(VoiceOffset(round(place, 3), ms))
    return offsets


class _Planned:
    """The planned voice, a stretch at a time, in order."""

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
    """Where in what is heard the expected sound begins, in samples.

    By the phase of the cross spectrum (Knapp and Carter 1976), which music beside the voice and the
    limiter's work on its level disturb little.
    """
    if float(np.abs(expected).max(initial=0.0)) < 1e-4:
        return None
    size = 1 << (len(heard) + len(expected)).bit_length()
    cross = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size))
    weight = np.abs(cross) ** 0.7 + 1e-12
    likeness = np.fft.irfft(cross / weight, size)[: len(heard) - len(expected) + 1]
    best = int(np.argmax(likeness))
    spread = float(np.std(likeness))
    return best if likeness[best] > CLEAR * spread else None
