"""The benchmark of voices counts what it says it counts."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def clip() -> Any:
    """Two scenes of two words, a pause of 0.4 s from 1.0 to 1.4 s."""
    clips = importlib.import_module("labelled_voices.clips")
    words = [
        ("One", 0.2, 0.6, 0),
        ("two.", 0.6, 1.0, 0),
        ("Three", 1.4, 1.8, 1),
        ("four.", 1.8, 2, 1),
    ]
    random = np.random.default_rng(1)
    sound = np.zeros(35_200)
    for _, start, end, _ in words:
        first, last = int(start * 16000), int(end * 16000)
        sound[first:last] = random.normal(size=last - first) * 3000
    return clips.Clip("a", "en", sound.astype(np.int16), tuple(clips.SaidWord(*w) for w in words))


def scored(clip: Any, shift: float = 0.0, **found: Any) -> Any:
    """Score the true times with the second scene shifted."""
    scores, scripts, ours = (
        importlib.import_module(f"labelled_voices.{name}")
        for name in ("scores", "scripts", "aligned")
    )
    script = found.pop("script", None) or scripts.RIGHT.of(clip)
    words = []
    cuts_s = []
    for scene in script:
        times = []
        for _, place in scene.words:
            said = clip.words[place or 0]
            move = shift if said.scene == 1 else 0.0
            times.append((said.start + move, said.end + move, None))
        words.append(times)
        cuts_s.append(times[0][0] - 0.1)
    known = {"confidences": [None] * len(script), "refused": [], "warnings": []} | found
    return scores.score(clip, script, ours.Aligned(words=words, cuts_s=cuts_s, **known))


def test_true_times_score_without_a_fault(clip: Any) -> None:
    scores = scored(clip)
    assert scores.in_pause == len(scores.cuts) == 1
    assert scores.word_errors_ms == [0, 0, 0, 0]
    assert not scores.silent
    assert not scores.warned_wrongly + scores.refused_wrongly


def test_a_cut_in_a_word_is_silent_unless_its_scene_is_named(clip: Any) -> None:
    late = scored(clip, 0.3)
    assert late.in_pause == 0
    assert [cut.scene for cut in late.silent] == ["s1"]
    assert scored(clip, 0.3, warnings=[("s0", "doubtful")]).silent
    named = scored(clip, 0.3, warnings=[("s1", "doubtful")])
    assert not named.silent
    assert (named.warned_rightly, named.warned_wrongly) == (1, 0)


def test_a_warning_about_a_right_scene_is_wrong(clip: Any) -> None:
    assert scored(clip, warnings=[("s1", "doubtful")]).warned_wrongly == 1


def test_a_refusal_is_wrong_if_the_scene_is_said(clip: Any) -> None:
    scripts = importlib.import_module("labelled_voices.scripts")
    never = next(edit for edit in scripts.EDITS if edit.name == "scene never said")
    scores = scored(clip, script=never.of(clip), refused=["s0", "never"])
    assert (scores.refused_wrongly, scores.refused_rightly) == (1, 1)


def test_calibration_error_is_the_gap_between_sure_and_right() -> None:
    error = importlib.import_module("labelled_voices.scores").calibration_error
    assert error([None], [True]) is None
    assert error([0.75] * 4, [True, True, True, False]) == 0
    assert error([0.95] * 4, [True, True, True, False]) == pytest.approx(0.2)


def test_conditions_keep_the_words_where_they_say(clip: Any) -> None:
    degrade = importlib.import_module("labelled_voices.degrade")
    babble = np.random.default_rng(2).normal(size=16000)
    for condition in degrade.CONDITIONS:
        changed = condition.of(clip, babble)
        assert len(changed.samples) == pytest.approx(len(clip.samples) / condition.tempo, rel=0.02)
        start, end = (round(t * 16000) for t in (changed.words[0].start, changed.words[1].end))
        loud = np.abs(changed.samples[start:end].astype(float)).mean()
        assert loud > np.abs(changed.samples[: start // 2].astype(float)).mean(), condition.name


def test_babble_is_as_far_below_the_voice_as_it_says(clip: Any) -> None:
    degrade = importlib.import_module("labelled_voices.degrade")
    babble = np.random.default_rng(2).normal(size=16000)
    voice = clip.samples / 32768
    mixed = next(c for c in degrade.CONDITIONS if c.name == "babble 10 dB").change(voice, babble)
    ratio = degrade.speech_level(voice) / np.sqrt(np.mean((mixed - voice) ** 2))
    assert 20 * np.log10(ratio) == pytest.approx(10, abs=0.2)
