"""Every model family, from a folder on disk to the frames of a slot."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otio_gvideo.renderers.base import Expecting, Frame, Keyframe, Lora, Motion, RendererError, Shot
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class

from .conftest import SETTINGS, lasting

FAMILIES = ("ltx", "ltx2", "svd", "animatediff", "wan")


def settings_for(name: str, models: Callable[[str], Path], **more: Any) -> dict[str, Any]:
    folder = models(name)
    own = {"adapter": str(folder / "adapter")} if name == "animatediff" else {}
    return {
        **SETTINGS[name.partition("_")[0]],
        "model": str(folder),
        "device": "cpu",
        **own,
        **more,
    }


def rendered_each(name: str, settings: dict[str, Any], *shots: Shot) -> list[list[Frame]]:
    """Return the frames of several slots, all by one renderer."""
    with closing(renderer_class(name)(settings, shots[0].quality)) as renderer:
        if isinstance(renderer, Expecting):
            renderer.expect(shots)
        return [list(run_renderer.frames(renderer, shot, lambda *_: None)) for shot in shots]


def rendered(name: str, settings: dict[str, Any], shot: Shot) -> list[Frame]:
    return rendered_each(name, settings, shot)[0]


def difference(some: list[Frame], others: list[Frame]) -> float:
    """Return the mean difference in levels."""
    pairs = zip(some, others, strict=True)
    return float(np.mean([np.abs(one.astype(float) - other).mean() for one, other in pairs]))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_slot_of_six_seconds_has_exactly_its_frames(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for(name, models)
    started = time.process_time()
    frames = rendered(name, settings, lasting(shot, 144))
    assert time.process_time() - started < 20
    assert len(frames) == 144
    assert {frame.shape for frame in frames} == {(168, 64)}
    assert np.ptp(frames[0][:112]) > 8


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_recipe_gives_the_same_frames_and_another_seed_others(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    short = lasting(shot, 20)
    settings = settings_for(name, models)
    first, other, again = rendered_each(name, settings, short, replace(short, seed=8), short)
    assert difference(first, again) == 0
    assert difference(first, other) > 0.5
    assert difference(rendered(name, settings, short), first) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "ltx2", "animatediff", "wan"))
def test_prompts_change_the_video_of_models_that_have_them(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    short = lasting(shot, 10)
    away = replace(short, motion=replace(short.motion, camera="pan_left"))
    first, said, moved = rendered_each(
        name, settings_for(name, models), short, replace(short, prompt="Rain! Fire? 99"), away
    )
    assert difference(first, said) > 0
    assert difference(first, moved) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "ltx2", "svd", "animatediff"))
def test_motion_strength_changes_the_video(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    short = lasting(shot, 10)
    # In the same range of MOTION_PHRASES, so that the prompt is the same.
    lively = replace(short, motion=replace(short.motion, strength=0.6))
    calm, more = rendered_each(name, settings_for(name, models), short, lively)
    assert difference(calm, more) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_step_is_reported_once_and_can_cancel_the_call(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    steps: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        steps.append((done, total))
        if done:
            raise Stopped

    with closing(renderer_class(name)(settings_for(name, models), "draft")) as renderer:
        call = plan(lasting(shot, 10), renderer.limits).calls[0]
        with pytest.raises(Stopped):
            next(iter(renderer.generate(shot, call, [], stop)))
        assert steps == [(0, 1), (1, 2)]
        steps.clear()
        frames = list(renderer.generate(shot, call, [], lambda *step: steps.append(step)))
    assert steps == [(0, 1), (1, 2), (2, 2)]
    assert len(frames) == call.frames


@pytest.mark.slow
def test_a_long_slot_continues_from_the_frames_before(
    models: Callable[[str], Path], shot: Shot
) -> None:
    presets = {"draft": {**SETTINGS["ltx"]["presets"]["draft"], "frames": 33}}
    settings = settings_for("ltx", models, presets=presets)
    frames = rendered("ltx", settings, lasting(shot, 60))
    jumps = [difference([a], [b]) for a, b in itertools.pairwise(frames)]
    # The seams are at 17..33 and 33..49: no jump there is out of the ordinary.
    assert max(jumps) < 6 * float(np.median(jumps)) + 1


def test_a_lora_acts_by_its_weight_and_is_disabled_again(
    models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for("animatediff", models)
    loras = models("animatediff") / "loras"
    short = lasting(shot, 12)

    def worn(*weights: tuple[str, float]) -> Shot:
        put_on = tuple(Lora(loras / f"{name}.safetensors", weight) for name, weight in weights)
        return replace(short, motion=replace(short.motion, loras=put_on))

    wanted = [
        worn(),
        worn(("zoom-in", 0.0)),
        worn(("zoom-in", 0.5)),
        worn(("zoom-in", 1.0)),
        worn(("zoom-in", 1.0), ("pan-left", 0.7)),
        worn(),
    ]
    with closing(renderer_class("animatediff")(settings, "draft")) as renderer:
        none, zero, half, full, both, off = (
            list(run_renderer.frames(renderer, one, lambda *_: None)) for one in wanted
        )
    assert difference(none, zero) == 0
    assert difference(none, half) > 0.01
    assert difference(half, full) > 0.01
    assert difference(full, both) > 0.01
    assert difference(none, off) == 0


def test_the_motion_lora_configured_for_a_camera_move_is_applied(
    models: Callable[[str], Path], shot: Shot
) -> None:
    loras = models("animatediff") / "loras"
    settings = settings_for("animatediff", models)
    moving = {**settings, "camera_loras": {"push_in": str(loras / "zoom-in.safetensors")}}
    short = lasting(shot, 12)
    other = replace(short, motion=Motion(camera="pan_left"))
    plain, worn = (rendered_each("animatediff", one, short, other) for one in (settings, moving))
    assert difference(plain[0], worn[0]) > 0.01
    assert difference(plain[1], worn[1]) == 0


def test_the_table_has_the_published_motion_loras(models: Callable[[str], Path]) -> None:
    settings = settings_for("animatediff", models, camera_loras="published")
    renderer: Any = renderer_class("animatediff")(settings, "draft")
    assert str(renderer.setup.camera_loras["tilt_up"]) == "guoyww/animatediff-motion-lora-tilt-up"


def test_motion_loras_and_sparsectrl_exclude_each_other(models: Callable[[str], Path]) -> None:
    folder = models("animatediff")
    settings = settings_for(
        "animatediff",
        models,
        controlnet=str(folder / "sparsectrl"),
        camera_loras={"push_in": str(folder / "loras" / "zoom-in.safetensors")},
    )
    with pytest.raises(RendererError, match="v1-5-2, SparseCtrl"):
        renderer_class("animatediff")(settings, "draft")


@pytest.mark.slow
def test_sparsectrl_takes_keyframes_anywhere_and_continues_from_frames(
    models: Callable[[str], Path], shot: Shot, stills: tuple[Path, Path]
) -> None:
    settings = settings_for(
        "animatediff", models, controlnet=str(models("animatediff") / "sparsectrl")
    )
    long = lasting(shot, 99)  # 33 frames at 8 a second: two windows
    one = rendered("animatediff", settings, long)
    keys = (Keyframe(stills[0], 0), Keyframe(stills[1], 93))
    two = rendered("animatediff", settings, replace(long, keyframes=keys))
    assert len(one) == len(two) == 99
    assert difference(one[:30], two[:30]) == 0
    assert difference(one[70:], two[70:]) > 0.01


@pytest.mark.slow
def test_an_ip_adapter_conditions_on_the_keyframe(
    models: Callable[[str], Path], shot: Shot, stills: tuple[Path, Path]
) -> None:
    file = models("animatediff") / "ip_adapter" / "ip-adapter.safetensors"
    settings = settings_for("animatediff", models, ip_adapter=str(file))
    short = lasting(shot, 12)
    red = rendered("animatediff", settings, short)
    blue = rendered("animatediff", settings, replace(short, keyframes=(Keyframe(stills[1], 0),)))
    assert difference(red, blue) > 0.01
