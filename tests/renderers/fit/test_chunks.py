"""Chunks of a long slot: matched in colour, stored until the slot is done, resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.renderers.base import (
    Call,
    Frame,
    FrameGrid,
    Keyframe,
    Limits,
    OnStep,
    RendererError,
    Shot,
)
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.fit.chunks import colour_match, crossfade, native_frames
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.fit.scale import cropped, finish_frame, native_from_finished, rgb_of
from PIL import Image

CAN = Limits(
    frames=FrameGrid(8, 1, 9, 33),
    max_fps=Fraction(30),
    multiple=32,
    max_pixels=64 * 96,
    overlap=9,
    continues=True,
)


class Drifting:
    """A model with a moving pattern that gets lighter from call to call."""

    name: ClassVar[str] = "drifting"
    version: ClassVar[int] = 1

    def __init__(self, can: Limits = CAN, drift: int = 12):
        self.can, self.drift = can, drift
        self.made: list[int] = []
        self.before: list[list[Frame]] = []
        self.fail_at: int | None = None

    @property
    def limits(self) -> Limits:
        return self.can

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        number = len(self.made)
        self.before.append(before)
        if number == self.fail_at:
            raise RendererError("the power went")
        self.made.append(call.first)
        for n in range(call.frames):
            yield self.picture(call, shot.start + call.first + n, self.drift * (call.first > 0))

    def picture(self, call: Call, frame: int, lighter: int = 0) -> Frame:
        rng = np.random.default_rng(1)
        noise = cv2.GaussianBlur(rng.integers(0, 255, (call.height, 400, 3), np.uint8), (9, 9), 0)
        shown = noise[:, frame : frame + call.width].astype(int) + lighter
        return shown.clip(0, 255).astype(np.uint8)

    def close(self) -> None:
        return None


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    still = tmp_path / "still.png"
    Image.linear_gradient("L").save(still)
    return Shot(64, 96, Fraction(24), 70, 0, 0, 0, 70, (Keyframe(still, 0),), seed=3)


def made_by(model: Drifting, shot: Shot, keep: Path | None = None) -> list[Frame]:
    return list(native_frames(model, shot, plan(shot, model.limits), lambda *_: None, keep))


@pytest.mark.parametrize("anchored", [False, True])
def test_colours_do_not_jump_between_chunks(shot: Shot, anchored: bool) -> None:
    model = Drifting(replace(CAN, anchored=anchored), drift=20)
    frames = made_by(model, shot)
    assert len(frames) == 70
    levels = np.array([frame.mean() for frame in frames])
    assert np.abs(np.diff(levels)).max() < 2.5
    wanted = np.array([model.picture(plan(shot, CAN).calls[0], n).mean() for n in range(70)])
    if not anchored:
        # All chunks have the first one's colours.
        assert np.abs(levels - wanted).max() < 4
    else:
        # A chunk fades back to its own colours, anchored by the still.
        last = plan(shot, model.limits).calls[-1]
        assert levels[-1] - wanted[-1] > 10 * (70 - last.first) / last.frames - 2


def test_a_chunk_gets_the_last_frames_of_the_one_before(shot: Shot) -> None:
    model = Drifting(drift=0)
    frames = made_by(model, shot)
    calls = plan(shot, CAN).calls
    assert [len(before) for before in model.before] == [0, *(9 for _ in calls[1:])]
    for before, call in zip(model.before[1:], calls[1:], strict=True):
        for shown, frame in zip(before, frames[call.first : call.first + 9], strict=True):
            assert np.abs(shown.astype(int) - frame).max() <= 1


def test_an_interrupted_slot_resumes_after_its_last_finished_chunk(
    shot: Shot, tmp_path: Path
) -> None:
    keep = tmp_path / "chunks"
    whole = made_by(Drifting(), shot)
    broken = Drifting()
    broken.fail_at = 2
    with pytest.raises(RendererError, match="the power went"):
        made_by(broken, shot, keep)
    assert len(broken.made) == 2
    assert len(list(keep.iterdir())) == 2
    resumed = Drifting()
    frames = made_by(resumed, shot, keep)
    assert len(resumed.made) == len(plan(shot, CAN).calls) - 2
    assert all(np.array_equal(a, b) for a, b in zip(frames, whole, strict=True))
    # The slot is done: its chunks are deleted.
    assert list(keep.iterdir()) == []


def test_stored_chunks_of_another_recipe_are_not_reused(shot: Shot, tmp_path: Path) -> None:
    keep = tmp_path / "chunks"
    broken = Drifting()
    broken.fail_at = 1
    with pytest.raises(RendererError):
        made_by(broken, shot, keep)
    for other in (
        replace(shot, seed=4),
        replace(shot, prompt="rain"),
        replace(shot, quality="high"),
    ):
        model = Drifting()
        made_by(model, other, keep)
        assert len(model.made) == len(plan(other, CAN).calls)
    # The still's content counts, not its name.
    Image.linear_gradient("L").rotate(90).save(shot.keyframes[0].image)
    model = Drifting()
    made_by(model, shot, keep)
    assert len(model.made) == len(plan(shot, CAN).calls)


def test_a_half_written_chunk_is_rendered_again(shot: Shot, tmp_path: Path) -> None:
    keep = tmp_path / "chunks"
    broken = Drifting()
    broken.fail_at = 1
    with pytest.raises(RendererError):
        made_by(broken, shot, keep)
    (kept,) = keep.iterdir()
    kept.write_bytes(kept.read_bytes()[:5000])
    model = Drifting()
    assert len(made_by(model, shot, keep)) == 70
    assert len(model.made) == len(plan(shot, CAN).calls)


def test_a_slot_continues_from_the_media_of_the_slot_before(shot: Shot, tmp_path: Path) -> None:
    first = run_renderer.frames(Drifting(drift=0), shot, lambda *_: None)
    media = tmp_path / "first.mp4"
    encode_frames(first, media, width=64, height=96, fps=Fraction(24), encoding=Encoding(crf=8))
    later = replace(shot, start=70, span=140, previous=media)
    model = Drifting(drift=0)
    frames = list(run_renderer.frames(model, later, lambda *_: None))
    assert len(frames) == 70
    call = plan(later, CAN).calls[0]
    assert (call.first, call.overlap, call.keyframes) == (-9, 9, ())
    for n, before in enumerate(model.before[0]):
        assert np.abs(before.astype(int) - model.picture(call, 61 + n)).mean() < 4


@pytest.mark.parametrize("broken", ["missing", "short", "no video"])
def test_media_unfit_to_continue_from_are_named(shot: Shot, tmp_path: Path, broken: str) -> None:
    media = tmp_path / "first.mp4"
    if broken == "short":
        frames = (np.zeros((144, 64), np.uint8) for _ in range(3))
        encode_frames(frames, media, width=64, height=96, fps=Fraction(24))
    elif broken == "no video":
        media.write_bytes(b"nothing")
    with pytest.raises(RendererError, match=r"first\.mp4: (cannot be read|too short)"):
        made_by(Drifting(), replace(shot, previous=media))


def test_a_wrong_number_or_size_of_frames_is_an_error(shot: Shot) -> None:
    class Short(Drifting):
        def generate(
            self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
        ) -> Iterator[Frame]:
            frames = super().generate(shot, call, before, on_step)
            yield from (frame for n, frame in enumerate(frames) if n < call.frames - 1)

    class Small(Drifting):
        def picture(self, call: Call, frame: int, lighter: int = 0) -> Frame:
            return super().picture(call, frame)[::2]

    with pytest.raises(RendererError, match="drifting made 24 frames in place of 25"):
        made_by(Short(), replace(shot, frames=25, span=25))
    with pytest.raises(RendererError, match=r"of shape \(48, 64, 3\) in place of 64x96"):
        made_by(Small(), shot)


def test_matching_brings_mean_and_spread_together_within_bounds() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(120, 30, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    paler = (reference * 0.85 + 30).astype(np.uint8)
    matched = cv2.LUT(paler, colour_match([reference], [paler]))
    assert matched.mean() == pytest.approx(reference.mean(), abs=1)
    assert matched.std() == pytest.approx(reference.std(), abs=1)
    flat = np.full((8, 8, 3), 90, np.uint8)
    assert np.abs(cv2.LUT(flat, colour_match([reference], [flat])).astype(int) - 120).max() < 3
    contrast = cv2.LUT(reference, colour_match([flat], [reference]))
    assert contrast.std() > reference.std() / 1.3


def test_every_frame_of_a_crossfade_blends_both_sides() -> None:
    black, white = (np.full((2, 2, 3), level, np.uint8) for level in (0, 240))
    faded = crossfade([black] * 5, [white] * 5)
    assert [int(frame[0, 0, 0]) for frame in faded] == [40, 80, 120, 160, 200]


def test_scaling_keeps_colours_and_places(shot: Shot) -> None:
    wide = replace(shot, width=128, height=192)
    made = plan(wide, replace(CAN, max_pixels=64 * 96))
    y, x = np.mgrid[:96, :64]
    native = np.dstack([x * 3, y * 2, np.full_like(x, 90)]).astype(np.uint8)
    out = finish_frame(native, made)
    assert out.shape == (288, 128)
    shown = rgb_of(out)
    wanted = cv2.resize(native, (128, 192), interpolation=cv2.INTER_LINEAR)
    inside = slice(6, -6)
    error = np.abs(shown.astype(int) - wanted)[inside, inside]
    assert error.mean() < 1.2
    back = native_from_finished(shown, made)
    assert np.abs(back.astype(int) - native)[4:-4, 4:-4].mean() < 2
    assert cropped(native, made).shape == native.shape
