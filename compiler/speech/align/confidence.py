"""Calibrated confidence in words and cuts, from measures that the alignment leaves behind.

A word is right if its start is within 50 ms of the truth, a cut if it lies in its true pause. Both
have a logistic model (Cox, 1958) over a few features; `confidence_model` holds the coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...script.tokens import Token
from ...sync.silences import candidate_pauses, cut_pause
from ...sync.types import Interval
from ...timeline.confidence import LEAST_CUT
from .confidence_model import CUTS, WORDS
from .evidence import UNFIT, Evidence, Measures

BESIDE = 3
"""Words on either side of a cut that count for it."""
LONG_PAUSE = 0.4
"""Seconds from which a longer pause says no more."""
CLEAR = 1.0
"""Clarity from which a clearer recording says no more."""
NOISY = {"forced": (0.56, 0.75), "dtw": (0.71, 0.71)}
"""Clarity up to which noise masks speech, and from which it does not: English, other languages."""
MASKED = 0.08
"""Confidence above `LEAST_CUT` that a cut in loud noise needs so as not to be doubtful."""
SHARPER = 0.3
"""Share by which log odds below those of `LEAST_CUT` are farther from them in loud noise."""
LOST = 0.5
"""Confidence below which the scene beside a cut is lost in noise."""
NO_PAUSE = 0.03
"""Seconds below which there is no pause."""
NEAR = 0.3
"""Distance in seconds, from a detected onset of speech, from which a larger one says no more."""
UNHEARD = Fraction(3, 10)
"""Most confidence in a word or scene that was not heard, and in the cut after that scene."""
LEAST, MOST = 0.01, 0.99
"""Range of a confidence: nothing that was listened to is certain."""
_DOUBTFUL = LEAST_CUT - Fraction(1, 100)
"""Most confidence in a doubtful cut."""
_LEAST_ODDS = float(LEAST_CUT / (1 - LEAST_CUT))


@dataclass(frozen=True, slots=True)
class Confidence:
    """Probabilities of words, and of the cuts into scenes; None if nothing was listened to."""

    words: tuple[Fraction | None, ...]
    scenes: tuple[Fraction | None, ...]


def unknown(tokens: Sequence[Token], members: Sequence[Sequence[int]]) -> Confidence:
    """Return no probabilities."""
    return Confidence((None,) * len(tokens), (None,) * len(members))


def confidence(
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    times: Sequence[Interval],
    unscripted: Sequence[Sequence[Interval]],
    speech: Sequence[Interval],
    evidence: Evidence,
) -> Confidence:
    """Return the probabilities that words and cuts are right.

    Args:
        tokens: of all scenes, in order.
        members: the tokens of each scene.
        times: of each token, in order.
        unscripted: speech outside the script before the last word of each scene.
        speech: the recording's intervals with speech, by energy.
        evidence: of the alignment.
    """
    features = cut_features(tokens, members, times, unscripted, speech, evidence)
    cuts = in_noise(_probabilities(features, CUTS[evidence.source]), evidence)
    words = _probabilities(word_features(tokens, times, speech, evidence), WORDS[evidence.source])
    return Confidence(
        tuple(
            sure if fit > UNFIT else min(sure, UNHEARD)
            for sure, fit in zip(words, evidence.fits, strict=True)
        ),
        tuple(
            sure if is_heard else min(sure, UNHEARD)
            for sure, is_heard in zip(cuts, _heard(members, evidence), strict=True)
        ),
    )


def with_fixed(known: Confidence, fixed: Sequence[bool]) -> Confidence:
    """Return the probabilities with certainty for the cuts that do not depend on words."""
    cuts = (1 if certain else sure for sure, certain in zip(known.scenes, fixed, strict=True))
    return replace(known, scenes=tuple(cut if cut is None else Fraction(cut) for cut in cuts))


def in_noise(cuts: Sequence[Fraction], evidence: Evidence) -> list[Fraction]:
    """Return the probabilities of cuts in a recording that may be noisy.

    Noise hides the evidence against a wrong cut, too: there more of them are doubtful, also a cut
    beside one that is lost, for where words went astray, some fit the noise as well.
    """
    loud, quiet = NOISY.get(evidence.source, (0.0, 0.0))
    if evidence.clarity >= quiet:
        return list(cuts)
    share = min(1.0, (quiet - evidence.clarity) / max(quiet - loud, 1e-6))
    masked = Fraction(round(100 * MASKED * share), 100)
    own = [sure - masked for sure in cuts]
    beside = [min(own[max(0, n - 1) : n + 2]) for n in range(len(own))]
    sharper = [min(sure, _sharpened(sure, 1 + SHARPER * share)) for sure in cuts]
    return [
        min(sure, _DOUBTFUL) if mine <= _DOUBTFUL or least < LOST else sure
        for sure, mine, least in zip(sharper, own, beside, strict=True)
    ]


def _sharpened(sure: Fraction, factor: float) -> Fraction:
    """Return a probability with its log odds, from those of `LEAST_CUT`, times a factor."""
    odds = float(sure / (1 - sure)) / _LEAST_ODDS
    return _rounded(1 - 1 / (1 + _LEAST_ODDS * odds**factor))


def _rounded(probability: float) -> Fraction:
    """Return a probability in hundredths, none of them certain."""
    return Fraction(round(100 * min(max(probability, LEAST), MOST)), 100)


def _heard(members: Sequence[Sequence[int]], evidence: Evidence) -> list[bool]:
    """Whether any word was heard of each scene, and of the scene before it."""
    own = [any(evidence.fits[index] > UNFIT for index in group) for group in members]
    return [here and before for before, here in zip([True, *own], own, strict=False)]


def word_features(
    tokens: Sequence[Token],
    times: Sequence[Interval],
    speech: Sequence[Interval],
    evidence: Evidence,
) -> Measures:
    """Return the features of each word, ``[words, features]``, in the order of the coefficients."""
    starts, ends = _seconds(times)
    fits = evidence.fits
    around = np.concatenate([fits[:1], fits, fits[-1:]]) if len(fits) else fits
    pace = abs(_paces(tokens, ends - starts))
    gaps = np.clip(starts - np.concatenate([[0.0], ends[:-1]]), 0, LONG_PAUSE)
    return np.column_stack(
        [
            fits,
            np.minimum(around[:-2], around[2:]),
            pace,
            np.concatenate([pace[:1], pace[:-1]]),
            gaps,
            np.where(gaps > 0.05, _distance(starts, speech), 0),
            np.full(len(tokens), min(evidence.clarity, CLEAR)),
            *_agreement(evidence),
        ]
    )


def _paces(tokens: Sequence[Token], lengths: Measures) -> Measures:
    """Return the logarithm of each word's length for its letters, over that of the median word."""
    letters = np.array([max(1, sum(map(len, token.readings[0]))) for token in tokens])
    pace = np.log(np.maximum(lengths, 0.01) / letters)
    middle = float(np.median(pace)) if len(pace) else 0.0
    return np.asarray(np.clip(pace - middle, -2, 2))


