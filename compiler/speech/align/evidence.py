"""Evidence for the times of words, in the same measures for every source of times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...sync.types import Interval
from .alignment_result import ForcedAlignment
from .ctc_viterbi import SPOKEN
from .foreign_align import ForeignAlignment
from .transcript_anchors import TranscriptAnchors

Source: TypeAlias = Literal["forced", "ctc", "dtw", "transcript"]
"""Where the times come from: each source has its own coefficients."""
UNFIT = -1.0
"""Fit of a word that was not heard."""
STUDIO = 13.0
"""Contrast of a clear recording."""
LEAST_FIT = -0.9
"""Least fit of one that was, by a speech model."""
ONSET = 0.3
"""Farthest onset of speech, in seconds, that may be a word's of a transcript."""
Measures: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the times of words.

    Attributes:
        source: of the times.
        fits: how well each word fits the sound, 1 for clear speech, 0 and below for other speech:
            the margin of forced alignment as a share of the contrast, or its like.
        agreement: distance of each word's start from another source's, in seconds; NaN without one.
        clarity: of the recording, about 1 in a studio.
        stretches: of like sound, if there are several: the second at which each begins, and its
            clarity.
    """

    source: Source
    fits: Measures
    agreement: Measures
    clarity: float
    stretches: tuple[tuple[Fraction, float], ...] = ()

    def clarity_at(self, second: Fraction) -> float:
        """Return the clarity of the stretch at a second."""
        begun = bisect_right(self.stretches, second, key=itemgetter(0))
        return self.stretches[begun - 1][1] if begun else self.clarity


def of_transcript(anchors: TranscriptAnchors, speech: Sequence[Interval] = ()) -> Evidence:
    """Return the evidence for a transcript's times.

    The nearer its words are to the onsets of speech, where the sound has any, the better it times
    the others: their median distance is its clarity.

    Args:
        anchors: the transcript.
        speech: of the recording, by energy.
    """
    known = np.array([time is not None for time in anchors.times], np.float64)
    starts = [float(time.start) if time else np.nan for time in anchors.times]
    onsets = np.array([-np.inf, *(float(interval.start) for interval in speech), np.inf])
    after = np.searchsorted(onsets[1:-1], starts) + 1
    away = np.minimum(starts - onsets[after - 1], onsets[after] - starts)
    away = np.where(away <= ONSET, away, np.nan)
    near = away[~np.isnan(away)]
    median = float(np.median(near)) if len(near) else ONSET / 2
    fits = known if anchors.timed == "word" else known / 2
    return Evidence("transcript", fits, away, 1 - median / ONSET)


def of_forced_alignment(
    alignment: ForcedAlignment, times: Sequence[Interval], anchors: TranscriptAnchors | None
) -> Evidence:
    """Return the evidence for times of forced alignment; an unspoken token has the worst fit."""
    fits = [
        margin / alignment.contrast if time is not None else UNFIT
        for margin, time in zip(alignment.margins, alignment.times, strict=True)
    ]
    agreement = _apart(times, anchors)
    clarity = alignment.contrast / STUDIO
    return Evidence("forced", np.array(fits), agreement, clarity, _clarities(alignment))


def of_ctc_alignment(
    alignment: ForcedAlignment, times: Sequence[Interval], anchors: TranscriptAnchors | None
) -> Evidence:
    """Return the evidence for times by a speech model, which does not tell how clear a voice is.

    A word fits by the log posteriors of its labels: 1 if each is the likeliest of its frame, 0 if
    they are no likelier than that the word is skipped.
    """
    fits = [
        max(margin / SPOKEN, LEAST_FIT) if time is not None else UNFIT
        for margin, time in zip(alignment.margins, alignment.times, strict=True)
    ]
    return Evidence("ctc", np.array(fits), _apart(times, anchors), 1.0)


def _apart(times: Sequence[Interval], anchors: TranscriptAnchors | None) -> Measures:
    """Return the distance of each word's start from a transcript's, in seconds; NaN without one."""
    known = [None] * len(times) if anchors is None else anchors.times
    return np.array(
        [
            abs(float(time.start - other.start)) if other is not None else np.nan
            for time, other in zip(times, known, strict=True)
        ]
    )


def of_foreign_alignment(found: ForeignAlignment) -> Evidence:
    """Return the evidence for times of forced alignment in another language, checked by DTW."""
    heard = found.heard
    return Evidence(
        "dtw",
        np.array(
            [
                margin / heard.contrast if time is not None else UNFIT
                for margin, time in zip(heard.margins, heard.times, strict=True)
            ]
        ),
        abs(np.array(found.apart)),
        heard.contrast / STUDIO,
        _clarities(heard),
    )


def _clarities(alignment: ForcedAlignment) -> tuple[tuple[Fraction, float], ...]:
    return tuple((start, contrast / STUDIO) for start, contrast in alignment.stretches)
