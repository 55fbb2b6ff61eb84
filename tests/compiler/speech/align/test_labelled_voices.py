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
CLIPS = (*READ, "cold_corpus", "cold_corpus, fillers")
WORSE = (
    "babble 10 dB",
    "babble 0 dB",
    "room 1.2 s",
    "telephone",
    "20% swapped",
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
def test_a_clear_reading_has_every_cut_in_its_pause_and_no_warning(
    name: str, voices: Any, cache: Path
) -> None:
    scores = measured(voices, name, "clean", cache)
    errors = np.abs(scores.word_errors_ms)
    print(f"{name}: median {np.median(errors):.0f} ms, p95 {np.percentile(errors, 95):.0f} ms")
    assert scores.in_pause == len(scores.cuts)
    assert not scores.refused_wrongly + scores.warned_wrongly + scores.warned_rightly
    assert np.median(errors) < 20
    assert np.percentile(errors, 95) < 60
