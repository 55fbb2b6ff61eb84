"""A model's frozen video is retried, then rendered by the fallback, with a notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import cv2
import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otio_gvideo import schemas
from otio_gvideo.compiler import InputError, compile_script
from otio_gvideo.compiler.backend.encode.encoder import write_slot
from otio_gvideo.renderers import registry
from otio_gvideo.renderers.base import (
    Call,
    Frame,
    FrameGrid,
    Keyframe,
    Limits,
    Motion,
    RendererError,
    Shot,
    UnavailableError,
)
from otio_gvideo.renderers.run.attempts import AttemptLog, attempt_log_of
from otio_gvideo.renderers.run.job import Job, Rendered
from otio_gvideo.renderers.run.motion_guard import (
    PRESETS,
    Guard,
    attempt_shots,
    guard_of,
    with_fallbacks,
    without_fallback,
)
from otio_gvideo.renderers.run.motion_measure import MotionMeter, Movement
from otio_gvideo.renderers.run.pool import render_slots
from otio_gvideo.renderers.run.recipe import Recipe, recipe_key
from otio_gvideo.renderers.run.store import Store, sidecar_of
from PIL import Image

FPS = Fraction(24)


def picture(height: int = 240, width: int = 160, seed: int = 5) -> Frame:
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for grain in (40, 20, 10, 5):
        small = random.normal(0, 1, (height // grain + 2, width // grain + 2, 3))
        total += grain * cv2.resize(small.astype(np.float32), (width, height))
    return np.asarray((128 + 45 * total / total.std()).clip(0, 255), np.uint8)


def panned(frames: int, a_second: float, *, after: int = 0, seed: int = 5) -> Iterator[Frame]:
    """A picture moving by percents of its width a second, from frame ``after`` on."""
    wide = picture(256, 400, seed)
    for number in range(frames):
        x = 40 + max(0, number - after) / 24 * a_second / 100 * 144
        shift = np.array([[1, 0, -x], [0, 1, 0]], np.float64)
        yield np.asarray(cv2.warpAffine(wide, shift, (144, 256), flags=cv2.INTER_CUBIC), np.uint8)


def movement_of(frames: Iterator[Frame]) -> Movement:
    meter = MotionMeter(FPS)
    for _ in meter.watch(frames):
        pass
    return meter.movement()


@given(st.floats(1, 20), st.integers(0, 50))
def test_motion_is_measured_in_percent_of_the_width_a_second(a_second: float, seed: int) -> None:
    seen = movement_of(panned(48, a_second, seed=seed))
    # Subpixel motion is underestimated; the thresholds take that into account.
    assert 0.6 * a_second < seen.whole < 1.3 * a_second
    assert 0.6 * a_second < seen.first_second < 1.2 * a_second


@settings(max_examples=20)
@given(st.floats(0, 4), st.floats(0, 0.06), st.integers(0, 50))
def test_neither_noise_nor_flicker_is_motion(noise: float, flicker: float, seed: int) -> None:
    random = np.random.default_rng(seed)

    def still() -> Iterator[Frame]:
        frame = picture(256, 144, seed).astype(float)
        # The meter skips the frames between its samples.
        for number in range(0, 48, 3):
            light = 1 + flicker * np.sin(number)
            noisy = (frame * light + random.normal(0, noise, frame.shape)).clip(0, 255)
            yield from [noisy.astype(np.uint8)] * 3

    seen = movement_of(still())
    assert max(seen.first_second, seen.whole) < 0.25


def test_a_frozen_start_is_detected() -> None:
    seen = movement_of(panned(96, 4, after=30))
    assert seen.first_second < 0.1
    assert seen.whole > 1.5


@given(st.integers(0, 40), st.sampled_from([Fraction(1), Fraction(8), Fraction(60)]))
def test_frames_pass_the_meter_as_they_are(count: int, fps: Fraction) -> None:
    frames = [np.full((8, 6), n, np.uint8) for n in range(count)]
    meter = MotionMeter(fps)
    assert all(a is b for a, b in zip(meter.watch(iter(frames)), frames, strict=True))
    seen = meter.movement()
    assert seen.first_second >= 0
    assert seen.whole >= 0


class Shy:
    """A model whose video is frozen until attempt `moves_at`."""

    name = "shy"
    version = 1
    asked: ClassVar[list[Shot]] = []
    moves_at: ClassVar[int] = 1
    """The first attempt that moves, from 0."""
    creeps: ClassVar[tuple[float, ...]] = ()
    """Little motion of earlier attempts, in percent of the width a second."""
    fails_at: ClassVar[int] = -1

    def __init__(self, settings: dict[str, Any], quality: str):
        pass

    @property
    def limits(self) -> Limits:
        return Limits(frames=FrameGrid(8, 1, most=97), multiple=8, max_pixels=200 * 400)

    def generate(self, shot: Shot, call: Call, before: object, on_step: Any) -> Iterator[Frame]:
        number = len(self.asked)
        self.asked.append(shot)
        if number == self.fails_at:
            raise RendererError("out of memory")
        speed = 4.0 if number >= self.moves_at else [*self.creeps, 0.0, 0.0, 0.0, 0.0][number]
        for frame in panned(call.frames, speed):
            yield np.asarray(cv2.resize(frame, (call.width, call.height)), np.uint8)
        on_step(call.frames, call.frames)

    def close(self) -> None:
        pass


@pytest.fixture
def shy(monkeypatch: pytest.MonkeyPatch) -> type[Shy]:
    monkeypatch.setitem(registry._BUILT_IN, "shy", f"{__name__}:Shy")
    for name, value in {"asked": [], "moves_at": 1, "creeps": (), "fails_at": -1}.items():
        monkeypatch.setattr(Shy, name, value)
    return Shy


@pytest.fixture
def recipe(tmp_path: Path) -> dict[str, Any]:
    still = tmp_path / "still.png"
    Image.fromarray(picture(384, 216)).save(still)
    motion = {"camera": "static", "amount": 0.3, "easing": "linear", "strength": 0.5, "loras": []}
    return {
        **{"renderer": "shy", "version": 1, "width": 108, "height": 192, "fps": "24/1"},
        **{"frames": 36, "head": 0, "tail": 0, "start": 0, "span": 36, "depth": None},
        **{"fit": "cover", "prompt": "a lamp", "negative_prompt": "", "seed": 7},
        **{"quality": "standard", "settings": {}, "idr": [0], "follows": None},
        "keyframes": [{"image": str(still), "frame": 0}],
        "motion": motion,
        "encoding": {"codec": "h264", "preset": "ultrafast", "crf": 18},
    }


def render(recipe: dict[str, Any], folder: Path) -> Rendered:
    (rendered,) = render_slots(
        [Job("lamp", Recipe.from_json(recipe))], Store(folder), write_clip=write_slot, workers=1
    )
    assert list(folder.glob(".*")) == []
    return rendered


def moves(path: Path) -> Movement:
    with av.open(str(path)) as container:
        return movement_of(f.to_ndarray(format="rgb24") for f in container.decode(video=0))


def test_a_still_video_is_made_again_in_another_way(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy]
) -> None:
    made = render(recipe, tmp_path / "media")
    first, second = shy.asked
    assert second.seed != first.seed
    assert second.prompt.startswith("a lamp, ")
    assert "motion" in second.prompt
    assert made.attempt_log is not None
    assert [one.whole > 1 for one in made.attempt_log.attempts] == [False, True]
    assert (made.attempt_log.used, made.attempt_log.moves, made.attempt_log.renderer) == (
        1,
        True,
        "shy",
    )
    assert made.attempt_log.notice == ""
    assert moves(made.path).whole > 1


def test_the_key_is_the_requested_one_and_the_next_run_reads_the_attempts(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy]
) -> None:
    made = render(recipe, tmp_path / "media")
    document = json.loads(sidecar_of(made.path).read_text())
    assert document["recipe"] == recipe
    assert document["key"] == made.key == recipe_key(Recipe.from_json(recipe))
    again = render(recipe, tmp_path / "media")
    assert again.reused
    assert made.attempt_log is not None
    assert again.attempt_log == AttemptLog.from_json(
        json.loads(json.dumps(made.attempt_log.as_json()))
    )
    assert len(shy.asked) == 2


@pytest.mark.parametrize("made", [{"tries": []}, {"tries": [{}], "used": 0, "moves": True}, {}])
def test_media_whose_document_was_changed_are_made_again(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], made: dict[str, Any]
) -> None:
    path = render(recipe, tmp_path / "media").path
    document = json.loads(sidecar_of(path).read_text())
    sidecar_of(path).write_text(json.dumps(document | {"made": made}))
    assert attempt_log_of(path) is None
    assert not render(recipe, tmp_path / "media").reused


def test_if_no_attempt_moves_a_renderer_without_a_model_is_the_fallback(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    without = recipe | {"settings": {"motion_guard": {"fallback": "camera"}}}
    made = render(without, tmp_path / "media")
    assert len(shy.asked) == 1 + PRESETS["standard"].retries
    assert made.attempt_log is not None
    assert made.attempt_log.renderer == "camera"
    assert made.attempt_log.moves
    assert made.attempt_log.notice == "no motion in 3 attempts with shy; rendered with camera"
    # The fallback moves although the camera is static, or it would be frozen too.
    assert moves(made.path).whole > 0.5


def test_the_best_renderer_without_a_model_is_taken_of_those_that_can(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    monkeypatch.setitem(registry._BUILT_IN, "parallax", f"{__name__}:Unable")
    made = render(recipe, tmp_path / "media").attempt_log
    assert made is not None
    assert made.renderer == "camera"
    monkeypatch.setitem(registry._BUILT_IN, "parallax", f"{__name__}:Deep")
    monkeypatch.setattr(shy, "asked", [])
    made = render(recipe | {"seed": 8}, tmp_path / "media").attempt_log
    assert made is not None
    assert made.renderer == "parallax"


def test_a_fallback_has_the_settings_that_are_configured_for_it(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    monkeypatch.setitem(registry._BUILT_IN, "parallax", f"{__name__}:Deep")
    monkeypatch.setattr(Deep, "seen", [])
    configured = {"parallax": {"depth_model": "a/b"}, "camera": {}, "svd": {"device": "cpu"}}
    settings = with_fallbacks({"motion_guard": {"retries": 0}}, configured)
    made = render(recipe | {"settings": settings}, tmp_path / "media")
    assert made.attempt_log is not None
    assert made.attempt_log.renderer == "parallax"
    assert Deep.seen[-1] == {"depth_model": "a/b"}
    # A fallback's settings affect pixels, so they are part of the key; without any it stays.
    assert settings["fallbacks"] == {"parallax": {"depth_model": "a/b"}}
    assert with_fallbacks({"model": "x"}, {"camera": {}}) == {"model": "x"}
    for guard in (False, {"fallback": "keep"}, {"fallback": "camera"}):
        assert with_fallbacks({"motion_guard": guard}, configured) == {"motion_guard": guard}
    one = {"motion_guard": {"fallback": "keep", "high": {"fallback": "svd"}}}
    assert with_fallbacks(one, configured)["fallbacks"] == {"svd": {"device": "cpu"}}


class Unable(Shy):
    """An unavailable renderer."""

    name = "parallax"

    def __init__(self, settings: dict[str, Any], quality: str):
        raise UnavailableError("there is no depth map")


class Deep:
    """A renderer without limits that moves."""

    name = "parallax"
    version = 1
    limits = Limits()
    seen: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, settings: dict[str, Any], quality: str):
        self.seen.append(settings)

    def generate(self, shot: Shot, call: Call, before: object, on_step: Any) -> Iterator[Frame]:
        for frame in panned(call.frames, 3):
            yield np.asarray(cv2.resize(frame, (call.width, call.height)), np.uint8)

    def close(self) -> None:
        pass


def test_without_a_fallback_the_attempt_with_the_most_motion_is_kept(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    monkeypatch.setattr(shy, "creeps", (0.0, 2.5, 0.5))
    settings = {"motion_guard": {"whole": 5, "fallback": "keep"}}
    made = render(recipe | {"settings": settings}, tmp_path / "media")
    assert made.attempt_log is not None
    assert (made.attempt_log.used, made.attempt_log.moves) == (1, False)
    assert made.attempt_log.notice == "little motion in 3 attempts with shy; kept"
    assert 1 < moves(made.path).whole < 3.5


@pytest.mark.parametrize(
    ("creeps", "asked", "used"),
    [
        ((1.5, 0.8, 0.4, 0.2), 3, 0),
        ((0.4, 1.5, 0.8, 0.4, 0.2), 4, 1),
        ((1.5, 0.4, 2.2, 0.8, 0.4, 0.2), 5, 2),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 6, 0),
    ],
    ids=["from the first", "from the second", "one worse, then better", "none worse"],
)
def test_two_worse_retries_in_a_row_are_the_last(
    recipe: dict[str, Any],
    tmp_path: Path,
    shy: type[Shy],
    monkeypatch: pytest.MonkeyPatch,
    creeps: tuple[float, ...],
    asked: int,
    used: int,
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    monkeypatch.setattr(shy, "creeps", creeps)
    settings = {"motion_guard": {"first_second": 5, "fallback": "keep", "retries": 5}}
    log = render(recipe | {"settings": settings}, tmp_path / "media").attempt_log
    assert log is not None
    assert len(shy.asked) == asked
    assert (log.used, log.stopped) == (used, asked < 6)
    assert max(log.attempts, key=lambda one: one.whole) == log.attempts[used]
    stop = "; no more retries after two with less motion"
    assert log.reason == "the most motion of all, but not enough" + (stop if asked < 6 else "")
    assert log.as_json()["reason"] == log.reason
    assert AttemptLog.from_json(log.as_json()).reason == log.reason


def test_attempts_say_why_one_was_kept(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = render(recipe, tmp_path / "media").attempt_log
    assert log is not None
    assert log.reason == "the first with enough motion"
    monkeypatch.setattr(shy, "asked", [])
    monkeypatch.setattr(shy, "moves_at", 99)
    settings = {"motion_guard": {"fallback": "camera"}}
    log = render(recipe | {"settings": settings}, tmp_path / "media").attempt_log
    assert log is not None
    assert log.reason == "no attempt with shy has enough motion"


class Noisy(Shy):
    """A model of 8 frames a second that leaves noise in a still, new in every frame."""

    @property
    def limits(self) -> Limits:
        return replace(super().limits, fps=Fraction(8))

    def generate(self, shot: Shot, call: Call, before: object, on_step: Any) -> Iterator[Frame]:
        random = np.random.default_rng(7)
        still = picture(call.height, call.width).astype(np.float32)
        for _ in range(call.frames):
            latent = random.normal(0, 12, (call.height // 4, call.width // 4, 1))
            noise = cv2.resize(latent, (call.width, call.height), interpolation=cv2.INTER_CUBIC)
            yield (still + noise[..., None]).clip(0, 255).astype(np.uint8)
        on_step(call.frames, call.frames)


def test_motion_that_interpolation_adds_to_noise_does_not_count(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._BUILT_IN, "shy", f"{__name__}:Noisy")
    settings = {"motion_guard": {"retries": 0, "fallback": "keep"}}
    made = render(recipe | {"settings": settings}, tmp_path / "media")
    assert made.attempt_log is not None
    assert made.attempt_log.attempts[0].whole < 0.1
    assert moves(made.path).whole > 0.3


def test_a_failed_retry_does_not_fail_the_slot(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "fails_at", 1)
    settings = {"motion_guard": {"fallback": "camera"}}
    made = render(recipe | {"settings": settings}, tmp_path / "media").attempt_log
    assert made is not None
    assert [one.failed for one in made.attempts] == ["", "out of memory", ""]
    assert made.renderer == "camera"


def test_a_first_try_that_fails_is_one(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "fails_at", 0)
    with pytest.raises(RendererError, match="lamp: out of memory"):
        render(recipe, tmp_path / "media")
    assert not list((tmp_path / "media").iterdir())


@pytest.mark.parametrize(
    "change",
    [{"settings": {"motion_guard": False}}, {"motion": {"strength": 0}}],
    ids=["switched off", "no motion wanted"],
)
def test_static_slots_are_not_retried(
    recipe: dict[str, Any], tmp_path: Path, shy: type[Shy], change: dict[str, Any]
) -> None:
    motion = recipe["motion"] | change.get("motion", {})
    made = render(recipe | change | {"motion": motion}, tmp_path / "media")
    assert made.attempt_log is None
    assert len(shy.asked) == 1


def shot(quality: str, **settings: Any) -> Shot:
    keyframes = (Keyframe(Path("still.png"), 0),)
    return Shot(
        *(108, 192, FPS, 48, 0, 0, 0, 48, keyframes), quality=quality, settings=dict(settings)
    )


def test_each_quality_has_a_guard_that_settings_change_for_all_or_for_one() -> None:
    assert guard_of(shot("draft")) == PRESETS["draft"]
    assert guard_of(shot("draft", motion_guard=True)) == PRESETS["draft"]
    changed = {"whole": 2, "high": {"retries": 5, "whole": 1}}
    assert guard_of(shot("draft", motion_guard=changed)) == replace(PRESETS["draft"], whole=2)
    high = replace(PRESETS["high"], whole=1, retries=5)
    assert guard_of(shot("high", motion_guard=changed)) == high


def test_a_renderer_can_be_kept_from_being_replaced() -> None:
    def guard(**settings: object) -> Guard | None:
        return guard_of(shot("high", **without_fallback(settings)))

    assert guard() == replace(PRESETS["high"], fallback="keep")
    assert guard(motion_guard=True) == guard()
    assert guard(motion_guard=False) is None
    given = {"fallback": "camera", "whole": 1, "high": {"fallback": "auto", "retries": 0}}
    assert guard(motion_guard=given) == Guard(PRESETS["high"].first_second, 1, 0, "keep")
    assert without_fallback({"model": "x"})["model"] == "x"


@given(st.integers(0, 10), st.floats(0.05, 1), st.integers(0, 2**32 - 1), st.text(max_size=20))
def test_tries_differ_and_none_leaves_its_bounds(
    retries: int, strength: float, seed: int, prompt: str
) -> None:
    asked = replace(
        shot("standard", motion_guard={"retries": retries}),
        motion=Motion(strength=strength),
        seed=seed,
        prompt=prompt,
    )
    tries = attempt_shots(asked)
    assert tries[0] == asked
    assert len(tries) == retries + 1
    assert len({one.seed for one in tries}) == retries + 1
    assert all(0 < one.motion.strength <= 1 and 0.5 <= one.image_strength <= 1 for one in tries)
    assert tries == attempt_shots(asked)


@pytest.mark.parametrize("negative", ["", "fog"], ids=["the model's default", "the script's"])
def test_the_first_retry_costs_no_likeness_and_none_changes_the_negative_prompt(
    negative: str,
) -> None:
    first, second, *others = attempt_shots(replace(shot("high"), negative_prompt=negative))
    assert second == replace(first, seed=second.seed, prompt=second.prompt)
    assert second.prompt != first.prompt
    assert [one.negative_prompt for one in (second, *others)] == [negative] * 3
    holds = [one.image_strength for one in (second, *others)]
    strengths = [one.motion.strength for one in (second, *others)]
    assert holds == sorted(set(holds), reverse=True)
    assert strengths == sorted(set(strengths))


def test_both_the_first_second_and_the_whole_must_move() -> None:
    guard = Guard(0.5, 1, 2)
    assert guard.ratio(Movement(0.5, 1)) == 1
    assert guard.ratio(Movement(0.1, 9)) == pytest.approx(0.2)
    assert guard.ratio(Movement(9, 0.5)) == pytest.approx(0.5)
    assert Guard(0, 0, 2).ratio(Movement(0, 0)) == 1


@pytest.mark.slow
def test_the_report_lists_the_attempts(
    project: Path, shy: type[Shy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shy, "moves_at", 99)
    project.write_text(project.read_text().replace("motion: {camera: static}", "renderer: shy"))
    config = project.with_name("video_config.yaml")
    config.write_text("renderers: {shy: {motion_guard: {retries: 1, fallback: camera}}}")
    report = compile_script(project, until="media")
    document = json.loads((project.parent / "build" / "small" / "report.json").read_text())
    jsonschema.validate(document, schemas.load("report"))
    made = {slot["name"]: slot["made"] for slot in document["slots"]}
    assert made["dusk"] is None
    assert [one["renderer"] for one in made["breath"]["tries"]] == ["shy", "shy", "camera"]
    fallbacks = [warning for warning in report.warnings if warning.code == "fallback"]
    assert any("breath: no motion in 2 attempts with shy" in w for w in fallbacks)


def test_unsupported_settings_are_reported_before_rendering(project: Path, shy: type[Shy]) -> None:
    text = project.read_text()
    text = text.replace("motion: {camera: static}", "renderer: shy\n    prompt: calm")
    project.write_text(text.replace("motion: {camera: pan_left}", "renderer: shy"))
    report = compile_script(project, until="timeline")
    assert [warning.coded for warning in report.warnings] == [
        "breath: shy: the prompt is not used [unsupported]",
        "stairs: shy: the model cannot continue from frames: 2 chunks dissolve into each other "
        "[unsupported]",
    ]
    assert not shy.asked


def test_a_wrong_guard_is_a_wrong_configuration(project: Path) -> None:
    config = project.with_name("video_config.yaml")
    config.write_text("renderers:\n  ltx:\n    motion_guard: {whole: -1, tries: 3}\n")
    with pytest.raises(InputError) as caught:
        compile_script(project, until="timeline")
    said = str(caught.value)
    assert "video_config.yaml:3:" in said
    assert "motion_guard.whole" in said
    assert "tries" in said
