"""Compensation of the acoustic model for noise: what its sounds are like where noise is added.

Noise adds power, so it fills the weak bands of a sound and leaves the strong ones. Each Gaussian
is moved accordingly: its mean in mel bands becomes the logarithm of the sum of two powers (Gales
and Young, "Robust continuous speech recognition using parallel model combination", IEEE
Transactions on Speech and Audio Processing 4, 1996), its variance, and the slopes, follow to first
order (Moreno, Raj and Stern, "A vector Taylor series approach for environment-independent speech
recognition", ICASSP 1996).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import SILENCE, AcousticModel
from .mfcc import CEPSTRA, Array, bands_of_cepstra, cepstra_of_bands, with_deltas

LEAST_PAUSE = 30
"""Frames of noise below which it is not known."""
_QUIET, _LOUD = 15, 40
"""Percentiles of loudness below which frames are pauses, and above which they are speech, before
anything is known of the words."""
_SMOOTHED = 15
"""Frames over which loudness is measured."""
_STRONG = 90
"""Percentile of a band's level that noise does not reach: it tells how loud the voice is."""
_Floats = NDArray[np.float64]


def pauses_and_speech(cepstra: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the frames that are pauses and those that are speech, by loudness."""
    loudness = np.convolve(cepstra[:, 0], np.full(_SMOOTHED, 1 / _SMOOTHED), "same")
    quiet, loud = np.percentile(loudness, [_QUIET, _LOUD])
    return np.flatnonzero(loudness <= quiet), np.flatnonzero(loudness >= loud)


def compensated(
    model: AcousticModel, cepstra: Array, pauses: NDArray[np.int64], speech: NDArray[np.int64]
) -> AcousticModel:
    """Return a model of the sounds of clean speech in the noise of a recording.

    Args:
        model: of clean speech.
        cepstra: of the recording.
        pauses, speech: frames with noise alone, and with the voice.
    """
    streams = with_deltas(cepstra, pauses).reshape(len(pauses), 3, CEPSTRA).astype(np.float64)
    spread = streams.var(axis=0)
    to_bands, to_cepstra = bands_of_cepstra(), cepstra_of_bands()
    noise = streams[:, 0].mean(axis=0) @ to_bands
    gaussians = [model.gaussians(stream) for stream in range(3)]
    shares = model.shares()
    voice = gaussians[0][0] @ to_bands
    level = np.percentile(cepstra[speech] @ to_bands, _STRONG, axis=0)
    phones = [n for n, name in enumerate(model.phones) if name != SILENCE and name[0] != "+"]
    clean = voice + (level - _strong(voice[phones], shares[phones])) @ (to_cepstra @ to_bands)
    kept = 1 / (1 + np.exp(noise - clean))
    means = np.logaddexp(clean, noise) @ to_cepstra
    by_voice, by_noise = (
        np.einsum("im,pgm,mj->pgij", to_bands, share, to_cepstra, optimize=True)
        for share in (kept, 1 - kept)
    )
    changed = [(means, _spread(gaussians[0][1], by_voice) + _spread(spread[0], by_noise))]
    # Slopes have Gaussians of their own: they follow the mean of their phone.
    by_voice, by_noise = (
        np.einsum("pg,pgij->pij", shares, each)[:, None] for each in (by_voice, by_noise)
    )
    for (mean, variance), noisy in zip(gaussians[1:], spread[1:], strict=True):
        moved = np.einsum("pgi,pxij->pgj", mean, by_voice)
        changed.append((moved, _spread(variance, by_voice) + _spread(noisy, by_noise)))
    return model.with_gaussians(changed)


def _spread(variance: _Floats, change: _Floats) -> _Floats:
    """Return variances after a linear change ``[..., 13, 13]`` of independent values."""
    return np.asarray(np.matmul(variance[..., None, :], change**2)[..., 0, :])


def _strong(bands: _Floats, shares: _Floats) -> _Floats:
    """Return the level of each band that the model's strong sounds reach, ``[25]``."""
    values, weights = bands.reshape(-1, bands.shape[2]), shares.ravel()
    order = np.argsort(values, axis=0)
    below = np.cumsum(weights[order], axis=0)
    rows = (below < _STRONG / 100 * below[-1]).sum(axis=0)
    return np.asarray(np.sort(values, axis=0)[rows, np.arange(len(rows))])


def is_silence(model: AcousticModel, senones: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which frames are inside a pause, by their senones: not at its edges."""
    silent = np.isin(senones, model.first_states[model.phones.index(SILENCE)])
    return silent & np.roll(silent, 3) & np.roll(silent, -3)
