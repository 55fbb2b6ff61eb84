"""What a recording sounds like, frame by frame, to the acoustic model: the input of the search.

Densities of Gaussians are kept for one block of frames at a time, and only the senones that the
search asks for are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK, SILENCE, AcousticModel, Densities, english
from .adaptation import FeatureMap, fitted_map
from .mfcc import Array, cepstra, normalised, with_deltas

NOISY = 11.3
"""Contrast below which features are adapted: that of noise at 20 dB; clean voices have 13."""
QUIET = -0.15
"""Least score of silence relative to any sound if nobody speaks, as a share of the contrast. Over
15 frames it is -0.3 to -0.7 in speech, also in noise and reverberation, and about 0 in pauses."""
FILLERS = ("AH", "M")
"""Phones of fillers: "uh", "um", "mm". The model's noises would swallow weak onsets in noise."""
_SMOOTHED = 15
"""Frames over which silence is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What is heard in a block of frames.

    Attributes:
        score: returns the log likelihoods of senones, ``[frames, senones]``.
        outside: log likelihoods of unscripted speech and of a filler, ``[2, frames]``.
    """

    score: Callable[[NDArray[np.int64]], Array]
    outside: Array


@dataclass(frozen=True, slots=True, eq=False)
class _BlockScores:
    """Densities of a block, and the log likelihoods of any phone, silence and fillers."""

    densities: Densities
    best: Array
    silence: Array
    filler: Array


class Recording:
    """The cepstra of a recording, and its contrast."""

    def __init__(self, samples: NDArray[np.int16]):
        self.model: AcousticModel = english()
        self.cepstra = normalised(cepstra(samples))
        self.frames = len(self.cepstra)
        self._map: FeatureMap | None = None
        self.contrast = self._contrast()
        """See `ForcedAlignment`."""

    def adapt(self, first: int, senones: NDArray[np.int64] | None) -> bool:
        """Adapt the features to noise or a room, once; return whether that was done.

        Args:
            first: frame.
            senones: of the frames from there, -1 outside the script.
        """
        if senones is None or self._map is not None or self.contrast >= NOISY:
            return False
        aligned = np.flatnonzero(senones >= 0)
        self._map = fitted_map(self.cepstra, aligned + first, senones[aligned], self.model)
        if self._map is not None:
            self.contrast = self._contrast()
        return self._map is not None

    def _features(self, frames: NDArray[np.int64]) -> Array:
        if self._map is None:
            return with_deltas(self.cepstra, frames)
        return self._map(self.cepstra, frames)

    def observations(self, first: int, last: int, level: float) -> Iterator[Observation]:
        """Return what is heard in frames ``[first, last)``, by blocks.

        Args:
            first, last: frames.
            level: of unscripted speech relative to the best phones, in nats a frame.
        """
        half = _SMOOTHED // 2
        kernel = np.full(_SMOOTHED, 1 / _SMOOTHED)
        before = np.zeros(half)
        heard = [
            self._hear(np.arange(start, min(last, start + BLOCK)))
            for start in range(first, min(last, first + BLOCK), BLOCK)
        ]
        for start in range(first, last, BLOCK):
            following = np.arange(start + BLOCK, min(last, start + 2 * BLOCK))
            heard += [self._hear(following)] if len(following) else []
            now = heard.pop(0)
            ahead = heard[0].silence - heard[0].best if heard else np.zeros(0)
            ahead = np.pad(ahead[:half], (0, max(0, half - len(ahead))))
            apart = now.silence - now.best
            smooth = np.convolve(np.concatenate([before, apart, ahead]), kernel, mode="valid")
            before = np.concatenate([before, apart])[-half:]
            # In pauses, silence must win against unscripted speech.
            unscripted = np.where(
                smooth > QUIET * self.contrast, now.silence - 1, now.best + np.float32(level)
            )
            yield Observation(
                partial(self.model.score, now.densities),
                np.stack([unscripted, now.filler]).astype(np.float32),
            )

    def _hear(self, frames: NDArray[np.int64]) -> _BlockScores:
        densities = self.model.densities(self._features(frames))
        phones = self.model.phone_scores(densities)
        filler = phones[:, [self.model.phones.index(phone) for phone in FILLERS]]
        return _BlockScores(densities, *self._best_and_silence(phones), filler.max(axis=(1, 2)))

    def _best_and_silence(self, phones: Array) -> tuple[Array, Array]:
        """Return the scores of the best phones and of silence."""
        best = np.partition(phones.reshape(len(phones), -1), -4, axis=1)[:, -4:].mean(axis=1)
        return best, phones[:, self.model.phones.index(SILENCE)].max(axis=1)

    def lead(self, frames: NDArray[np.int64]) -> Array:
        """Return the lead of the best phone over the mean of all in some frames, in nats."""
        return self._lead_and_silence(frames)[0]

    def _lead_and_silence(self, frames: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the lead of the best phone over the mean of all, and that of silence over it."""
        leads, quiet = [], []
        for start in range(0, len(frames), BLOCK):
            features = self._features(frames[start : start + BLOCK])
            phones = self.model.phone_scores(self.model.densities(features))
            best, silence = self._best_and_silence(phones)
            leads.append(best - phones.mean(axis=(1, 2)))
            quiet.append(silence - best)
        return np.concatenate(leads), np.concatenate(quiet)

    def _contrast(self) -> float:
        chosen = np.arange(0, self.frames, max(1, self.frames // 4000))
        if not len(chosen):
            return 5.0
        lead, apart = self._lead_and_silence(chosen)
        voiced = apart < QUIET * lead.mean()
        return float(lead[voiced].mean() if voiced.any() else lead.mean())
