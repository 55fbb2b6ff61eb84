"""Labels of recordings that have none: words where two other aligners agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from .clips import RATE, Samples
from .references import pocketsphinx_times, whisper_times

APART_S = 0.1
"""Most seconds between two aligners that agree, after their usual distance."""
CLICK_S, SHORT_S = 0.03, 0.06
"""Longest sound in a silence, and shortest silence, in seconds."""
EARLY_S = 0.005
"""Seconds by which pocketsphinx's words start early, on voices with exact times."""
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
        AgreedWord(
            word,
            a[0] + EARLY_S,
            a[1] + EARLY_S,
            b is not None and abs(b[0] - a[0] - usual) <= APART_S,
        )
        for word, a, b in zip(words, known, other, strict=True)
    ]


def silences(samples: Samples) -> list[tuple[float, float]]:
    """Return stretches of 60 ms or more without a voice, in seconds; clicks in them count as quiet.

    Quiet is 26 dB below speech, or within 6 dB of the recording's own floor.
    """
    hop = RATE // 100
    blocks = samples[: len(samples) // hop * hop].reshape(-1, hop).astype(np.float64)
    level = 10 * np.log10(np.mean(blocks**2, axis=1) + 1)
    floor, speech = np.percentile(level, (10, 95))
    quiet = np.concatenate([[False], level < max(floor + 6, speech - 26), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    spans: list[tuple[float, float]] = []
    for start, end in zip(edges[::2] / 100, edges[1::2] / 100, strict=True):
        if spans and start - spans[-1][1] <= CLICK_S:
            spans[-1] = (spans[-1][0], float(end))
        else:
            spans.append((float(start), float(end)))
    return [(start, end) for start, end in spans if end - start >= SHORT_S]


def without_silence(
    words: Sequence[AgreedWord], quiet: Sequence[tuple[float, float]]
) -> list[AgreedWord]:
    """Return the words of a sentence, the first and the last without the silence in them."""
    first, last = words[0], words[-1]
    starts = [end for start, end in quiet if start <= first.start + SHORT_S < end < first.end]
    ends = [start for start, end in quiet if last.start < start <= last.end <= end + SHORT_S]
    trimmed = list(words)
    if starts:
        trimmed[0] = replace(trimmed[0], start=starts[0])
    if ends:
        trimmed[-1] = replace(trimmed[-1], end=ends[-1])
    return trimmed


def longest_within(
    quiet: Sequence[tuple[float, float]], start: float, end: float
) -> tuple[float, float]:
    """Return the longest silence between two times; the instant between them if there is none."""
    within = [(max(a, start), min(b, end)) for a, b in quiet if a < end and b > start]
    middle = (start + end) / 2
    return max(within, key=lambda pair: pair[1] - pair[0], default=(middle, middle))
