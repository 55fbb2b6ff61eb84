"""Labels of recordings that have none: words where two other aligners agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from .clips import RATE, Samples
from .references import pocketsphinx_times, whisper_times

APART_S = 0.1
"""Most seconds between two aligners that agree, after their usual distance."""
DICKENS = (
    "It was the best of times, it was the worst of times.",
    "It was the age of wisdom, it was the age of foolishness.",
    "It was the epoch of belief, it was the epoch of incredulity.",
    "It was the season of light, it was the season of darkness.",
    "It was the spring of hope, it was the winter of despair.",
    "We had everything before us, we had nothing before us.",
    "We were all going direct to heaven, we were all going direct the other way.",
    "In short, the period was so far like the present period,",
    "that some of its noisiest authorities insisted on its being received,",
    "for good or for evil, in the superlative degree of comparison only.",
)
"""What two_cities.wav says."""
BECKETT = (
    "Ever tried.",
    "Ever failed.",
    "No matter.",
    "Try again.",
    "Fail again.",
    "Fail better.",
)
"""What beckett.wav says."""


@dataclass(frozen=True, slots=True)
class AgreedWord:
    """A word by pocketsphinx, and whether Whisper places it there, too."""

    text: str
    start: float
    end: float
    is_agreed: bool


def agreed_words(samples: Samples, text: str) -> list[AgreedWord]:
    """Return the words of a text by two aligners."""
    words = text.split()
    mine, other = pocketsphinx_times(samples, words), whisper_times(samples, words)
    known = [time for time in mine if time is not None]
    if len(known) < len(words):
        raise ValueError(f"pocketsphinx does not align {text!r}")
    apart = [b[0] - a[0] for a, b in zip(known, other, strict=True) if b is not None]
    usual = median(apart) if apart else 0.0
    return [
        AgreedWord(word, a[0], a[1], b is not None and abs(b[0] - a[0] - usual) <= APART_S)
        for word, a, b in zip(words, known, other, strict=True)
    ]


def silences(samples: Samples) -> list[tuple[float, float]]:
    """Return stretches at least 26 dB below speech, in seconds."""
    hop = RATE // 100
    blocks = samples[: len(samples) // hop * hop].reshape(-1, hop).astype(np.float64)
    level = 10 * np.log10(np.mean(blocks**2, axis=1) + 1)
    quiet = level < np.percentile(level, 95) - 26
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    return [(a / 100, b / 100) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def longest_within(
    quiet: Sequence[tuple[float, float]], start: float, end: float
) -> tuple[float, float]:
    """Return the longest silence between two times; the instant between them if there is none."""
    within = [(max(a, start), min(b, end)) for a, b in quiet if a < end and b > start]
    middle = (start + end) / 2
    return max(within, key=lambda pair: pair[1] - pair[0], default=(middle, middle))
