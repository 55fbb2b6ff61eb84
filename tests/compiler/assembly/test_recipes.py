"""Recipes hold everything that decides a slot's pixels, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from otio_gvideo.compiler.assembly.recipes import slot_recipes
from otio_gvideo.compiler.script import model
from otio_gvideo.renderers.image.saliency import SaliencyGlance

from .reels import MAKING, reel


def test_editing_one_scene_changes_no_other_recipe() -> None:
    script, schedule = reel()
    before = slot_recipes(script, schedule, MAKING)
    edited = replace(script.scenes[1], prompt="a storm", seed=7)
    scenes = (script.scenes[0], edited, *script.scenes[2:])
    after = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)
    assert [name for name in before if before[name] != after[name]] == ["storm"]


def test_parts_of_a_scene_follow_each_other_if_the_renderer_continues() -> None:
    script, schedule = reel()
    plain = slot_recipes(script, schedule, MAKING)
    assert plain["long.2"].follows is None
    chained = slot_recipes(script, schedule, replace(MAKING, continues=frozenset({"parallax"})))
    assert chained["long"].follows is None
    assert chained["long.2"].follows == MAKING.key_of(chained["long"])


def test_a_focus_is_stated_or_found() -> None:
    script, schedule = reel()
    making = replace(MAKING, look=lambda _: SaliencyGlance(16 / 9, (0.2, 0.7)))

    def focus(**motion: object) -> object:
        scenes = tuple(replace(s, motion=model.ScriptMotion(**motion)) for s in script.scenes)  # type: ignore[arg-type]
        recipes = slot_recipes(replace(script, scenes=scenes), schedule, making)
        return recipes["storm"].shot.motion.focus

    assert focus() == focus(focus="auto") == focus(camera="pan_left", focus="auto") == (0.2, 0.7)
    assert focus(camera="pan_left") == focus(focus="middle") == (0.5, 0.5)
    assert focus(focus=(0.1, 0.9)) == focus(camera="push_in", focus=(0.1, 0.9)) == (0.1, 0.9)


def test_idr_frames_limit_the_body_without_transitions() -> None:
    script, schedule = reel()
    recipe = slot_recipes(script, schedule, MAKING)["storm"]
    into, out = (t for t in schedule.transitions if t.scene in ("storm", "breath"))
    shot = recipe.shot
    assert list(recipe.idr) == sorted(
        {
            0,
            shot.head,
            into.before + into.after,
            shot.frames - out.before - out.after,
            shot.frames - shot.tail,
        }
    )


def test_keyframes_are_placed_within_the_span() -> None:
    places = [
        model.ScenePlace("start"),
        model.ScenePlace("fraction", model.Fraction(1, 2)),
        model.ScenePlace("end"),
    ]
    keyframes = tuple(model.ScriptKeyframe(Path(f"/{n}.png"), at) for n, at in enumerate(places))
    script, schedule = reel()
    scenes = (replace(script.scenes[0], keyframes=keyframes), *script.scenes[1:])
    shot = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)["stairs"].shot
    frames = [keyframe.frame for keyframe in shot.keyframes]
    assert frames[0] == 0
    assert frames[2] == shot.span - 1
    assert abs(frames[1] - shot.frames // 2) < 12
