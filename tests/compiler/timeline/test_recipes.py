"""Recipes hold what decides a slot's pixels and nothing that does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from otio_gvideo.compiler.frontend import model
from otio_gvideo.compiler.timeline.recipes import choose_moves, slot_recipes

from .reels import MAKING, reel, scene


def test_editing_one_scene_changes_no_other_recipe() -> None:
    script, schedule = reel()
    before = slot_recipes(script, schedule, MAKING)
    edited = replace(script.scenes[1], prompt="a storm", seed=7)
    scenes = (script.scenes[0], edited, *script.scenes[2:])
    after = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)
    assert [name for name in before if before[name] != after[name]] == ["storm"]


def test_continuations_follow_each_other_where_the_renderer_needs_it() -> None:
    script, schedule = reel()
    plain = slot_recipes(script, schedule, MAKING)
    assert plain["long.2"]["follows"] is None
    chained = slot_recipes(script, schedule, replace(MAKING, continues=frozenset({"camera"})))
    assert chained["long"]["follows"] is None
    assert chained["long.2"]["follows"] == MAKING.key_of(chained["long"])


def test_auto_never_makes_the_same_move_twice_in_a_row() -> None:
    scenes = [scene(f"scene-{number}") for number in range(200)]
    moves = list(choose_moves(scenes).values())
    assert all(a != b for a, b in pairwise(moves))
    assert set(moves) > {"push_in", "pull_out", "pan_left"}


def test_auto_keeps_clear_of_a_stated_move() -> None:
    stated = scene("a", motion=model.Motion(camera="push_in"))
    for name in map(str, range(50)):
        assert choose_moves([stated, scene(name)])[name] != "push_in"


def test_idr_frames_stand_where_the_body_is_seen_alone() -> None:
    script, schedule = reel()
    recipe = slot_recipes(script, schedule, MAKING)["storm"]
    into, out = (t for t in schedule.transitions if t.scene in ("storm", "breath"))
    frames = recipe["frames"]
    assert recipe["idr"] == sorted(
        {
            0,
            recipe["head"],
            into.before + into.after,
            frames - out.before - out.after,
            frames - recipe["tail"],
        }
    )


def test_keyframes_are_placed_within_the_span() -> None:
    places = [model.At("start"), model.At("fraction", model.Fraction(1, 2)), model.At("end")]
    keyframes = tuple(model.Keyframe(Path(f"/{n}.png"), at) for n, at in enumerate(places))
    script, schedule = reel()
    scenes = (replace(script.scenes[0], keyframes=keyframes), *script.scenes[1:])
    recipe = slot_recipes(replace(script, scenes=scenes), schedule, MAKING)["stairs"]
    frames = [k["frame"] for k in recipe["keyframes"]]
    assert frames[0] == 0
    assert frames[2] == recipe["span"] - 1
    assert abs(frames[1] - recipe["frames"] // 2) < 12
