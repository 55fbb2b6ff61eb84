"""Recipes hold everything that decides a slot's pixels, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from otio_gvideo.compiler.assembly.recipes import slot_recipes
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.script.pictures import ScriptKeyframe
from otio_gvideo.renderers.base import FrameGrid, Limits
from otio_gvideo.renderers.fit.planner import plan
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
    keyframes = tuple(ScriptKeyframe(Path(f"/{n}.png"), at) for n, at in enumerate(places))
    script, schedule = reel()
    scenes = (replace(script.scenes[0], keyframes=keyframes), *script.scenes[1:])
    shot = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)["stairs"].shot
    frames = [keyframe.frame for keyframe in shot.keyframes]
    assert frames[0] == 0
    assert frames[2] == shot.span - 1
    assert abs(frames[1] - shot.frames // 2) < 12


def test_a_scene_that_ends_on_the_next_ones_still_ends_as_its_prompt_says() -> None:
    script, schedule = reel()
    end = ScriptKeyframe(Path("/end.png"), model.ScenePlace("end"))
    first, second, *others = script.scenes
    first = replace(first, keyframes=(first.keyframes[0], end), renderer="parallax")
    onward = replace(second, keyframes=(replace(end, at=model.ScenePlace("start")),))
    onward = replace(onward, prompt="waves rise", renderer="parallax")

    def endings(*scenes: model.ScriptScene, describes: str = "parallax") -> set[tuple[str, str]]:
        inputs = replace(MAKING, describes=frozenset({describes}))
        recipes = slot_recipes(replace(script, scenes=(*scenes, *others)), schedule, inputs)
        return {(name, r.shot.ending) for name, r in recipes.items() if "ending" in r.as_json()}

    assert endings(first, onward) == {("stairs", "waves rise")}
    # Another still is a cut; a keyframe before the end is passed.
    assert endings(first, replace(onward, keyframes=second.keyframes)) == set()
    passed = replace(end, at=model.ScenePlace("fraction", model.Fraction(1, 2)))
    assert endings(replace(first, keyframes=(first.keyframes[0], passed)), onward) == set()
    # A renderer without prompts keeps its keys.
    assert endings(first, onward, describes="ltx") == set()


def test_a_model_reaches_an_end_keyframe_on_the_last_frame_before_the_cut() -> None:
    script, schedule = reel()
    end = ScriptKeyframe(Path("/end.png"), model.ScenePlace("end"))
    scenes = tuple(replace(s, keyframes=(s.keyframes[0], end)) for s in script.scenes)
    recipes = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)
    can = Limits(FrameGrid(8, 1, 9, 257), multiple=32, overlap=17, continues=True)
    tails = []
    for placed in schedule.scenes:
        slot = placed.slots[-1]
        call = plan(recipes[slot.name].shot, can).calls[-1]
        (reached,) = (key.frame for key in call.keyframes if key.image.name == "end.png")
        # The body of the slot ends where the next one starts.
        assert call.first + reached == slot.frames - slot.tail - 1
        tails.append(slot.tail)
    assert max(tails) > 0


def test_parts_of_a_scene_share_its_seed_but_not_their_noise() -> None:
    script, schedule = reel()
    recipes = slot_recipes(script, schedule, MAKING)
    can = Limits(FrameGrid(8, 1, 9, 257), multiple=32, overlap=17)
    parts = [recipes[name].shot for name in ("long", "long.2")]
    assert parts[0].seed == parts[1].seed
    assert len({plan(part, can).calls[0].seed for part in parts}) == 2
