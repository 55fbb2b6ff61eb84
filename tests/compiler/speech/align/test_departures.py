"""Differences between script and narration are reported, and move no other word by seconds."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from otio_gvideo.compiler.speech.align import Alignment, AlignmentError, SceneText, align_scenes
from otio_gvideo.compiler.speech.transcripts import Transcript
from otio_gvideo.compiler.sync.types import Word

from .recordings import DATA, TrueWord, scenes, truth

AUDIO = DATA / "joe.flac"
UNSPOKEN = SceneText("moon", "Bananas grow on the far side of the moon every summer.")


def assert_in_place(found: Alignment, spoken: dict[str, tuple[TrueWord, ...]]) -> None:
    """The words of spoken scenes start within 0.15 s of their true times."""
    for scene in found.scenes:
        if scene.scene in spoken:
            for word, true in zip(scene.words, spoken[scene.scene], strict=True):
                assert abs(float(word.start) - true.start) < 0.15, (scene.scene, word)


def spoken() -> dict[str, tuple[TrueWord, ...]]:
    return {f"s{number}": line for number, line in enumerate(truth("joe"))}


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 4, 8])
def test_an_unspoken_scene_is_an_error_at_its_place(place: int) -> None:
    texts = scenes("joe")
    texts.insert(place, UNSPOKEN)
    with pytest.raises(AlignmentError) as caught:
        align_scenes(texts, AUDIO)
    assert [entry.scene_id for entry in caught.value.entries] == ["moon"]


@pytest.mark.slow
@pytest.mark.parametrize("missing", [(0,), (3,), (2, 3), (7,)], ids=str)
def test_unscripted_speech_moves_no_other_word(missing: tuple[int, ...]) -> None:
    texts = [scene for number, scene in enumerate(scenes("joe")) if number not in missing]
    assert_in_place(align_scenes(texts, AUDIO), spoken())


@pytest.mark.slow
def test_unscripted_speech_is_reported() -> None:
    texts = [scene for scene in scenes("joe") if scene.id != "s4"]
    (warning,) = align_scenes(texts, AUDIO).warnings
    assert "not in the script" in warning.what


@pytest.mark.slow
def test_unspoken_words_are_reported_and_stay_in_order() -> None:
    texts = scenes("joe")
    texts[5] = SceneText("s5", "The children suddenly terribly grew up and left for the city.")
    found = align_scenes(texts, AUDIO)
    (warning,) = found.warnings
    assert warning.scene_id == "s5"
    assert "suddenly terribly" in warning.what
    assert_in_place(found, {name: line for name, line in spoken().items() if name != "s5"})
    words = [word for scene in found.scenes for word in scene.words]
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))


@pytest.mark.slow
def test_a_wrong_transcript_moves_nothing() -> None:
    true = [word for line in truth("joe") for word in line]
    late = Transcript(
        words=tuple(
            Word(
                w.text,
                Fraction(round(w.start * 100), 100) + 3,
                Fraction(round(w.end * 100), 100) + 3,
            )
            for w in true
        )
    )
    plain = align_scenes(scenes("joe"), AUDIO)
    assert align_scenes(scenes("joe"), AUDIO, transcript=late).scenes == plain.scenes


@pytest.mark.slow
def test_another_script_altogether_is_an_error_for_most_scenes() -> None:
    with pytest.raises(AlignmentError) as caught:
        align_scenes(scenes("slt"), AUDIO)
    assert len(caught.value.entries) >= 6
    insisted = align_scenes(scenes("slt"), AUDIO, unheard="warn")
    assert {warning.scene_id for warning in insisted.warnings} == {s.id for s in scenes("slt")}
