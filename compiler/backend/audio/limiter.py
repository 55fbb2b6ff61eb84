"""Keeping true peaks under a ceiling: a limiter that looks ahead, without delay.

The gain is worked out for every millisecond: what its highest true peak allows (the signal four
times oversampled, as ITU-R BS.1770 measures it), looked ahead for, let go slowly, and smoothed.
Where nothing is too high the signal is only multiplied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...media.samples import SAMPLE_RATE, Samples

HOP = SAMPLE_RATE // 1000
"""Samples that share one value of gain, before a line is drawn through the values."""
AHEAD = 5
"""Hops over which the gain goes down before a peak."""
RELEASE_S = 0.08
"""Seconds in which two thirds of the gain come back."""
_TAPS = 12
"""Samples on either side that a value between two samples is worked out from."""
_SURELY_BELOW = 0.5
"""Between samples a signal hardly rises to twice their height: quieter blocks are not searched."""


def limited(blocks: Iterable[Samples], gain_db: float, ceiling_dbtp: float) -> Iterator[Samples]:
    """Sound brought up by a gain, its true peaks held under a ceiling.

    Args:
        blocks: of any length.
        gain_db: applied first.
        ceiling_dbtp: in decibels of full scale.

    Yields:
        Blocks of the same lengths, at the same places; they lag behind those taken.
    """
    factor = np.float32(10 ** (gain_db / 20))
    ceiling = 10 ** (ceiling_dbtp / 20)
    gain = _Gain()
    waiting: deque[Samples] = deque()
    before = np.zeros((2 * _TAPS, 2), np.float32)
    for block in blocks:
        loud = block * factor
        # A sample's peak is known once `_TAPS` more have come: the search lags behind by these.
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
    """Taps that give the value a fraction of a sample after the last one before the middle."""
    distance = np.arange(2 * _TAPS) - (_TAPS - 1 + fraction)
    window = np.cos(np.pi * distance / (2 * _TAPS + 1)) ** 2
    taps: NDArray[np.float64] = np.sinc(distance) * window
    return taps


_BETWEEN = tuple(_sinc(quarter / 4) for quarter in (1, 2, 3))


def _allowed(stretch: Samples, ceiling: float) -> NDArray[np.float64]:
    """The gain that each sample allows, for all but `_TAPS` samples at either end."""
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
    """The smooth gain of every sample, from what each one allows.

    With ``r`` what a hop allows: the least of it and the next hops (look-ahead), recovering slowly
    (release), averaged over the hops before (a ramp down that arrives in time). An average over
    values each of which already knows of a hop is never above what that hop allows; nor is a
    line through the lower ones of two neighbours.
    """

    def __init__(self) -> None:
        self._to_drop = _TAPS  # what comes first lies before the sound
        self._rest = np.ones(0)
        self._hops: deque[float] = deque([1.0] * (AHEAD - 1))
        self._held = 1.0
        self._recent: deque[float] = deque([1.0] * AHEAD, AHEAD)
        self._before = 1.0
        self._edges: list[float] = [1.0]
        self._lead = HOP * AHEAD
        self._ready: deque[NDArray[np.float32]] = deque()
        self.known = 0
        """Samples whose gain is worked out and not taken."""

    def add(self, allowed: NDArray[np.float64]) -> None:
        """Go on by what more samples allow."""
        dropped = min(self._to_drop, len(allowed))
        self._to_drop -= dropped
        values = np.concatenate([self._rest, allowed[dropped:]])
        whole = len(values) // HOP * HOP
        self._rest = values[whole:]
        self._add_hops(values[:whole].reshape(-1, HOP).min(axis=1).tolist())

    def finish(self) -> None:
        """Work out the gain of all samples that are left; nothing comes after them."""
        last = [float(self._rest.min(initial=1.0))]
        self._add_hops([*last, *[1.0] * (AHEAD + 2)])

    def take(self, count: int) -> NDArray[np.float32]:
        """The gain of the next samples."""
        taken: list[NDArray[np.float32]] = []
        missing = count
        while missing:
            piece = self._ready.popleft()
            if len(piece) > missing:
                self._ready.appendleft(piece[missing:])
                piece = piece[:missing]
            taken.append(piece)
            missing -= len(piece)
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
        self._draw()

    def _draw(self) -> None:
        """Lines through the edges of hops that are known."""
        count = len(self._edges) - 1
        places = np.arange(count * HOP) + 0.5
        line = np.interp(places, np.arange(count + 1) * HOP, self._edges).astype(np.float32)
        self._edges = self._edges[-1:]
        early = min(self._lead, len(line))
        self._lead -= early
        if early < len(line):
            self._ready.append(line[early:])
            self.known += len(line) - early
