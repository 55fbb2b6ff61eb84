"""A still on screen for long has two framings, unless the script says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.assembly.auto_camera import kind_of
from otio_gvideo.compiler.assembly.cut_in import may_cut_in
from otio_gvideo.compiler.assembly.recipes import slot_recipes
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.script.pictures import ScriptKeyframe
from otio_gvideo.compiler.sync.edit import SceneInput, Schedule, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule
from otio_gvideo.compiler.sync.types import Interval, Word
from otio_gvideo.renderers.base import Shot
from otio_gvideo.renderers.camera.poses import cover_framing, pose_at
from otio_gvideo.renderers.image.faces import Face
from otio_gvideo.renderers.image.saliency import SaliencyGlance
from PIL import Image

from .reels import MAKING, STILL, scene, words

FPS = Fraction(24)
LONG = words(("Up", 0.5, 2.0), ("went", 2.0, 4.8), ("he", 5.4, 5.9), ("slowly", 5.9, 10.8))
LARGE = SaliencyGlance(16 / 9, (0.5, 0.4), width=4000, extent=(0.35, 0.3, 0.65, 0.5))


def scheduled(
    spoken: Sequence[Word],
    only: model.ScriptScene | None = None,
    unscripted: tuple[Interval, ...] = (),
    until: Fraction = Fraction(11),
) -> tuple[model.Script, Schedule]:
    only = only or scene("stairs")
    script = model.Script(Path("/r.yaml"), "0" * 64, "r", model.ScriptOutput(), (only,))
    source = SceneInput(
        only.id,
        tuple(spoken),
        beat=only.duration,
        unscripted=unscripted,
        may_cut_in=may_cut_in(only),
    )
    voices = [VoiceSource(0, until)] if spoken else []
    return script, make_schedule([source], voices, FPS)


def shots(
    only: model.ScriptScene | None = None,
    glance: SaliencyGlance = LARGE,
    spoken: Sequence[Word] = LONG,
) -> list[Shot]:
    script, schedule = scheduled(spoken, only)
    recipes = slot_recipes(script, schedule, replace(MAKING, look=lambda _: glance))
    return [recipe.shot for recipe in recipes.values()]


def assert_closer(wide: Shot, closer: Shot) -> None:
    """The view after the cut is narrower by a quarter at least."""
    framing = cover_framing(16 / 9, 16 / 9)
    before, after = pose_at(wide.motion, 1, framing), pose_at(closer.motion, 0, framing)
    assert wide.motion.zoom == 1
    assert after.zoom > 1.25 * before.zoom


def test_a_still_held_long_is_cut_in_on_at_a_pause() -> None:
    wide, closer = shots()
    assert_closer(wide, closer)
    assert 4.8 * 24 < wide.frames < 5.4 * 24
    assert (wide.start, wide.span) == (0, wide.frames)
    assert (closer.start, closer.span) == (0, closer.frames)
    assert kind_of(wide.motion.camera) != kind_of(closer.motion.camera)


@pytest.mark.parametrize(
    "changes",
    [
        {"motion": model.ScriptMotion("push_in")},
        {"motion": model.ScriptMotion(focus=(0.5, 0.5))},
        {"motion": model.ScriptMotion(focus="middle")},
        {"motion": model.ScriptMotion(cut_in=False)},
        {"renderer": "ltx"},
        {"fit": "contain"},
        {"keyframes": (STILL, ScriptKeyframe(STILL.image, model.ScenePlace("end")))},
    ],
)
def test_what_a_person_sets_keeps_one_framing(changes: dict[str, object]) -> None:
    stated = scene("stairs", **changes)
    _, schedule = scheduled(LONG, stated)
    assert not any(slot.cuts_in for slot in schedule.scenes[0].slots)


def test_a_still_held_for_six_seconds_or_without_a_pause_keeps_one_framing() -> None:
    assert len(scheduled(LONG[:3], until=Fraction(6))[1].scenes[0].slots) == 1
    assert len(scheduled(LONG[:3], until=Fraction(8))[1].scenes[0].slots) == 2
    restless = [replace(one, end=other.start) for one, other in pairwise(LONG)] + [LONG[-1]]
    assert {shot.motion.zoom for shot in shots(spoken=restless)} == {1}


def test_a_word_outside_the_script_is_not_cut() -> None:
    _, schedule = scheduled(LONG, unscripted=(Interval(Fraction("4.85"), Fraction("5.38")),))
    assert not any(slot.cuts_in for slot in schedule.scenes[0].slots)


def test_a_silent_beat_is_cut_in_on_in_its_middle() -> None:
    wide, closer = shots(scene("breath", text=None, duration=Fraction(8)), spoken=())
    assert (wide.frames, closer.frames) == (96, 96)
    assert_closer(wide, closer)


def test_a_still_held_for_a_minute_repeats_no_move_soon() -> None:
    seen = shots(scene("breath", text=None, duration=Fraction(60)), spoken=())
    assert len(seen) == 10
    assert [shot.motion.zoom > 1 for shot in seen] == [False, True] * 5
    wide, closer, wide_back, closer_back, *rest = [shot.motion for shot in seen]
    for there, back in ((wide, wide_back), (closer, closer_back)):
        assert kind_of(there.camera) == kind_of(back.camera)
        assert there.camera != back.camera
        assert replace(there, camera=back.camera) == back
    assert rest[:4] == [wide, closer, wide_back, closer_back]


def test_a_push_before_a_closer_framing_becomes_a_pull() -> None:
    moves = {
        (wide.motion.camera, closer.motion.camera)
        for name in "abcdefghijkl"
        for wide, closer in [shots(scene(name, renderer="camera"))]
    }
    assert "push_in" not in {wide for wide, _ in moves}
    assert "pull_out" in {wide for wide, _ in moves}


def test_a_still_too_small_for_a_closer_framing_is_not_split(tmp_path: Path) -> None:
    beats = "    duration: 8\n    keyframe: {}.png\n"
    text = "version: 1\ndefaults: {renderer: camera}\nscenes:\n"
    for name, width in (("small", 400), ("large", 1600)):
        picture = np.random.default_rng(1).integers(0, 255, (16, 9, 3), np.uint8)
        Image.fromarray(picture).resize((width, width * 16 // 9)).save(tmp_path / f"{name}.png")
        text += f"  - id: {name}\n" + beats.format(name)
    (tmp_path / "script.yaml").write_text(text)
    slots = plan_script(tmp_path / "script.yaml").slots
    assert [(slot.name, slot.frames) for slot in slots] == [
        *[("small", 192), ("large", 96), ("large.2", 96)]
    ]
    whole = (
        (tmp_path / "script.yaml")
        .read_text()
        .replace("small\n", "small\n    motion: {cut_in: false}\n")
    )
    (tmp_path / "whole.yaml").write_text(whole)
    assert plan_script(tmp_path / "whole.yaml").slots[0].key == slots[0].key


@pytest.mark.parametrize("renderer", ["camera", "parallax"])
@pytest.mark.parametrize("left", [0.1, 0.35, 0.6])
def test_heads_stay_in_a_closer_framing(renderer: str, left: float) -> None:
    face = Face(left, 0.3, left + 0.25, 0.44, 0.9)
    glance = replace(LARGE, faces=(face,))
    wide, closer = shots(scene("stairs", renderer=renderer), glance)
    assert closer.motion.zoom > 1.2
    framing = cover_framing(16 / 9, 16 / 9)
    head = face.head
    for shot in (wide, closer):
        for step in range(9):
            seen = pose_at(shot.motion, step / 8, framing).corners(16 / 9)
            low, high = seen.min(axis=0), seen.max(axis=0)
            assert low[0] <= head[0] - 0.5
            assert high[0] >= head[2] - 0.5
            assert low[1] <= (head[1] - 0.5) * 16 / 9
            assert high[1] >= (head[3] - 0.5) * 16 / 9


def test_heads_too_far_apart_keep_one_framing() -> None:
    faces = (Face(0.06, 0.3, 0.3, 0.44, 0.9), Face(0.7, 0.3, 0.94, 0.44, 0.9))
    assert {shot.motion.zoom for shot in shots(glance=replace(LARGE, faces=faces))} == {1}
