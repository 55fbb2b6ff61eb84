"""Place words of a language without an acoustic model: by two passes that must agree.

Forced alignment in English phones gives the times: it finds every pause, leaves out words that are
not said, and passes over speech outside the script. DTW, with a synthesized voice and no model, is
the second opinion: where both are right they agree within a tenth of a second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...script.tokens import Token
from ...sync.types import Interval
from ..pauses import speech_intervals
from .dtw_align import dtw_align
from .forced_align import ForcedAlignment, forced_align
from .foreign_phones import pronounced
from .synthesis import phrases_of, plain_text

WEAK_ONSET = Fraction(1, 5)
"""Longest beginning of a word, in seconds, that the first pass takes for silence."""


@dataclass(frozen=True, slots=True)
class ForeignAlignment:
    """Tokens placed by both passes.

    Attributes:
        heard: the tokens as placed by forced alignment.
        apart: seconds from each token's start by forced alignment to its start by DTW; 0 if the
            first did not find it.
        distances: mean cosine distance of the two voices in each token, 0..2; about 0.6.
        paces: length of each token by DTW relative to the synthesized voice.
    """

    heard: ForcedAlignment
    apart: tuple[float, ...]
    distances: tuple[float, ...]
    paces: tuple[float, ...]


def foreign_align(
    scenes: Sequence[Sequence[Token]],
    samples: NDArray[np.int16],
    language: str,
    on_progress: Callable[[float], None] | None = None,
) -> ForeignAlignment:
    """Place every token of every scene.

    Args:
        scenes: the tokens of each.
        samples: of the narration, mono, 16 kHz.
        language: one that the synthesizer can speak.
        on_progress: called with 0..1.

    Raises:
        WorkError: the synthesizer failed, or the narration has no speech.
    """
    report = on_progress or (lambda _: None)
    groups = [group for tokens in scenes for group in _pronounced_groups(tokens, language)]
    units = [Token(group[-1].text, ((phones,),)) for group, phones in groups]
    found = forced_align(units, samples, lambda share: report(0.6 * share), foreign=True)
    heard = _by_token(found, [len(group) for group, _ in groups])
    heard = replace(heard, times=tuple(start_with_speech(heard.times, speech_intervals(samples))))
    outside = [interval for _, interval in heard.unscripted]
    warped = dtw_align(
        scenes, samples, language, lambda share: report(0.6 + 0.4 * share), outside=outside
    )
    return ForeignAlignment(
        heard,
        tuple(
            0.0 if one is None else float(other.start - one.start)
            for one, other in zip(heard.times, warped.times, strict=True)
        ),
        warped.distances,
        warped.paces,
    )


def start_with_speech(
    times: Sequence[Interval | None], speech: Sequence[Interval]
) -> list[Interval | None]:
    """Move starts of words after a pause back to where the speech begins, by up to `WEAK_ONSET`.

    A sound that English lacks, or that a room blurs, may pass for silence.
    """
    moved: list[Interval | None] = []
    begins = [stretch.start for stretch in speech]
    end = Fraction(0)
    for time in times:
        if time is not None:
            place = bisect_right(begins, time.start) - 1
            follows = place >= 0 and end < begins[place] and time.start < speech[place].end
            late = follows and time.start - begins[place] <= WEAK_ONSET
            moved.append(Interval(begins[place], time.end) if late else time)
            end = time.end
        else:
            moved.append(None)
    return moved


def _pronounced_groups(tokens: Sequence[Token], language: str) -> list[tuple[list[Token], str]]:
    """Return tokens and their phones: a word, or as many letters of a phrase as have a phone.

    In scripts without spaces the letters of a phrase share its phones evenly.
    """
    groups: list[tuple[list[Token], str]] = []
    phrases = phrases_of(tokens)
    texts = ["".join(map(plain_text, phrase)) for phrase in phrases]
    for phrase, phones in zip(phrases, pronounced(texts, language), strict=True):
        split = phones.split()
        count = min(len(phrase), len(split)) if len(phrase) > 1 else 1
        letters = np.array_split(np.arange(len(phrase)), count)
        shares = np.array_split(np.arange(len(split)), count)
        groups += [
            ([phrase[index] for index in one], " ".join(split[index] for index in other))
            for one, other in zip(letters, shares, strict=True)
        ]
    return groups


def _by_token(found: ForcedAlignment, sizes: Sequence[int]) -> ForcedAlignment:
    """Split the times of groups evenly among their tokens."""
    times: list[Interval | None] = []
    margins: list[float] = []
    firsts = [0]
    for time, margin, size in zip(found.times, found.margins, sizes, strict=True):
        margins += [margin] * size
        firsts.append(firsts[-1] + size)
        if time is None:
            times += [None] * size
            continue
        step = time.duration / size
        times += [
            Interval(time.start + step * place, time.start + step * (place + 1))
            for place in range(size)
        ]
    unscripted = tuple((firsts[number], interval) for number, interval in found.unscripted)
    return ForcedAlignment(tuple(times), tuple(margins), unscripted, found.contrast)