def cut_features(
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    times: Sequence[Interval],
    unscripted: Sequence[Sequence[Interval]],
    speech: Sequence[Interval],
    evidence: Evidence,
) -> Measures:
    """Return the features of the cut into each scene, ``[scenes, features]``.

    Beside unscripted speech the cut is in the longest pause; the second longest tells how doubtful
    that choice is. So does speech near the cut that no word covers.
    """
    starts, ends = _seconds(times)
    paces = np.concatenate([[0.0], np.cumsum(abs(_paces(tokens, ends - starts)))])
    fits = np.concatenate([[0.0], np.cumsum(evidence.fits)])
    firsts = np.array([group[0] if group else 0 for group in members], np.int64)
    lasts = np.maximum(firsts - 1, 0)
    ways = zip(firsts, unscripted, strict=True)
    chosen = [_pauses(first, times, others) for first, others in ways]
    end, start, second = np.array(chosen).reshape(-1, 3).T
    begin, stop = np.maximum(firsts - BESIDE, 0), np.minimum(firsts + BESIDE, len(times))
    known, apart = _agreement(evidence)
    return np.column_stack(
        [
            np.minimum(start - end, LONG_PAUSE),
            start - end < NO_PAUSE,
            np.minimum(
                _means(fits, begin, firsts),
                _means(fits, firsts, stop),
            ),
            _voiced_share(end, start, speech),
            np.full(len(members), min(evidence.clarity, CLEAR)),
            np.where(start - end < NO_PAUSE, 0, _distance(start, speech)),
            np.minimum(second, LONG_PAUSE),
            _uncovered_share(begin, stop, starts, ends, speech),
            np.full(len(members), fits[-1] / max(1, len(times))),
            evidence.fits[firsts] if len(times) else np.zeros(len(members)),
            _means(paces, begin, stop),
            np.minimum(known[firsts], known[lasts]),
            np.maximum(apart[firsts], apart[lasts]),
        ]
    )


