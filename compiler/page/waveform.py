"""Waveforms: the loudest sample of every step of time, a byte each."""

from __future__ import annotations

import numpy as np

from ..backend.audio.mix import Mix
from ..media.samples import SAMPLE_RATE

MOST = 90_000
"""Peaks of a track: a quarter of an hour at the finest step."""
_STEPS = (100, 50, 25, 10, 5, 2, 1)
"""Peaks a second; they divide a second's samples without a rest."""


def peaks_per_second(length_s: float) -> int:
    """How fine the waveforms of a reel of that length are."""
    return next((step for step in _STEPS if step * length_s <= MOST), _STEPS[-1])


def peaks_of(mix: Mix, per_second: int) -> bytes:
    """Peaks of a mix: 255 times the square root of the loudest sample, so that soft sound is seen.

    Raises:
        WorkError: a file cannot be decoded.
    """
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
