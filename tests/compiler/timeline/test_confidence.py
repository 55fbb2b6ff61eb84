"""Which scenes of a timeline are doubtful, and by how much they may be off."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler.api.view import view_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.confidence import (
    LEAST_CUT,
    TimedWord,
    doubtful_scenes,
    doubts_of,
)
from otio_gvideo.compiler.timeline.metadata import NAMESPACE

WORDS = [
    TimedWord("a", 0.2, 0.5, 0.95),
    TimedWord("a", 0.5, 1.0, 0.9),
    TimedWord("b", 1.4, 1.8, 0.3),
    TimedWord("b", 1.8, 2.0, 0.4),
    TimedWord("b", 2.0, 2.6, 0.97),
]


def test_the_certain_words_around_a_cut_bound_its_error() -> None:
    (doubt,) = doubtful_scenes(WORDS, {"a": 0.99, "b": 0.5})
    assert (doubt.scene, doubt.confidence, doubt.at_s) == ("b", 0.5, 1.4)
    assert doubt.off_s == pytest.approx(0.6)  # Not later than its third word.
    assert str(doubt) == (
        "its cut is 50% certain: its first word, at 1.40 s, may be up to 0.6 s off; listen to it"
    )


def test_without_a_certain_word_the_error_reaches_the_ends_of_the_narration() -> None:
    words = [TimedWord(w.scene, w.start, w.end, 0.1) for w in WORDS]
    (doubt,) = doubtful_scenes(words, {"a": 0.99, "b": 0.5})
    assert doubt.off_s == pytest.approx(1.2)


def test_certain_scenes_and_scenes_of_unknown_confidence_are_no_doubts() -> None:
    assert not list(doubtful_scenes(WORDS, {"a": 0.95, "b": 0.9}))
    assert not list(doubtful_scenes(WORDS, {}))
    assert Fraction(9, 10) >= LEAST_CUT


def test_a_scene_that_plays_twice_is_doubtful_twice() -> None:
    moved = [TimedWord(w.scene, w.start + 3, w.end + 3, w.confidence) for w in WORDS]
    found = doubtful_scenes([*WORDS, *moved], {"a": 0.99, "b": 0.5})
    assert [doubt.at_s for doubt in found] == [1.4, 4.4]


def doubting(timeline: Path, scene: str = "stairs", confidence: object = 0.25) -> Path:
    """Write a copy of a timeline that is less certain of a scene."""
    document = json.loads(timeline.read_text())
    for stated in document["metadata"][NAMESPACE]["scenes"]:
        if stated["scene"] == scene:
            stated["confidence"] = confidence
    path = timeline.with_name("doubt.otio")
    path.write_text(json.dumps(document))
    return path


def test_timeline_and_report_have_the_confidence_of_every_word_and_scene(compiled: Path) -> None:
    stated = json.loads(compiled.read_text())["metadata"][NAMESPACE]
    assert all(0 <= scene["confidence"] <= 1 for scene in stated["scenes"])
    assert all(0 <= word["confidence"] <= 1 for word in stated["words"])
    assert [scene["confidence"] == 1 for scene in stated["scenes"]][:2] == [True, False]
    report = json.loads((compiled.parent / "report.json").read_text())
    jsonschema.validate(report, schemas.load("report"))
    assert [scene["id"] for scene in report["scenes"]] == [s["scene"] for s in stated["scenes"]]
    for scene, known in zip(report["scenes"], stated["scenes"], strict=True):
        assert scene["confidence"] == known["confidence"]
    words = [word for scene in report["scenes"] for word in scene["words"]]
    assert [word["confidence"] for word in words] == [w["confidence"] for w in stated["words"]]


def test_a_timeline_from_before_says_nothing(compiled: Path) -> None:
    document = json.loads(compiled.read_text())
    stated = document["metadata"][NAMESPACE]
    del stated["scenes"]
    for word in stated["words"]:
        del word["confidence"]
    old = compiled.with_name("old.otio")
    old.write_text(json.dumps(document))
    assert not doubts_of(read_timeline(old))
    page = view_timeline(old).path.read_text()
    assert "certain" not in page
    assert "--p:" not in page


def test_the_page_tints_words_and_lists_the_scenes_to_listen_to(compiled: Path) -> None:
    page = view_timeline(doubting(compiled)).path.read_text()
    assert "--p:" in page
    assert "Scenes to listen to first" in page
    assert "stairs</a>: 25% certain: its first word, at" in page
    sure = view_timeline(doubting(compiled, confidence=0.95)).path.read_text()
    assert "Scenes to listen to first" not in sure


@pytest.mark.parametrize("value", [1.5, "high"])
def test_a_confidence_that_is_no_probability_is_refused(compiled: Path, value: object) -> None:
    with pytest.raises(InputError, match=r"confidence of scenes\[\d\] is not a number from 0 to 1"):
        read_timeline(doubting(compiled, confidence=value))
