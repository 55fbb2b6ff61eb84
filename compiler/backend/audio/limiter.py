"""A true-peak limiter with look-ahead and no delay.

For every millisecond the gain is computed from the highest true peak in it (four times
oversampled, as in ITU-R BS.1770), with look-ahead, a slow release, and smoothing. Below the ceiling
the signal is only multiplied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...media.samples import SAMPLE_RATE, Samples

HOP = SAMPLE_RATE // 1000
"""Samples that share one gain value, before interpolation."""
AHEAD = 5
"""Hops of look-ahead, in which the gain falls before a peak."""
RELEASE_S = 0.08
"""Time constant: two thirds of the gain recover in it."""
_TAPS = 12
"""Samples on either side that an interpolated value depends on."""
_SURELY_BELOW = 0.42
"""Share of the ceiling below which samples are not oversampled: no value between them is higher
than 2.34 times the highest of them, the sum of the magnitudes of the taps."""
_NEAR = HOP * 10
"""Samples between loud ones that are oversampled together with them."""


def limit_peaks(
    blocks: Iterable[Samples], gain_db: float, ceiling_dbtp: float
) -> Iterator[Samples]:
    """Apply a gain and hold true peaks below a ceiling.

    Args:
        blocks: of any length.
        gain_db: applied first.
        ceiling_dbtp: in decibels of full scale.

    Yields:
        Blocks of the same lengths, later than they are consumed, but without delay in time.
    """
    factor = np.float32(10 ** (gain_db / 20))
    ceiling = 10 ** (ceiling_dbtp / 20)
    gain = _Gain()
    waiting: deque[Samples] = deque()
    before = np.zeros((2 * _TAPS, 2), np.float32)
    for block in blocks:
        loud = block * factor
        # A sample's peak is known only after `_TAPS` more samples.
        stretch = np.concatenate([before, loud])
        gain.add(_allowed(stretch, ceiling))
        before = stretch[-2 * _TAPS :]
        waiting.append(loud)
        while waiting and gain.known >= len(waiting[0]):
            ready = waiting.popleft()
            yield ready * gain.take(len(ready))[:, None]
    gain.add(_allowed(np.concatenate([before, np.zeros((_TAPS, 2), np.float32)]), ceiling))
    gain.finish()
    for ready in waiting:
        yield ready * gain.take(len(ready))[:, None]


def _sinc(fraction: float) -> NDArray[np.float64]:
    """Return the taps of a windowed sinc that interpolates at a fraction of a sample."""
    distance = np.arange(2 * _TAPS) - (_TAPS - 1 + fraction)
    window = np.cos(np.pi * distance / (2 * _TAPS + 1)) ** 2
    taps: NDArray[np.float64] = np.sinc(distance) * window
    return taps


_BETWEEN = tuple(_sinc(quarter / 4) for quarter in (1, 2, 3))


def _allowed(stretch: Samples, ceiling: float) -> NDArray[np.float64]:
    """Return the highest gain of each sample, without `_TAPS` samples at either end."""
    allowed = np.ones(len(stretch) - 2 * _TAPS)
    loud = np.flatnonzero(_levels(stretch) >= ceiling * _SURELY_BELOW)
    if len(loud):
        breaks = np.flatnonzero(np.diff(loud) > 2 * _TAPS + _NEAR)
        firsts, lasts = loud[[0, *(breaks + 1)]], loud[[*breaks, -1]]
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            start, end = max(0, first - 2 * _TAPS), min(len(allowed), last + 1)
            if start < end:
                allowed[start:end] = _oversampled(stretch[start : end + 2 * _TAPS], ceiling)
    return allowed


def _oversampled(stretch: Samples, ceiling: float) -> NDArray[np.float64]:
    """Return the highest gain as `_allowed` does, from values between all samples."""
    peaks = _levels(stretch[_TAPS : len(stretch) - _TAPS]).astype(np.float64)
    for channel in stretch.T:
        for taps in _BETWEEN:
            # One value before each sample and one after the last.
            between = np.abs(np.correlate(channel, taps, mode="valid"))
            np.maximum(peaks, between[:-1], out=peaks)
            np.maximum(peaks, between[1:], out=peaks)
    allowed: NDArray[np.float64] = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    return allowed


def _levels(samples: Samples) -> NDArray[np.float32]:
    """Return the level of the louder channel."""
    levels = np.abs(samples)
    return np.maximum(levels[:, 0], levels[:, 1])


class _Gain:
    """Smooths the highest gain of each sample.

    The minimum over a hop and the next ones (look-ahead) recovers slowly (release) and is averaged
    over the hops before (a ramp that arrives in time). An average of values that all allow for a
    hop never exceeds the gain of that hop; nor does a line through the lower of two neighbours.
    """

    def __init__(self) -> None:
        self._to_drop = _TAPS  # the padding before the sound
        self._rest = np.ones(0)
        self._hops = np.ones(AHEAD - 1)
        self._held = np.ones(AHEAD - 1)
        self._before = 1.0
        self._edges = np.ones(1)
        self._lead = HOP * AHEAD
        self._ready: deque[NDArray[np.float32]] = deque()
        self.known = 0
        """Samples whose gain is computed and not yet taken."""

    def add(self, allowed: NDArray[np.float64]) -> None:
        """Add the highest gain of further samples."""
        dropped = min(self._to_drop, len(allowed))
        self._to_drop -= dropped
        values = np.concatenate([self._rest, allowed[dropped:]])
        whole = len(values) // HOP * HOP
        self._rest = values[whole:]
        self._add_hops(values[:whole].reshape(-1, HOP).min(axis=1))

    def finish(self) -> None:
        """Compute the gain of all remaining samples, at the end of the sound."""
        self._add_hops(np.append(self._rest.min(initial=1.0), np.ones(AHEAD + 2)))

    def take(self, count: int) -> NDArray[np.float32]:
        """Return the gain of the next samples."""
        taken: list[NDArray[np.float32]] = []
        missing = count
        while missing:
            block = self._ready.popleft()
            if len(block) > missing:
                self._ready.appendleft(block[missing:])
                block = block[:missing]
            taken.append(block)
            missing -= len(block)
        self.known -= count
        return np.concatenate(taken) if taken else np.ones(0, np.float32)

    def _add_hops(self, hops: NDArray[np.float64]) -> None:
        if not len(hops):
            return
        known = np.concatenate([self._hops, hops])
        self._hops = known[len(hops) :]
        release, held, recovered = float(np.exp(-0.001 / RELEASE_S)), float(self._held[-1]), []
        for least in _windows(known).min(axis=1).tolist():
            held = min(least, 1 - (1 - held) * release)
            recovered.append(held)
        known = np.concatenate([self._held, recovered])
        self._held = known[len(hops) :]
        averages = np.concatenate([[self._before], sum(_windows(known).T) / AHEAD])
        self._before = averages[-1]
        self._edges = np.concatenate([self._edges, np.minimum(averages[:-1], averages[1:])])
        self._interpolate()

    def _interpolate(self) -> None:
        """Interpolate between the edges of the known hops."""
        count = len(self._edges) - 1
        places = np.arange(count * HOP) + 0.5
        line = np.interp(places, np.arange(count + 1) * HOP, self._edges).astype(np.float32)
        self._edges = self._edges[-1:]
        early = min(self._lead, len(line))
        self._lead -= early
        if early < len(line):
            self._ready.append(line[early:])
            self.known += len(line) - early


def _windows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each `AHEAD` consecutive values, shape ``(windows, AHEAD)``."""
    return np.lib.stride_tricks.sliding_window_view(values, AHEAD)
