"""Waveforms: the peak of every time step, a byte each."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..backend.audio.mix import Mix
from ..files.file_version import FileVersion, file_version
from ..media.samples import SAMPLE_RATE

MOST = 90_000
"""Most peaks of a track: a quarter of an hour at the finest step."""
_STEPS = (100, 50, 25, 10, 5, 2, 1)
"""Peaks a second; they divide the sample rate."""


def peaks_per_second(length_s: float) -> int:
    """Return the finest resolution that keeps a reel's waveforms within `MOST`."""
    return next((step for step in _STEPS if step * length_s <= MOST), _STEPS[-1])


def peaks_of(mix: Mix, per_second: int) -> bytes:
    """Measure a mix: 255 times the square root of each peak, so that soft sound is visible.

    Raises:
        WorkError: a file cannot be decoded.
    """
    if not any(track.duck_db for track in mix.tracks):
        mix = replace(mix, speech=())  # Other words change nothing.
    paths = {clip.path for track in mix.tracks for clip in track.clips}
    return _measured(mix, per_second, frozenset(map(file_version, paths)))


@lru_cache(64)
def _measured(mix: Mix, per_second: int, _: frozenset[FileVersion]) -> bytes:
    step = SAMPLE_RATE // per_second
    found = []
    for block in mix.blocks():
        loud = np.abs(block).max(axis=1)
        padded = np.zeros(-(-len(loud) // step) * step, np.float32)
        padded[: len(loud)] = loud
        found.append(padded.reshape(-1, step).max(axis=1))
    if not found:
        return b""
    levels = np.sqrt(np.clip(np.concatenate(found), 0, 1)) * 255
    return bytes(levels.round().astype(np.uint8))
