"""Media are found by what they are made of; what is half made is never taken for whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from otio_gvideo import schemas
from otio_gvideo.renderers.base import Frame, RendererError, UnavailableError
from otio_gvideo.renderers.pool import Job, Rendered, render_slots
from otio_gvideo.renderers.recipe import recipe_key, shot_from_recipe
from otio_gvideo.renderers.store import Store
from PIL import Image


@pytest.fixture
def recipe(tmp_path: Path) -> dict[str, Any]:
    still = tmp_path / "still.png"
    Image.linear_gradient("L").convert("RGB").save(still)
    return {
        "renderer": "camera",
        "version": 1,
        "width": 32,
        "height": 56,
        "fps": "24/1",
        "frames": 12,
        "head": 0,
        "tail": 0,
        "start": 0,
        "span": 12,
        "keyframes": [{"image": str(still), "frame": 0}],
        "depth": None,
        "fit": "cover",
        "prompt": "",
        "negative_prompt": "",
        "seed": 1,
        "motion": {
            "camera": "push_in",
            "amount": 0.3,
            "easing": "linear",
            "strength": 0.5,
            "loras": [],
        },
        "quality": "standard",
        "settings": {},
        "encoding": {"codec": "h264", "preset": "ultrafast", "crf": 30},
        "idr": [0],
        "follows": None,
    }


def write_raw(
    frames: Iterator[Frame],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: object,
    encoding: object,
) -> None:
    path.write_bytes(b"".join(frame.tobytes() for frame in frames))


def run(jobs: list[Job], folder: Path, **options: Any) -> list[Rendered]:
    return render_slots(jobs, Store(folder), write_clip=write_raw, **options)


def test_recipes_are_valid_and_become_shots(recipe: dict[str, Any]) -> None:
    jsonschema.validate(recipe, schemas.load("recipe"))
    assert shot_from_recipe(recipe).keyframes[0].image.name == "still.png"


def test_moving_a_project_keeps_its_keys(recipe: dict[str, Any], tmp_path: Path) -> None:
    key = recipe_key(recipe)
    moved = tmp_path / "elsewhere.png"
    Path(recipe["keyframes"][0]["image"]).rename(moved)
    assert recipe_key(recipe | {"keyframes": [{"image": str(moved), "frame": 0}]}) == key


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"prompt": "x"}, {"frames": 13}, {"quality": "high"}, {"idr": [0, 3]}]
)
def test_whatever_decides_pixels_changes_the_key(
    recipe: dict[str, Any], change: dict[str, Any]
) -> None:
    assert recipe_key(recipe | change) != recipe_key(recipe)


def test_repainting_a_still_changes_the_key(recipe: dict[str, Any]) -> None:
    key = recipe_key(recipe)
    Image.new("RGB", (10, 10)).save(recipe["keyframes"][0]["image"])
    assert recipe_key(recipe) != key


def test_a_second_run_renders_nothing(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [Job("a", recipe), Job("b", recipe | {"seed": 2})]
    first = run(jobs, tmp_path / "media")
    second = run(jobs, tmp_path / "media")
    assert [r.reused for r in first] == [False, False]
    assert [r.reused for r in second] == [True, True]
    assert [r.path for r in first] == [r.path for r in second]


def test_changing_one_slot_renders_one_slot(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [Job(name, recipe | {"seed": n}) for n, name in enumerate("abc")]
    run(jobs, tmp_path / "media")
    jobs[1] = Job("b", recipe | {"seed": 9})
    assert [r.reused for r in run(jobs, tmp_path / "media")] == [True, False, True]


def test_renamed_slots_find_their_media(recipe: dict[str, Any], tmp_path: Path) -> None:
    run([Job("old name", recipe)], tmp_path / "media")
    assert run([Job("new", recipe)], tmp_path / "media")[0].reused


def test_equal_slots_are_rendered_once(recipe: dict[str, Any], tmp_path: Path) -> None:
    made = run([Job("a", recipe), Job("b", recipe)], tmp_path / "media")
    assert [r.reused for r in made] == [False, True]
    assert made[0].path == made[1].path


def test_force_renders_again(recipe: dict[str, Any], tmp_path: Path) -> None:
    run([Job("a", recipe)], tmp_path / "media")
    assert not run([Job("a", recipe)], tmp_path / "media", force=True)[0].reused


def test_order_and_number_of_workers_change_no_byte(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [Job(f"s{n}", recipe | {"seed": n, "frames": 4 + n}) for n in range(6)]
    one = run(jobs, tmp_path / "one", workers=1)
    many = run(jobs[::-1], tmp_path / "many", workers=4)[::-1]
    assert [r.path.read_bytes() for r in one] == [r.path.read_bytes() for r in many]


@pytest.mark.slow
def test_a_ray_cluster_makes_the_same_media(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [Job(f"s{n}", recipe | {"seed": n}) for n in range(3)]
    here = run(jobs, tmp_path / "here")
    finished: list[str] = []
    there = run(
        jobs, tmp_path / "there", engine="ray", on_finished=lambda made: finished.append(made.slot)
    )
    assert [r.path.read_bytes() for r in here] == [r.path.read_bytes() for r in there]
    assert sorted(finished) == ["s0", "s1", "s2"]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    bad = recipe | {"keyframes": [{"image": str(broken), "frame": 0}]}
    with pytest.raises(RendererError, match="cannot be decoded"):
        run([Job("bad", bad)], tmp_path / "there", engine="ray")


def test_an_unknown_engine_is_refused(recipe: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no engine 'steam'"):
        run([Job("a", recipe)], tmp_path / "media", engine="steam")


def test_one_failing_slot_loses_no_other(recipe: dict[str, Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    bad = recipe | {"keyframes": [{"image": str(broken), "frame": 0}]}
    with pytest.raises(RendererError, match=r"bad: .*broken\.png: cannot be decoded"):
        run([Job("bad", bad), Job("good", recipe)], tmp_path / "media")
    assert run([Job("good", recipe)], tmp_path / "media")[0].reused


def test_media_without_their_recipe_are_unfinished(recipe: dict[str, Any], tmp_path: Path) -> None:
    path = run([Job("a", recipe)], tmp_path / "media")[0].path
    path.with_suffix(".json").unlink()
    assert not run([Job("a", recipe)], tmp_path / "media")[0].reused


def test_a_recipe_of_another_key_is_not_trusted(recipe: dict[str, Any], tmp_path: Path) -> None:
    path = run([Job("a", recipe)], tmp_path / "media")[0].path
    sidecar = path.with_suffix(".json")
    document = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps(document | {"key": document["key"][:12] + "0" * 52}))
    assert not run([Job("a", recipe)], tmp_path / "media")[0].reused


def test_leftovers_of_dead_processes_are_cleared(recipe: dict[str, Any], tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, live = media / f".a.mp4.{dead.pid}.123.tmp", media / f".b.mp4.{os.getppid()}.1.tmp"
    left.touch()
    live.touch()
    run([Job("a", recipe)], media)
    assert not left.exists()
    assert live.exists()


KILLED = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.renderers.test_store import run, Job
import tests.renderers.test_store as here
def slow(frames, path, **rest):
    with path.with_name(f".{{path.name}}.{{os.getpid()}}.tmp").open("wb") as f:
        for frame in frames:
            f.write(frame.tobytes()); f.flush(); time.sleep(0.05)
here.write_raw = slow
run([Job("a", json.loads({recipe!r}))], Path({media!r}))
"""


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_looks_whole(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    media = tmp_path / "media"
    root = str(Path(__file__).parents[2])
    code = KILLED.format(root=root, recipe=json.dumps(recipe), media=str(media))
    victim = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    deadline = time.monotonic() + 60
    while not list(media.glob(".*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not list(media.glob("*.mp4"))
    assert not run([Job("a", recipe)], media)[0].reused
    assert not list(media.glob(".*.tmp"))
