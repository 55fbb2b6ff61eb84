"""Telephone sound: right scenes are found, short ones among them, and wrong ones refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from otio_gvideo.compiler.speech.align import AlignmentError, SceneText, align_scenes
from otio_gvideo.compiler.sync.edit import SceneInput, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule

from .recordings import VOICES, by_telephone, samples, saved, scenes, truth

UNSAID = SceneText("moon", "Bananas grow on the far side of the moon every summer.")


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES)
def test_every_scene_is_found_on_the_telephone(voice: str, tmp_path: Path) -> None:
    found = align_scenes(scenes(voice), saved(by_telephone(samples(voice)), tmp_path))
    assert not [warning for warning in found.warnings if "not in the narration" in warning.what]
    cuts = make_schedule(
        [SceneInput(s.scene, s.words, unscripted=s.unscripted) for s in found.scenes],
        [VoiceSource(0, found.duration)],
        Fraction(24),
    ).scenes
    for cut, (before, after) in zip(cuts[1:], pairwise(truth(voice)), strict=True):
        assert before[-1].end - 0.04 <= cut.start / 24 <= after[0].start + 0.04, cut.id


@pytest.mark.slow
@pytest.mark.parametrize("place", [3, 4], ids=["before it", "after it"])
def test_an_unspoken_scene_takes_no_sound_from_a_scene_of_one_word(
    place: int, tmp_path: Path
) -> None:
    texts = scenes("slt")
    assert texts[3].text == "Wait."
    texts.insert(place, UNSAID)
    with pytest.raises(AlignmentError) as caught:
        align_scenes(texts, saved(by_telephone(samples("slt")), tmp_path))
    assert [entry.scene_id for entry in caught.value.entries] == ["moon"]
