"""A labelled recording: its samples, its spoken words, and the scene of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

RATE = 16000
"""Hz of all samples."""
Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A spoken word.

    Attributes:
        text: as in a script, with its punctuation.
        start, end: true times in seconds.
        scene: number of its scene; None for a filler that no script has.
        is_timed: whether the start is known well enough to measure a word.
    """

    text: str
    start: float
    end: float
    scene: int | None
    is_timed: bool = True


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording (mono, `RATE`) and everything that is said in it, in order."""

    name: str
    language: str
    samples: Samples
    words: tuple[SaidWord, ...]

    @property
    def scenes(self) -> int:
        """Return the number of its scenes."""
        return 1 + max(word.scene for word in self.words if word.scene is not None)

    def scene(self, number: int) -> list[int]:
        """Return the places of a scene's words."""
        return [index for index, word in enumerate(self.words) if word.scene == number]

    def pause_before(self, number: int) -> tuple[float, float]:
        """Return the true pause before a scene, fillers within it."""
        before, after = self.scene(number - 1), self.scene(number)
        return self.words[before[-1]].end, self.words[after[0]].start


class MissingVoiceError(Exception):
    """This machine lacks a voice; says which package or file has it."""


ClipMaker = Callable[[], Clip]
Spoken = tuple[Samples, list[tuple[str, float, float]]]
"""Samples of a sentence, and its words with their times."""
FILLERS = frozenset({"uh", "um", "uhm", "mm", "er", "ah"})
_TAIL = 0.03
"""Seconds before the first and after the last word of a sentence."""


def joined(name: str, language: str, sentences: Sequence[Spoken], pauses: Sequence[float]) -> Clip:
    """Join sentences, a scene each, with pauses between them.

    Silence around each sentence is cut off, so that the pauses are as long as they are said to be.
    """
    parts: list[NDArray[np.float64]] = [np.zeros(RATE // 4)]
    said: list[SaidWord] = []
    for scene, (samples, words) in enumerate(sentences):
        first = round((words[0][1] - _TAIL) * RATE)
        last = round((words[-1][2] + _TAIL) * RATE)
        part = samples[max(0, first) : last].astype(np.float64)
        part = np.pad(part, (max(0, -first), max(0, last - len(samples))))
        part /= max(1.0, float(np.abs(part).max()))
        at = sum(map(len, parts)) / RATE - first / RATE
        said += [SaidWord(text, a + at, b + at, scene) for text, a, b in words]
        rest = max(0.0, pauses[scene % len(pauses)] - 2 * _TAIL)
        parts += [part, np.zeros(round(rest * RATE))]
    whole = np.concatenate([*parts, np.zeros(RATE // 4)])
    # A floor of noise as a quiet room has it, since no recording is digital silence.
    whole += np.random.default_rng(5).normal(size=len(whole)) * 3e-4
    return Clip(name, language, (whole * 0.6 * 32767).astype(np.int16), tuple(said))


def with_fillers_unscripted(clip: Clip) -> Clip:
    """Return a clip whose script leaves fillers out."""
    words = [
        replace(word, scene=None) if word.text.strip(".,").lower() in FILLERS else word
        for word in clip.words
    ]
    return replace(clip, words=tuple(words))


def digest(*parts: object) -> str:
    """Return a key for content: arrays by their bytes, all else by its text."""
    key = hashlib.sha256()
    for part in parts:
        key.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        key.update(b"\0")
    return key.hexdigest()[:24]
