"""What a recording sounds like, frame by frame, to the acoustic model: the input of the search.

Memory has the densities of Gaussians of a few blocks of frames at a time, and scores of the senones
that the search needs. Scores stay while there is room, for most serve again. Other cores compute
the blocks ahead meanwhile.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK, SILENCE, AcousticModel, Densities, english
from .adaptation import LEAST_FRAMES, FeatureMap, fitted_map
from .compensation import LEAST_PAUSE, compensated, is_silence, pauses_and_speech
from .kept_scores import KeptScores
from .mfcc import Array, with_deltas

NOISY = 11.3
"""Contrast below which a recording is adapted to: that of noise at 20 dB; clean voices have 13."""
ROUNDS = 2
"""Rounds of adaptation, each by an alignment with the model of the round before."""
LINGER = 1.0
"""Nats a frame of a sound that lasts too long, in noise: it would cover the pause beside it."""
LEAST_HEARD = 700
"""Frames of a recording that must be aligned first, if it has as many: others would mislead."""
QUIET = -0.15
"""Least score of silence relative to any sound if nobody speaks, as a share of the contrast. Over
15 frames it is -0.3 to -0.7 in speech, also in noise and reverberation, and about 0 in pauses."""
FILLERS = ("AH", "M")
"""Phones of fillers: "uh", "um", "mm". The model's noises would swallow weak onsets in noise."""
_SMOOTHED = 15
"""Frames over which silence is judged."""
SHORT = 8000
"""Frames below which one pass gives both the contrast of a recording and its scores."""
_SAMPLED = 4000
"""Least frames of longer ones that tell the contrast."""
_SAMPLED_STRETCH = 1000
"""Those of a stretch of a longer one."""
_FARTHEST = 20
"""Most frames from one of them to the next."""
_WORKERS = 2
"""Threads that listen."""
_AHEAD = 3
"""Blocks computed ahead of the search."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Scores of a block of frames.

    Attributes:
        score: returns the log likelihoods of senones, ``[frames, senones]``.
        outside: log likelihoods of unscripted speech and of a filler, ``[2, frames]``.
        linger: nats that each frame beyond `LONG_STATE` in the same state of a sound costs.
    """

    score: Callable[[NDArray[np.int64]], Array]
    outside: Array
    linger: float = 0.0


