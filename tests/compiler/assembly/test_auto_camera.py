"""Automatic moves vary, suit still and length, and do not depend on distant scenes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.assembly.auto_camera import (
    KINDS,
    SceneView,
    amount_for,
    choose_moves,
    kind_of,
)
from otio_gvideo.compiler.script import model

from .reels import scene

names = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
cameras = st.sampled_from(
    ["auto"] * 6 + ["static", "push_in", "pan_left", "tilt_down", "orbit_left"]
)
scenes = st.builds(
    lambda name, camera, renderer: scene(
        name, motion=model.ScriptMotion(camera), renderer=renderer
    ),
    names,
    cameras,
    st.sampled_from(["camera", "parallax"]),
)
reels = st.lists(scenes, min_size=1, max_size=14, unique_by=lambda s: s.id)


def chosen(
    reel: list[model.ScriptScene], wideness: float = 1.0, focus: tuple[float, float] = (0.5, 0.5)
) -> list[model.ScriptMotion]:
    views = {s.id: SceneView(wideness, focus) for s in reel}
    return list(choose_moves(reel, views, {s.id: 5.0 for s in reel}).values())


def kinds(reel: list[model.ScriptScene], wideness: float = 1.0) -> list[str]:
    return [kind_of(motion.camera) for motion in chosen(reel, wideness)]


@given(reels)
def test_no_kind_repeats_unless_the_script_states_it(
    reel: list[model.ScriptScene],
) -> None:
    for (one, first), (other, second) in pairwise(zip(reel, kinds(reel), strict=True)):
        if "auto" in (one.motion.camera, other.motion.camera):
            assert first != second


@given(reels)
def test_stated_moves_stay(reel: list[model.ScriptScene]) -> None:
    for given_scene, motion in zip(reel, chosen(reel), strict=True):
        if given_scene.motion.camera != "auto":
            assert motion == given_scene.motion
        else:
            assert kind_of(motion.camera) in KINDS


@given(reels, scenes, st.data())
def test_a_change_affects_at_most_a_run_of_equal_preferences(
    reel: list[model.ScriptScene], new: model.ScriptScene, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(reel) - 1))
    if new.id in {s.id for s in reel}:
        return
    edited = [*reel[:place], new, *reel[place + 1 :]]
    alone = [kinds([s])[0] for s in edited]
    was_alone = [kinds([s])[0] for s in reel]
    before, after = kinds(reel), kinds(edited)
    # Scenes before the neighbour are unchanged, and those after the run of equal preferences.
    assert before[: max(0, place - 1)] == after[: max(0, place - 1)]
    for index in range(place + 2, len(reel)):
        run = {*alone[place : index + 1]}, {*was_alone[place : index + 1]}
        # A scene that yields to a stated move avoids the move before it as well.
        is_stated = index + 1 < len(reel) and reel[index + 1].motion.camera != "auto"
        yields = is_stated and alone[index] == alone[index + 1]
        if min(map(len, run)) > 1 and alone[index] != alone[index - 1] and not yields:
            assert before[index:] == after[index:]
            break


def test_a_reel_is_varied() -> None:
    flat = [scene(f"scene-{n}", renderer="camera") for n in range(400)]
    moves = [motion.camera for motion in chosen(flat)]
    shares = {move: moves.count(move) / 400 for move in set(moves)}
    assert set(shares) == {move for kind in ("push", "pan", "tilt") for move in KINDS[kind]}
    assert min(shares.values()) > 0.05
    assert shares["push_in"] == max(shares.values())
    deep = chosen([scene(f"scene-{n}", renderer="parallax") for n in range(100)])
    assert {"orbit_left", "orbit_right"} < {motion.camera for motion in deep}


@pytest.mark.parametrize(("wideness", "kind"), [(2.0, "pan"), (0.5, "tilt")])
def test_moves_suit_the_shape_of_the_still(wideness: float, kind: str) -> None:
    alone = [kinds([scene(f"scene-{n}")], wideness)[0] for n in range(200)]
    assert alone.count(kind) > 80
    whole = [kinds([scene(f"scene-{n}", fit="contain")], wideness)[0] for n in range(200)]
    assert whole.count(kind) < 60


@pytest.mark.parametrize(
    ("focus", "never"),
    [
        ((0.8, 0.5), "pan_left"),
        ((0.2, 0.5), "pan_right"),
        ((0.5, 0.2), "tilt_down"),
        ((0.5, 0.9), "tilt_up"),
    ],
)
def test_moves_go_towards_the_focus(focus: tuple[float, float], never: str) -> None:
    moves = {m.camera for m in chosen([scene(f"scene-{n}") for n in range(100)], 1.0, focus)}
    assert never not in moves


@given(st.floats(0.2, 60), st.floats(1.05, 3), st.floats(0.05, 0.6))
def test_longer_scenes_move_further_and_more_slowly(
    seconds: float, times: float, amount: float
) -> None:
    short, long = amount_for(amount, seconds), amount_for(amount, seconds * times)
    assert 0 < short <= long <= 1
    assert long / (seconds * times) < short / seconds
