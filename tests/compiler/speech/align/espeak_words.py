"""Sentences spoken by espeak-ng, with the exact times of words and phonemes."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE

sys.path.append(str(Path(__file__).parents[4] / "benchmarks"))
espeak = importlib.import_module("labelled_voices.espeak_events")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word, the seconds at which its phonemes begin, and the one at which the last ends."""

    text: str
    edges: tuple[float, ...]


def spoken(
    text: str, voice: str, speed: int = 160, pitch: int = 50
) -> tuple[NDArray[np.float64], list[SpokenWord]] | None:
    """Return samples at 16 kHz, full scale 1, and words; None if the voice joins some of them.

    Args:
        text: words between spaces.
        voice: as in ``es+f2``: a language and a variant.
        speed: words a minute.
        pitch: 0..100.
    """
    samples, rate, events = espeak.synthesise(text, voice, speed, pitch)
    words: list[list[float]] = []
    pauses: list[float] = []
    for event in events:
        if event.kind == espeak.WORD:
            words.append([])
        elif event.kind == espeak.PHONEME and event.name.startswith(b"_"):
            pauses.append(event.start)
        elif event.kind == espeak.PHONEME and words:
            words[-1].append(event.start)
    if len(words) != len(text.split()) or not all(words):
        return None
    starts = [word[0] for word in words[1:]]
    for word, following in zip(words, [*starts, len(samples) / rate], strict=True):
        word.append(min([at for at in pauses if at > word[-1]] + [following]))
    return _at_speech_rate(samples, rate), [
        SpokenWord(word, tuple(edges)) for word, edges in zip(text.split(), words, strict=True)
    ]


def _at_speech_rate(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Resample in the frequency domain."""
    count = round(len(samples) * SPEECH_RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)
