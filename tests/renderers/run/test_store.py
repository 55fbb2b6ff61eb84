"""Media are found by the hash of their inputs; incomplete files are never cache hits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from otio_gvideo.renderers.base import (
    Call,
    Frame,
    FrameGrid,
    Limits,
    RendererError,
    Shot,
    UnavailableError,
)
from otio_gvideo.renderers.files.atomic_file import SCRATCH
from otio_gvideo.renderers.run import loaded_renderers
from otio_gvideo.renderers.run.job import Job, Rendered
from otio_gvideo.renderers.run.pool import SlotsError, render_slots
from otio_gvideo.renderers.run.recipe import Recipe, recipe_key
from otio_gvideo.renderers.run.store import LOCK, Store, damage_of
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
    transitions: object,
    encoding: object,
) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    temporary.write_bytes(b"".join(frame.tobytes() for frame in frames))
    temporary.replace(path)


def job(slot: str, recipe: dict[str, Any]) -> Job:
    return Job(slot, Recipe.from_json(recipe))


def key_of(recipe: dict[str, Any]) -> str:
    return recipe_key(Recipe.from_json(recipe))


def run(jobs: list[Job], folder: Path, **options: Any) -> list[Rendered]:
    return render_slots(jobs, Store(folder), write_clip=write_raw, **options)


def test_a_second_run_renders_nothing(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [job("a", recipe), job("b", recipe | {"seed": 2})]
    first = run(jobs, tmp_path / "media")
    second = run(jobs, tmp_path / "media")
    assert [r.reused for r in first] == [False, False]
    assert [r.reused for r in second] == [True, True]
    assert [r.path for r in first] == [r.path for r in second]


def test_changing_one_slot_renders_one_slot(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [job(name, recipe | {"seed": n}) for n, name in enumerate("abc")]
    run(jobs, tmp_path / "media")
    jobs[1] = job("b", recipe | {"seed": 9})
    assert [r.reused for r in run(jobs, tmp_path / "media")] == [True, False, True]


def test_renamed_slots_find_their_media(recipe: dict[str, Any], tmp_path: Path) -> None:
    run([job("old name", recipe)], tmp_path / "media")
    assert run([job("new", recipe)], tmp_path / "media")[0].reused


def test_equal_slots_are_rendered_once(recipe: dict[str, Any], tmp_path: Path) -> None:
    made = run([job("a", recipe), job("b", recipe)], tmp_path / "media")
    assert [r.reused for r in made] == [False, True]
    assert made[0].path == made[1].path


def test_force_renders_again(recipe: dict[str, Any], tmp_path: Path) -> None:
    run([job("a", recipe)], tmp_path / "media")
    assert not run([job("a", recipe)], tmp_path / "media", force=True)[0].reused


def test_order_and_number_of_workers_change_no_byte(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [job(f"s{n}", recipe | {"seed": n, "frames": 4 + n}) for n in range(6)]
    one = run(jobs, tmp_path / "one", workers=1)
    many = run(jobs[::-1], tmp_path / "many", workers=4)[::-1]
    assert [r.path.read_bytes() for r in one] == [r.path.read_bytes() for r in many]


@pytest.mark.slow
def test_a_ray_cluster_makes_the_same_media(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))  # Workers import `write_raw`.
    jobs = [job(f"s{n}", recipe | {"seed": n}) for n in range(3)]
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
        run([job("bad", bad)], tmp_path / "there", engine="ray")


def test_an_unknown_engine_is_refused(recipe: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="'steam' is not an engine"):
        run([job("a", recipe)], tmp_path / "media", engine="steam")


def test_one_failing_slot_loses_no_other(recipe: dict[str, Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    bad = recipe | {"keyframes": [{"image": str(broken), "frame": 0}]}
    with pytest.raises(RendererError, match=r"bad: .*broken\.png: cannot be decoded"):
        run([job("bad", bad), job("good", recipe)], tmp_path / "media")
    assert run([job("good", recipe)], tmp_path / "media")[0].reused


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("ffmpeg has left"), "unexpected RuntimeError: ffmpeg has left"),
        (MemoryError("no room"), "unexpected MemoryError: no room"),
    ],
)
def test_errors_of_any_kind_lose_no_other_slot(
    recipe: dict[str, Any], tmp_path: Path, error: Exception, said: str
) -> None:
    def write(frames: Iterator[Frame], path: Path, **rest: Any) -> None:
        if path.name.startswith("bad"):
            raise error
        write_raw(frames, path, **rest)

    jobs = [job("bad", recipe), job("good", recipe | {"seed": 2})]
    finished: list[str] = []
    with pytest.raises(RendererError, match=f"bad: {said}") as caught:
        render_slots(
            jobs,
            Store(tmp_path / "media"),
            write_clip=write,
            workers=1,
            on_finished=lambda made: finished.append(made.slot),
        )
    assert finished == ["good"]
    assert caught.value.__cause__ is error


def test_of_several_failures_the_fault_is_the_cause(recipe: dict[str, Any], tmp_path: Path) -> None:
    fault = KeyError("x")

    def write(frames: Iterator[Frame], path: Path, **rest: Any) -> None:
        raise RendererError("the disk is full") if path.name.startswith("full") else fault

    jobs = [job("full", recipe), job("bad", recipe | {"seed": 2})]
    with pytest.raises(SlotsError) as caught:
        render_slots(jobs, Store(tmp_path / "media"), write_clip=write, workers=1)
    assert str(caught.value) == "full: the disk is full; bad: unexpected KeyError: 'x'"
    assert caught.value.unexpected == {"bad"}
    assert caught.value.__cause__ is fault


def test_an_interrupt_ends_the_run_and_keeps_finished_media(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    def interrupt(made: Rendered) -> None:
        raise KeyboardInterrupt

    jobs = [job(f"s{n}", recipe | {"seed": n, "frames": 4}) for n in range(30)]
    with pytest.raises(KeyboardInterrupt):
        run(jobs, tmp_path / "media", workers=1, on_finished=interrupt)
    again = run(jobs, tmp_path / "media", workers=1)
    assert 1 <= sum(made.reused for made in again) < 30


def test_frames_are_counted_up_to_all_of_them(recipe: dict[str, Any], tmp_path: Path) -> None:
    seen: dict[str, list[int]] = {}
    jobs = [job(name, recipe | {"seed": n}) for n, name in enumerate("ab")]
    run(
        jobs,
        tmp_path / "media",
        on_frames=lambda slot, n, all_: seen.setdefault(slot, []).append(n),
    )
    for counts in seen.values():
        assert counts == sorted(counts)
        assert counts[-1] == 12
    assert set(seen) == {"a", "b"}


class Recorder:
    """A renderer with limits, like one that runs a model; records the life of its instances."""

    name = "recorder"
    version = 1
    log: ClassVar[list[str]] = []

    def __init__(self, settings: dict[str, Any], quality: str):
        self.quality = quality
        self.used = False

    @property
    def limits(self) -> Limits:
        return Limits(frames=FrameGrid(most=1000), continues=True)

    def generate(self, shot: Shot, call: Call, before: object, on_step: object) -> Iterator[Frame]:
        self.used = True
        previous = shot.previous.name.rpartition("-")[0] if shot.previous else None
        self.log.append(f"{self.quality} after {previous}")
        for _ in range(call.frames):
            yield np.zeros((call.height, call.width, 3), np.uint8)

    def close(self) -> None:
        if self.used:
            self.log.append("closed")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(loaded_renderers, "renderer_class", lambda _: Recorder)
    monkeypatch.setattr(Recorder, "log", [])
    return Recorder.log


def test_a_slot_gets_the_media_it_follows(
    recipe: dict[str, Any], tmp_path: Path, recorder: list[str]
) -> None:
    recipe = recipe | {"settings": {"motion_guard": False}}
    first = recipe | {"seed": 1}
    second = recipe | {"seed": 2, "follows": key_of(first)}
    third = recipe | {"seed": 3, "follows": key_of(second)}
    jobs = [job("three", third), job("two", second), job("one", first)]
    made = run(jobs, tmp_path / "media", workers=3)
    assert recorder == [
        "standard after None",
        "standard after one",
        "standard after two",
        "closed",
    ]
    assert [each.slot for each in made] == ["three", "two", "one"]
    # Media of an earlier run serve as well.
    made[0].path.unlink()
    run([job("three", third)], tmp_path / "media")
    assert recorder[-2:] == ["standard after two", "closed"]


def test_a_slot_whose_predecessor_failed_fails_too_and_alone(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    first = recipe | {"keyframes": [{"image": str(broken), "frame": 0}]}
    second = recipe | {"seed": 2, "follows": key_of(first)}
    third = recipe | {"seed": 3, "follows": key_of(second)}
    jobs = [job("c", third), job("b", second), job("a", first), job("good", recipe)]
    with pytest.raises(RendererError) as caught:
        run(jobs, tmp_path / "media")
    for said in ("a: ", "c, b: the slot that it continues was not rendered"):
        assert said in str(caught.value)
    assert "good" not in str(caught.value)
    assert run([job("good", recipe)], tmp_path / "media")[0].reused


def test_a_model_is_loaded_once_and_makes_room_for_the_next(
    recipe: dict[str, Any], tmp_path: Path, recorder: list[str]
) -> None:
    jobs = [
        job(
            f"s{n}",
            recipe | {"seed": n, "quality": quality, "settings": {"motion_guard": False}},
        )
        for n, quality in enumerate(("high", "draft", "high", "draft"))
    ]
    run(jobs, tmp_path / "media", workers=1)
    draft, high = ["draft after None"] * 2, ["high after None"] * 2
    assert recorder == [*draft, "closed", *high, "closed"]


def test_media_without_their_recipe_are_unfinished(recipe: dict[str, Any], tmp_path: Path) -> None:
    path = run([job("a", recipe)], tmp_path / "media")[0].path
    path.with_suffix(".json").unlink()
    assert not run([job("a", recipe)], tmp_path / "media")[0].reused


def test_a_recipe_of_another_key_is_not_trusted(recipe: dict[str, Any], tmp_path: Path) -> None:
    path = run([job("a", recipe)], tmp_path / "media")[0].path
    sidecar = path.with_suffix(".json")
    document = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps(document | {"key": document["key"][:12] + "0" * 52}))
    assert not run([job("a", recipe)], tmp_path / "media")[0].reused


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)


def untouched(path: Path, change: Callable[[], object]) -> None:
    """Change a file as a failing disk does, with its times unchanged."""
    state = path.stat()
    change()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("times_change", [False, True])
@pytest.mark.parametrize(
    ("damage", "how"),
    [
        (lambda media: flip(media, 0), "its content has changed"),
        (lambda media: flip(media, 5000), "its content has changed"),
        (lambda media: flip(media, -1), "its content has changed"),
        (lambda media: os.truncate(media, 100), "it holds 100 of 32256 bytes"),
        (lambda media: media.write_bytes(b""), "it holds 0 of 32256 bytes"),
        (lambda media: media.write_bytes(b"\0" * 32256), "its content has changed"),
        (lambda media: flip(media.with_suffix(".json"), 30), "its .json has changed"),
        (lambda media: flip(media.with_suffix(".json"), -20), "its .json has changed"),
        (lambda media: media.with_suffix(".json").write_text(""), "its .json has changed"),
        (lambda media: media.with_suffix(".json").write_text("[]"), "its .json has changed"),
        (lambda media: media.with_suffix(".json").write_text("null"), "its .json has changed"),
        (lambda media: media.with_suffix(".json").write_text('{"key": 1}'), "its .json has chang"),
        (lambda media: media.with_suffix(".json").write_bytes(b"\xff{"), "its .json has changed"),
    ],
)
def test_damage_is_noticed_and_made_again(
    recipe: dict[str, Any],
    tmp_path: Path,
    damage: Callable[[Path], object],
    how: str,
    times_change: bool,
) -> None:
    media = tmp_path / "media"
    path = run([job("a", recipe)], media)[0].path
    before = path.read_bytes()
    if times_change:
        damage(path)
    else:
        untouched(path, lambda: damage(path))
    store = Store(media)
    (made,) = render_slots([job("a", recipe)], store, write_clip=write_raw)
    assert not made.reused
    assert path.read_bytes() == before
    assert [*store.damaged] == [path]
    assert store.damaged[path].startswith(how)
    assert Store(media).find("a", key_of(recipe)) == path


def test_media_with_the_document_of_others_are_damaged(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    jobs = [job("a", recipe), job("b", recipe | {"seed": 2})]
    one, other = (made.path for made in run(jobs, tmp_path / "media"))
    other.with_suffix(".json").replace(one.with_suffix(".json"))
    store = Store(tmp_path / "media")
    assert store.find("a", key_of(recipe)) is None
    assert store.damaged == {one: "its .json belongs to other media"}


def test_who_reads_no_media_compares_those_that_look_changed(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    path = run([job("a", recipe)], tmp_path / "media")[0].path
    key = key_of(recipe)
    untouched(path, lambda: flip(path, 9))
    assert Store(tmp_path / "media", read=False).find("a", key) == path
    os.utime(path, (time.time() + 9, time.time() + 9))
    assert Store(tmp_path / "media", read=False).find("a", key) is None


def test_all_media_can_be_verified(recipe: dict[str, Any], tmp_path: Path) -> None:
    jobs = [job(name, recipe | {"seed": n}) for n, name in enumerate("abc")]
    made = [one.path for one in run(jobs, tmp_path / "media")]
    flip(made[1], 77)
    users = [tmp_path / "media" / f"{name}.mp4" for name in ("own", "holiday-0123456789ab")]
    for path in users:
        path.write_bytes(b"of the user")
        path.with_suffix(".json").write_text('{"title": "my own"}')
        assert damage_of(path, read=True) == ""
    store = Store(tmp_path / "media")
    store.verify()
    assert store.damaged == {made[1]: "its content has changed"}
    assert [path.exists() for path in made] == [True, False, True]
    assert all(path.exists() and path.with_suffix(".json").exists() for path in users)


def test_media_of_an_earlier_version_are_used_and_get_their_hashes(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    path = run([job("a", recipe)], tmp_path / "media")[0].path
    document = json.loads(path.with_suffix(".json").read_text())
    old = {name: document[name] for name in ("key", "bytes", "recipe")}
    path.with_suffix(".json").write_text(json.dumps(old))
    assert run([job("a", recipe)], tmp_path / "media")[0].reused
    assert json.loads(path.with_suffix(".json").read_text()) == document


def test_a_lock_that_a_killed_run_left_is_removed(recipe: dict[str, Any], tmp_path: Path) -> None:
    media = run([job("a", recipe)], tmp_path / "media")[0].path.parent
    (media / LOCK).touch()
    run([job("a", recipe)], media)
    assert not (media / LOCK).exists()


@pytest.mark.parametrize("name", ["灯台" * 60, "../../etc", "a/b\\c:d", "", "...", "é" * 300])
def test_slots_of_any_name_have_a_file(recipe: dict[str, Any], tmp_path: Path, name: str) -> None:
    path = run([job(name, recipe)], tmp_path / "media")[0].path
    assert path.parent == tmp_path / "media"
    assert len(path.name.encode()) < 255
    assert run([job(name, recipe)], tmp_path / "media")[0].reused


KILLED = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.renderers.run.test_store import job, run
import tests.renderers.run.test_store as here
def slow(frames, path, **rest):
    with path.with_name(f".{{path.name}}.{{os.getpid()}}.tmp").open("wb") as f:
        for frame in frames:
            f.write(frame.tobytes()); f.flush(); time.sleep(0.05)
here.write_raw = slow
run([job("a", json.loads({recipe!r}))], Path({media!r}))
"""


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_looks_whole(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    media = tmp_path / "media"
    root = str(Path(__file__).parents[3])
    code = KILLED.format(root=root, recipe=json.dumps(recipe), media=str(media))
    victim = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    deadline = time.monotonic() + 60
    while not list(media.glob(f"{SCRATCH}*/.*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.kill()
    victim.wait()
    assert not list(media.glob("*.mp4"))
    assert not run([job("a", recipe)], media)[0].reused
    assert not list(media.glob(".*"))


RACER = """
import json, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.renderers.run.test_store import job, run
recipe = json.loads({recipe!r})
jobs = [job(f"s{{n}}", recipe | {{"seed": n}}) for n in range(8)]
for made in run(jobs, Path({media!r})):
    assert made.path.stat().st_size == 12 * 32 * 56 * 3 // 2, made
"""


@pytest.mark.slow
def test_two_processes_that_make_the_same_do_no_harm(
    recipe: dict[str, Any], tmp_path: Path
) -> None:
    media = tmp_path / "media"
    root = str(Path(__file__).parents[3])
    code = RACER.format(root=root, recipe=json.dumps(recipe), media=str(media))
    racers = [subprocess.Popen([sys.executable, "-c", code], cwd=root) for _ in range(2)]
    assert [racer.wait(timeout=60) for racer in racers] == [0, 0]
    assert len(list(media.glob("*.mp4"))) == 8
    jobs = [job(f"s{n}", recipe | {"seed": n}) for n in range(8)]
    assert all(made.reused for made in run(jobs, media))
    assert not list(media.glob(".*"))
