"""Confidence falls with whatever makes words and cuts less certain."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import Alignment, align_scenes
from otio_gvideo.compiler.speech.align.confidence import (
    UNHEARD,
    Confidence,
    confidence,
    in_noise,
    with_fixed,
)
from otio_gvideo.compiler.speech.align.evidence import UNFIT, Evidence
from otio_gvideo.compiler.sync.types import Interval

from .recordings import samples, saved, scenes, with_noise

TOKENS = tokenize("one two three four five six", "en")
MEMBERS = [[0, 1, 2], [3, 4, 5]]


def judged(
    *,
    fits: float = 0.25,
    pause: float = 0.4,
    clarity: float = 1.0,
    voiced: bool = False,
) -> Confidence:
    """Judge two scenes of three words with a pause between them."""
    starts = [0.3, 0.6, 0.9, 1.2 + pause, 1.5 + pause, 1.8 + pause]
    times = [Interval(Fraction(s).limit_denominator(100), Fraction(s + 0.3)) for s in starts]
    ends = (2.1 + pause,) if voiced else (1.2, 2.1 + pause)
    begins = (0.3,) if voiced else (0.3, 1.2 + pause)
    speech = [Interval(Fraction(a), Fraction(b)) for a, b in zip(begins, ends, strict=True)]
    evidence = Evidence("forced", np.full(6, fits), np.full(6, np.nan), clarity)
    return confidence(TOKENS, MEMBERS, times, [(), ()], speech, evidence)


def test_clear_words_around_a_clear_pause_are_certain() -> None:
    found = judged()
    assert min(found.words) > Fraction(8, 10)
    assert min(found.scenes) > Fraction(95, 100)
    assert max(*found.words, *found.scenes) < 1  # Nothing that was listened to is certain.


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"fits": 0.1, "clarity": 0.6}, {"fits": -0.3, "clarity": 0.6}),
        ({"pause": 0.4, "clarity": 0.6}, {"pause": 0.0, "clarity": 0.6}),
        ({"clarity": 0.8, "fits": 0.0}, {"clarity": 0.4, "fits": 0.0}),
        ({"voiced": False, "clarity": 0.6}, {"voiced": True, "clarity": 0.6}),
    ],
)
def test_a_cut_is_less_certain_with_worse_evidence(
    better: dict[str, Any], worse: dict[str, Any]
) -> None:
    assert judged(**better).scenes[1] > judged(**worse).scenes[1]


def test_scenes_that_were_not_heard_are_not_certain() -> None:
    found = judged(fits=UNFIT)
    assert max(found.words) < Fraction(1, 2)
    assert max(found.scenes) <= UNHEARD


def test_noise_makes_more_cuts_doubtful_also_beside_a_lost_scene() -> None:
    sure = [Fraction(98, 100), Fraction(2, 10), Fraction(98, 100), Fraction(98, 100)]

    def at(clarity: float, cuts: Sequence[Fraction] = sure) -> list[Fraction]:
        return in_noise(cuts, Evidence("forced", np.ones(1), np.ones(1), clarity))

    doubtful = Fraction(89, 100)
    assert at(0.8) == sure
    beside, lost, after, far = at(0.68)
    assert beside == after == doubtful
    assert lost < Fraction(2, 10)
    assert far >= Fraction(98, 100)
    assert at(0.5, [Fraction(97, 100), Fraction(98, 100)])[0] == doubtful
    assert at(0.5, [Fraction(97, 100), Fraction(98, 100)])[1] >= Fraction(98, 100)
    assert at(0.5, [Fraction(1, 100), Fraction(99, 100)]) == [Fraction(1, 100), doubtful]
    assert at(0.5, []) == []


def test_noise_keeps_the_order_of_cuts() -> None:
    cuts = [Fraction(hundredths, 100) for hundredths in range(50, 100)]
    found = in_noise(cuts, Evidence("forced", np.ones(1), np.ones(1), 0.6))
    assert found == sorted(found)
    assert min(found) < cuts[0]
    assert max(found) == cuts[-1]


def test_no_words_have_no_confidence() -> None:
    nothing = Evidence("forced", np.zeros(0), np.zeros(0), 1.0)
    assert confidence([], [], [], [], [], nothing) == Confidence((), ())


def test_cuts_that_depend_on_no_words_are_certain() -> None:
    known = judged(fits=UNFIT)
    found = with_fixed(known, [True, False])
    assert (found.words, found.scenes) == (known.words, (Fraction(1), known.scenes[1]))


@pytest.mark.slow
def test_confidence_falls_as_noise_rises(tmp_path: Path) -> None:
    found: list[Alignment] = []
    for snr_db in (40, 10, 0):
        sound = with_noise(samples("slt"), snr_db)
        found.append(align_scenes(scenes("slt"), saved(sound, tmp_path), unheard="warn"))
    words = [np.mean([float(w.confidence or 0) for s in a.scenes for w in s.words]) for a in found]
    cuts = [np.mean([float(s.confidence or 0) for s in a.scenes]) for a in found]
    for means in (words, cuts):
        assert all(before >= after for before, after in pairwise(means)), means
        assert means[0] > means[-1]