def _pauses(
    first: int, times: Sequence[Interval], unscripted: Sequence[Interval]
) -> tuple[float, float, float]:
    """Return start and end of the pause of a cut before a word, and the length of the next best."""
    last = times[first - 1] if first else Interval(Fraction(0), Fraction(0))
    best = cut_pause(last, unscripted, times[first])
    pauses = candidate_pauses(last, unscripted, times[first])
    second = max((float(pause.duration) for pause in pauses if pause != best), default=0.0)
    return float(best.start), float(max(best.start, best.end)), second


def _means(sums: Measures, first: NDArray[np.int64], stop: NDArray[np.int64]) -> Measures:
    """Return the mean of each range, from sums of all before; 1 for an empty one."""
    count = stop - first
    return np.where(count > 0, (sums[stop] - sums[first]) / np.maximum(count, 1), 1.0)


def _agreement(evidence: Evidence) -> tuple[Measures, Measures]:
    """Return whether each word has a second source, and its distance from that, up to `NEAR`."""
    known = ~np.isnan(evidence.agreement)
    return known.astype(float), np.where(
        known, np.minimum(np.nan_to_num(evidence.agreement), NEAR), 0
    )


def _seconds(times: Sequence[Interval]) -> tuple[Measures, Measures]:
    both = np.array([(float(time.start), float(time.end)) for time in times]).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _distance(starts: Measures, speech: Sequence[Interval]) -> Measures:
    """Return the distance of each start from the nearest onset of speech, up to `NEAR` seconds."""
    onsets = np.array([float(interval.start) for interval in speech])
    if not len(onsets):
        return np.full(len(starts), NEAR)
    after = np.searchsorted(onsets, starts)
    nearest = np.minimum(
        abs(starts - onsets[np.maximum(after - 1, 0)]),
        abs(starts - onsets[np.minimum(after, len(onsets) - 1)]),
    )
    return np.asarray(np.minimum(nearest, NEAR))


def _voiced_share(starts: Measures, ends: Measures, speech: Sequence[Interval]) -> Measures:
    """Return the share of each pause that has the energy of speech; 1 for none."""
    length = ends - starts
    share = _voiced_seconds(starts, ends, speech) / np.maximum(length, 0.01)
    return np.where(length < NO_PAUSE, 1.0, np.clip(share, 0, 1))


def _uncovered_share(
    first: NDArray[np.int64],
    stop: NDArray[np.int64],
    starts: Measures,
    ends: Measures,
    speech: Sequence[Interval],
) -> Measures:
    """Return the seconds of speech between some words, by the length of the words, up to 1."""
    if not len(starts):
        return np.zeros(len(first))
    whole = _voiced_seconds(starts[first], ends[stop - 1], speech)
    sums = [
        np.concatenate([[0.0], np.cumsum(each)])
        for each in (_voiced_seconds(starts, ends, speech), ends - starts)
    ]
    covered, length = (each[stop] - each[first] for each in sums)
    return np.asarray(np.clip((whole - covered) / np.maximum(length, 0.01), 0, 1))


def _voiced_seconds(starts: Measures, ends: Measures, speech: Sequence[Interval]) -> Measures:
    """Return the seconds of each interval that have the energy of speech."""
    edges = [0.0] + [float(edge) for it in speech for edge in (it.start, it.end)]
    lengths = [float(it.duration) for it in speech]
    voiced = np.concatenate([[0.0], np.repeat(np.cumsum([0.0, *lengths]), 2)[1:-1]])
    return np.asarray(np.interp(ends, edges, voiced) - np.interp(starts, edges, voiced))


def _probabilities(features: Measures, coefficients: Sequence[float]) -> tuple[Fraction, ...]:
    """Return logistic probabilities in hundredths; the coefficients begin with the intercept."""
    weights: NDArray[np.float64] = np.array(coefficients)
    logits = weights[0] + features @ weights[1:]
    return tuple(_rounded(float(value)) for value in 1 / (1 + np.exp(-np.clip(logits, -30, 30))))
