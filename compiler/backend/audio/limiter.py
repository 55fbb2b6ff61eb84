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
_SURELY_BELOW = 0.5
"""Share of the ceiling below which a block is not oversampled: inter-sample peaks are hardly twice
as high as the samples."""


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
    inner = np.abs(stretch[_TAPS : len(stretch) - _TAPS])
    if float(np.abs(stretch).max(initial=0.0)) < ceiling * _SURELY_BELOW:
        return np.ones(len(inner))
    peaks = inner.max(axis=1).astype(np.float64)
    for channel in stretch.T:
        for taps in _BETWEEN:
            # One value before each sample and one after the last.
            between = np.abs(np.correlate(channel, taps, mode="valid"))
            np.maximum(peaks, between[:-1], out=peaks)
            np.maximum(peaks, between[1:], out=peaks)
    allowed: NDArray[np.float64] = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    return allowed


class _Gain:
    """Smooths the highest gain of each sample.

    The minimum over a hop and the next ones (look-ahead) recovers slowly (release) and is averaged
    over the hops before (a ramp that arrives in time). An average of values that all allow for a
    hop never exceeds the gain of that hop; nor does a line through the lower of two neighbours.
    """

    def __init__(self) -> None:
        self._to_drop = _TAPS  # the padding before the sound
        self._rest = np.ones(0)
        self._hops: deque[float] = deque([1.0] * (AHEAD - 1))
        self._held = 1.0
        self._recent: deque[float] = deque([1.0] * AHEAD, AHEAD)
        self._before = 1.0
        self._edges: list[float] = [1.0]
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
        self._add_hops(values[:whole].reshape(-1, HOP).min(axis=1).tolist())

    def finish(self) -> None:
        """Compute the gain of all remaining samples, at the end of the sound."""
        last = [float(self._rest.min(initial=1.0))]
        self._add_hops([*last, *[1.0] * (AHEAD + 2)])

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

    def _add_hops(self, hops: list[float]) -> None:
        release = float(np.exp(-0.001 / RELEASE_S))
        for hop in hops:
            self._hops.append(hop)
            least = min(self._hops)
            self._hops.popleft()
            self._held = min(least, 1 - (1 - self._held) * release)
            self._recent.append(self._held)
            average = sum(self._recent) / AHEAD
            self._edges.append(min(self._before, average))
            self._before = average
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