class Recording:
    """The cepstra of a recording, and its contrast.

    Args:
        cepstra: normalised, ``[frames, 13]``.
        senones: of its script, ascending, to score a short recording in one go; None for a stretch
            of a longer one.
        stretch: its number, if it is one.
        whole: recording whose threads and room for scores it shares.
    """

    def __init__(
        self,
        cepstra: Array,
        senones: NDArray[np.int64] | None,
        stretch: int = 0,
        whole: Recording | None = None,
    ):
        self.model: AcousticModel = english()
        self.cepstra = cepstra
        self.frames = len(self.cepstra)
        self._map: FeatureMap | None = None
        self._senones = senones
        self._stretch = stretch
        self._pool: ThreadPoolExecutor = whole._pool if whole else ThreadPoolExecutor(_WORKERS)
        self._scores: KeptScores = whole._scores if whole else KeptScores()
        self._sound = np.empty((4, self.frames), np.float32)
        """Scores of the best phones, silence and fillers, and the mean of all, of heard blocks."""
        self._is_heard = np.zeros(-(-self.frames // BLOCK), np.bool_)
        self.voiced = np.zeros(0, np.int64), np.zeros(0, np.float32)
        """Frames with speech, and the lead of their best phones, before any adaptation."""
        self.contrast = self._contrast()
        """See `ForcedAlignment`."""
        self._linger = 0.0
        self._rounds = 0
        """Times that it is still to be adapted to."""

    @property
    def is_adapted(self) -> bool:
        """Whether model and features are what they will be."""
        return self._rounds == 0

    @property
    def adapted(self) -> str:
        """Return a digest of the adaptation."""
        return "" if self._map is None else hashlib.sha256(self._map.rows.tobytes()).hexdigest()

    def begin_to_adapt(self, *, foreign: bool) -> None:
        """Begin to adapt to noise or a room, if there is: tell pauses and speech by loudness.

        In another language, features alone are adapted, once: the model's sounds are not its own.
        """
        if self.contrast < NOISY and self.frames >= LEAST_FRAMES:
            self._rounds = 1 if foreign else ROUNDS
            if not foreign:
                self._linger = LINGER
                self.model = compensated(self.model, self.cepstra, *pauses_and_speech(self.cepstra))
                self._hear_anew()

    def adapt(self, first: int, senones: NDArray[np.int64] | None) -> bool:
        """Adapt model and features to noise or a room; return whether that was done.

        Args:
            first: frame.
            senones: of the frames from there, -1 outside the script.
        """
        if senones is None or self.is_adapted:
            return False
        aligned = np.flatnonzero(senones >= 0)
        if len(aligned) < LEAST_FRAMES or len(senones) < min(self.frames, LEAST_HEARD):
            return False
        self._rounds -= 1
        frames, senones = aligned + first, senones[aligned]
        pauses = is_silence(self.model, senones)
        if self.model is not english() and LEAST_PAUSE <= pauses.sum() < len(pauses):
            self.model = compensated(english(), self.cepstra, frames[pauses], frames[~pauses])
        self._map = fitted_map(self.cepstra, frames, senones, self.model)
        self._hear_anew()
        return True

    def _hear_anew(self) -> None:
        """Drop scores of another model or other features."""
        self.forget()
        self.contrast = self._contrast()

    def forget(self) -> None:
        """Drop all scores."""
        self._is_heard[:] = False
        self._scores.drop(self._stretch)

    def _features(self, frames: NDArray[np.int64]) -> Array:
        if self._map is None:
            return with_deltas(self.cepstra, frames)
        return self._map(self.cepstra, frames)

    def observations(self, first: int, last: int, level: float) -> Iterator[Observation]:
        """Return the observations of frames ``[first, last)``, by blocks.

        Args:
            first, last: frames.
            level: of unscripted speech relative to the best phones, in nats a frame.
        """
        half = _SMOOTHED // 2
        kernel = np.full(_SMOOTHED, 1 / _SMOOTHED)
        before = np.zeros(half)
        blocks = self._blocks(first, last)
        following = next(blocks, None)
        while following is not None:
            (block, densities), following = following, next(blocks, None)
            rows = self._rows(block, first, last)
            best, silence, filler, _ = self._sound[:, rows]
            # Nothing beyond the last frame counts.
            heard = self._sound[:, rows.start : min(last, rows.stop + half)]
            apart = np.zeros(rows.stop - rows.start + half)
            apart[: heard.shape[1]] = heard[1] - heard[0]
            apart = np.concatenate([before, apart])
            smooth = np.convolve(apart, kernel, mode="valid")
            before = apart[-2 * half : -half]
            # In pauses, silence must win against unscripted speech.
            unscripted = np.where(
                smooth > QUIET * self.contrast, silence - 1, best + np.float32(level)
            )
            yield Observation(
                partial(self._score, block, rows, densities),
                np.stack([unscripted, filler]).astype(np.float32),
                self._linger,
            )

    def lead(self, frames: NDArray[np.int64]) -> Array:
        """Return the lead of the best phone over the mean of all in some frames, in nats."""
        for block in np.unique(frames // BLOCK).tolist():
            if not self._is_heard[block]:
                self._receive(block, self._hear(block))
        best, _, _, mean = self._sound[:, frames]
        return np.asarray(best - mean)

    def _rows(self, block: int, first: int, last: int) -> slice:
        """Return the frames of a block that lie in ``[first, last)``."""
        return slice(max(first, block * BLOCK), min(last, (block + 1) * BLOCK))

    def _blocks(self, first: int, last: int) -> Iterator[tuple[int, Densities | None]]:
        """Hear blocks, ahead of those asked for; known ones come without densities."""
        waiting: deque[tuple[int, Future[tuple[Array, Densities]] | None]] = deque()
        for block in range(first // BLOCK, -(-last // BLOCK)):
            is_known = self._is_heard[block] and (self._stretch, block) in self._scores
            waiting.append((block, None if is_known else self._pool.submit(self._hear, block)))
            if len(waiting) > _AHEAD:
                yield self._received(*waiting.popleft())
        while waiting:
            yield self._received(*waiting.popleft())

    def _received(
        self, block: int, future: Future[tuple[Array, Densities]] | None
    ) -> tuple[int, Densities | None]:
        if future is None:
            return block, None
        return block, self._receive(block, future.result())

    def _receive(self, block: int, heard: tuple[Array, Densities]) -> Densities:
        sound, densities = heard
        self._sound[:, self._rows(block, 0, self.frames)] = sound
        self._is_heard[block] = True
        return densities

    def _hear(self, block: int) -> tuple[Array, Densities]:
        rows = self._rows(block, 0, self.frames)
        return self._listen(np.arange(rows.start, rows.stop))

    def _listen(self, frames: NDArray[np.int64]) -> tuple[Array, Densities]:
        """Return scores of the best phones, silence and fillers, the mean of all; and densities.

        The scores are ``[4, frames]``.
        """
        densities = self.model.densities(self._features(frames))
        phones = self.model.phone_scores(densities)
        best = np.partition(phones.reshape(len(phones), -1), -4, axis=1)[:, -4:].mean(axis=1)
        silence = phones[:, self.model.phones.index(SILENCE)].max(axis=1)
        fillers = phones[:, [self.model.phones.index(phone) for phone in FILLERS]]
        mean = phones.mean(axis=(1, 2))
        return np.stack([best, silence, fillers.max(axis=(1, 2)), mean]), densities

    def _score(
        self, block: int, rows: slice, densities: Densities | None, senones: NDArray[np.int64]
    ) -> Array:
        """Return the log likelihoods of ascending senones in frames ``rows`` of a block."""
        known = self._scores.get((self._stretch, block))
        missing = senones if known is None else np.setdiff1d(senones, known.senones, True)
        if len(missing):
            if densities is None:
                densities = self._receive(block, self._hear(block))
            scores = self.model.score(densities, missing)
            known = self._scores.add((self._stretch, block), missing, scores)
        assert known is not None
        begin = block * BLOCK
        scores = known.scores[rows.start - begin : rows.stop - begin]
        if len(known.senones) == len(senones):
            return scores
        return np.take(scores, np.searchsorted(known.senones, senones), axis=1)

    def _contrast(self) -> float:
        """Listen to the recording, or to samples of a long one."""
        if not self.frames:
            return 5.0
        if self._senones is not None and self.frames < SHORT:
            hear_script = partial(self._hear_script, self._senones)
            blocks = range(len(self._is_heard))
            for block, (sound, scores) in enumerate(self._pool.map(hear_script, blocks)):
                self._sound[:, self._rows(block, 0, self.frames)] = sound
                self._is_heard[block] = True
                self._scores.add((self._stretch, block), self._senones, scores)
            chosen, sound = np.arange(self.frames), self._sound
        else:
            least = _SAMPLED if self._senones is not None else _SAMPLED_STRETCH
            chosen = np.arange(0, self.frames, min(max(1, self.frames // least), _FARTHEST))
            parts = [chosen[first : first + BLOCK] for first in range(0, len(chosen), BLOCK)]
            heard = self._pool.map(lambda frames: self._listen(frames)[0], parts)
            sound = np.concatenate(list(heard), axis=1)
        best, silence, _, mean = sound
        lead = best - mean
        voiced = silence - best < QUIET * lead.mean()
        if not len(self.voiced[0]):
            self.voiced = chosen[voiced], lead[voiced]
        return float(lead[voiced].mean() if voiced.any() else lead.mean())

    def _hear_script(self, senones: NDArray[np.int64], block: int) -> tuple[Array, Array]:
        sound, densities = self._hear(block)
        return sound, self.model.score(densities, senones)
