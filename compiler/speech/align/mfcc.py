"""Mel-frequency cepstra (MFCC), as the front end of CMU Sphinx computes them for its model.

Pre-emphasis, Hamming windows of 25.6 ms every 10 ms, 25 mel bands from 130 to 6800 Hz, noise
suppression (`fe_noise.c` of PocketSphinx, after Kim and Stern's power-normalised cepstra),
logarithm, cosine transform, liftering. The loop over frames is compiled (``_loops.c``) if there was
a C compiler at installation; else NumPy does the same, to the last bit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...media.sample_file import SampleSource
from ...media.samples import SPEECH_RATE
from .compiled_loops import compiled

Array = NDArray[np.float32]

HOP = SPEECH_RATE // 100
"""Samples between frames."""
WINDOW = 410
"""Samples in a frame's window: its middle is 12.8 ms after the frame's start."""
CEPSTRA = 13
_FFT = 512
_BANDS = 25
_LOW_HZ, _HIGH_HZ = 130.0, 6800.0
_PRE_EMPHASIS = 0.97
_LIFTER = 22
_LEAST_POWER = 10.0
"""Mel power of noise in the last of 16 bits: the floor for digital silence."""
_BLOCK = 128
"""Frames at once: too few for OpenBLAS to start threads (see `acoustic_model.BLOCK`)."""
_MEAN_STEP, _MEAN_STEPS = 1000, 12
"""Frames between two cepstral means, and such steps in the window of one."""
_SAMPLED = 256
"""Frames of each sample of the search for missing bands."""
_MISSING = 7.5
"""Least level of a missing band below the strongest band, in nats (33 dB). Wideband voices have 2
to 5, at most 7 with muffled microphones; telephones and 8 kHz have 8 to 14."""


def cepstra(samples: SampleSource) -> Array:
    """Return the denoised cepstra of a recording, one row of 13 every 10 ms.

    Args:
        samples: mono, 16 kHz.

    Returns:
        ``[len(samples) // 160, 13]``; windows at the end are padded with zeros.
    """
    found = np.empty((len(samples) // HOP, CEPSTRA), np.float32)
    suppress = _NoiseSuppressor()
    fill = _missing_bands(samples)
    for first in range(0, len(found), _BLOCK):
        mel = np.maximum(_mel_power(samples, first, min(len(found), first + _BLOCK)), _LEAST_POWER)
        found[first : first + _BLOCK] = np.log(suppress(mel)) @ fill @ cepstra_of_bands()
    return found


def _missing_bands(samples: SampleSource) -> NDArray[np.float64]:
    """Return the matrix that gives bands beyond a recording's own the mean of the nearest four.

    A telephone carries 300 to 3400 Hz, which the model has never heard: the mean of speech then has
    edges that a pause has not, and after its subtraction pauses sound like nasals.
    """
    filled = np.eye(_BANDS)
    count = len(samples) // HOP
    if not count:
        return filled
    places = np.linspace(0, max(0, count - _SAMPLED), 16).astype(int)
    parts = [
        _mel_power(samples, first, min(count, int(at) + _SAMPLED, first + _BLOCK))
        for at in places
        for first in range(int(at), min(count, int(at) + _SAMPLED), _BLOCK)
    ]
    level = np.log(np.percentile(np.concatenate(parts), 95, axis=0) + _LEAST_POWER)
    own = np.flatnonzero(level > level.max() - _MISSING)
    for band in set(range(_BANDS)) - set(range(own[0], own[-1] + 1)):
        filled[:, band] = 0
        filled[own[:4] if band < own[0] else own[-4:], band] = 1 / len(own[:4])
    return filled


def normalised(values: Array) -> Array:
    """Subtract the cepstral mean, which removes the response of microphone and room.

    It is the mean of two minutes around a frame: in a long recording voices change, and music has
    a mean of its own.
    """
    count = -(-len(values) // _MEAN_STEP)
    sums, sounding = np.zeros((count + 1, values.shape[1])), np.zeros(count + 1)
    for block in range(count):
        part = values[block * _MEAN_STEP : (block + 1) * _MEAN_STEP]
        heard = part[part[:, 0] > 0]
        sums[block + 1], sounding[block + 1] = heard.sum(axis=0, dtype=np.float64), len(heard)
    sums, sounding = np.cumsum(sums, axis=0), np.cumsum(sounding)
    if not count or not sounding[-1]:
        return values
    width = min(count, _MEAN_STEPS)
    firsts = np.clip(np.arange(count) - width // 2, 0, count - width)
    weights = sounding[firsts + width] - sounding[firsts]
    # A window without sound takes the mean of all.
    means = (sums[firsts + width] - sums[firsts] + sums[-1] / sounding[-1]) / (weights + 1)[:, None]
    found = values.copy()
    centres = (np.arange(count) + 0.5) * _MEAN_STEP
    for first in range(0, len(values), _MEAN_STEP):
        frames = np.arange(first, min(len(values), first + _MEAN_STEP))
        for column in range(values.shape[1]):
            found[frames, column] -= np.interp(frames, centres, means[:, column])
    return found


def with_deltas(values: Array, frames: NDArray[np.int64] | None = None) -> Array:
    """Return ``[frames, 39]``: cepstra, deltas and double deltas, as Sphinx's ``1s_c_d_dd``.

    Args:
        values: the cepstra of a recording.
        frames: the numbers of its frames to return; all if it is None.
    """
    chosen = np.arange(len(values)) if frames is None else frames

    def at(shift: int) -> Array:
        return values[np.clip(chosen + shift, 0, len(values) - 1)]

    slope = at(2) - at(-2)
    curve = (at(3) - at(-1)) - (at(1) - at(-3))
    return np.concatenate([at(0), slope, curve], axis=1)


def _mel_power(samples: SampleSource, first: int, last: int) -> NDArray[np.float64]:
    """Return the power of frames ``[first, last)`` in mel bands, ``[last - first, 25]``."""
    begin = first * HOP
    need = (last - first - 1) * HOP + WINDOW
    part = samples[max(0, begin - 1) : begin + need].astype(np.float64)
    previous = part[0] if begin else 0.0
    part = part[1:] if begin else part
    part = np.pad(part, (0, need - len(part)))
    emphasised = part - _PRE_EMPHASIS * np.concatenate([[previous], part[:-1]])
    frames = np.lib.stride_tricks.sliding_window_view(emphasised, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * np.hamming(WINDOW), _FFT)
    return np.asarray((spectrum.real**2 + spectrum.imag**2) @ _mel_filters())


class _NoiseSuppressor:
    """Multiplies mel power by a gain per band, down to 1/20 in steady noise."""

    def __init__(self) -> None:
        self._state: tuple[NDArray[np.float64], ...] = ()
        """Power, noise, floor and peak after the last frame."""

    def __call__(self, mel: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the denoised mel power of the frames that follow, ``[frames, 25]``."""
        if not self._state:
            self._state = (mel[0].copy(), mel[0] / 20, mel[0] / 20, np.zeros(_BANDS))
        power, noise, floor, peak = self._state
        gains = np.empty_like(mel)
        if compiled is not None:
            compiled.suppress(mel, *self._state, gains)
            return np.asarray(mel * (np.clip(gains, 1 / 20, 20) @ _smoothing()))
        for index, frame in enumerate(mel):
            power += 0.3 * (frame - power)
            noise += np.where(power >= noise, 0.001, 0.5) * (power - noise)
            signal = np.maximum(power - noise, 1.0)
            floor += np.where(signal >= floor, 0.001, 0.5) * (signal - floor)
            peak *= 0.85
            masked = np.where(signal < 0.85 * peak, 0.2 * peak, signal)
            np.maximum(peak, signal, out=peak)
            gains[index] = np.maximum(masked, floor) / np.maximum(power, 1e-9)
        return np.asarray(mel * (np.clip(gains, 1 / 20, 20) @ _smoothing()))


@cache
def _smoothing() -> NDArray[np.float64]:
    """Return the matrix of a moving average over four bands to either side."""
    bands = np.arange(_BANDS)
    near = (abs(bands[:, None] - bands[None, :]) <= 4).astype(np.float64)
    return np.asarray(near / near.sum(axis=0))


@cache
def _mel_filters() -> NDArray[np.float64]:
    """Return triangular filters of unit area on the mel scale, with edges at FFT bins."""

    def mel(hz: float) -> float:
        return 2595.0 * float(np.log10(1 + hz / 700))

    width = SPEECH_RATE / _FFT
    edges = 700 * (10 ** (np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), _BANDS + 2) / 2595) - 1)
    edges = np.floor(edges / width + 0.5) * width
    bins = np.arange(_FFT // 2 + 1) * width
    filters = np.zeros((len(bins), _BANDS))
    for band in range(_BANDS):
        left, centre, right = edges[band : band + 3]
        rising = (bins - left) / max(centre - left, 1e-9)
        falling = (right - bins) / max(right - centre, 1e-9)
        filters[:, band] = np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)
    return filters


@cache
def cepstra_of_bands() -> NDArray[np.float64]:
    """Return the orthonormal DCT-II with Sphinx's sine lifter, ``[25, 13]``."""
    band = np.arange(_BANDS) + 0.5
    matrix = np.cos(np.pi * np.outer(band, np.arange(CEPSTRA)) / _BANDS)
    matrix *= np.sqrt(2 / _BANDS)
    matrix[:, 0] /= np.sqrt(2)
    lifter = 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / _LIFTER)
    return np.asarray(matrix * lifter)


@cache
def bands_of_cepstra() -> NDArray[np.float64]:
    """Return the inverse transform, ``[13, 25]``: logarithmic mel bands, smooth."""
    return np.asarray(np.linalg.pinv(cepstra_of_bands()), np.float64)
