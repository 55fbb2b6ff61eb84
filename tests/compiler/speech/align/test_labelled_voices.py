"""Alignment held against voices that nobody here labelled: cuts, refusals, silence, confidence."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
READ = ("kal, festival", "rms, flite", "bobby and mary")
"""Clear readings; no coefficient was fitted on them."""
CLIPS = READ
WORSE = (
    "babble 10 dB",
    "babble 0 dB",
    "room 1.2 s",
    "telephone",
    "20% swapped",
    "10% missing",
    "scene never said",
)


@pytest.fixture(scope="module")
def voices() -> Iterator[Any]:
    """The module ``benchmarks/voices.py``."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("voices")
    sys.path.remove(str(BENCHMARKS))


def measured(voices: Any, name: str, condition: str, cache: Path) -> Any:
    """Score our alignment of a clip; skip if this machine lacks the voice."""
    found = {item.name: item for item in voices.material.materials()}
    conditions = {one.name: one for one in (*voices.CONDITIONS, *voices.EDITS)}
    try:
        whole = voices.cached_clip(found[name], cache)
        bank = [voices.cached_clip(found[one], cache) for one in ("awb, flite", "joe, piper")]
    except voices.MissingVoiceError as error:
        pytest.skip(f"{name} needs {error}")
    clip, script = voices.prepared(whole, conditions[condition], bank)
    ours = voices.aligned(clip.samples, script, clip.language, cache)
    return voices.score(clip, script, ours)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_a_clear_reading_has_every_cut_in_its_pause_and_no_needless_warning(
    name: str, voices: Any, cache: Path
) -> None:
    scores = measured(voices, name, "clean", cache)
    errors = np.abs(scores.word_errors_ms)
    print(f"{name}: median {np.median(errors):.0f} ms, p95 {np.percentile(errors, 95):.0f} ms")
    assert scores.in_pause == len(scores.cuts)
    # Two speakers, cut together: a pause of 0.15 s is no sure sign of a cut.
    doubts = 1 if name == "bobby and mary" else 0
    assert scores.refused_wrongly + scores.warned_wrongly + scores.warned_rightly <= doubts
    assert np.median(errors) < 20
    assert np.percentile(errors, 95) < 80


@pytest.mark.slow
def test_confidence_is_calibrated_and_silence_is_a_promise(voices: Any, cache: Path) -> None:
    """On voices that no coefficient was fitted on, clear and worse."""
    cuts: list[Any] = []
    words: list[tuple[float, bool]] = []
    for name in CLIPS:
        for condition in ("clean", *WORSE):
            scores = measured(voices, name, condition, cache)
            cuts += scores.cuts
            near = np.abs(scores.word_errors_ms) <= 50
            words += zip(scores.word_confidences, near.tolist(), strict=True)
    of_cuts = [(cut.confidence, cut.outside_frames <= 0.5) for cut in cuts]
    error = importlib.import_module("labelled_voices.scores").calibration_error
    for kind, pairs in (("words", words), ("cuts", of_cuts)):
        for low in np.arange(10) / 10:  # The reliability diagram.
            right = [ok for sure, ok in pairs if low <= sure < low + 0.1]
            share = f"{np.mean(right):.0%} of {len(right)}" if right else "none"
            print(f"{kind}, {low:.0%} to {low + 0.1:.0%} certain: {share} right")
        assert error(*zip(*pairs, strict=True)) < 0.1, kind
    silent = [cut for cut in cuts if cut.outside_frames > 2 and not cut.is_warned]
    assert len(silent) <= 1  # In babble as loud as the voice.
    unwarned = [cut.outside_frames <= 0.5 for cut in cuts if not cut.is_warned]
    print(f"without a warning: {np.mean(unwarned):.1%} of {len(unwarned)} cuts are in their pause")
    assert np.mean(unwarned) >= 0.98
