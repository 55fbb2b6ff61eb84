"""Transitions: every name of ffmpeg, custom expressions, linear light."""

from __future__ import annotations

import time as clock
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.encode import custom_transitions
from otio_gvideo.compiler.backend.encode.custom_transitions import check_expression
from otio_gvideo.compiler.backend.encode.ffmpeg_stream import graph_args
from otio_gvideo.compiler.backend.encode.transitions import (
    DIPS,
    SLIDES,
    XFADE_NAMES,
    TransitionPart,
    TransitionStyle,
    blend,
    plain,
    transition_names,
)
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path, filter_values
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from ..frame_stamps import FAST, HEIGHT, WIDTH, planes
from ..reels import of

FPS = Fraction(24)


def still(path: Path, level: int, frames: int) -> otio.schema.Clip:
    file = path / f"{level}.png"
    if not file.exists():
        Image.new("L", (WIDTH, HEIGHT), level).save(file)
    return otio.schema.Clip(
        str(level), otio.schema.ExternalReference(str(file)), time_range(0, frames, FPS)
    )


def transition(name: str, frames: int) -> otio.schema.Transition:
    return otio.schema.Transition(
        name,
        otio.schema.TransitionTypes.Custom,
        in_offset=time(frames // 2, FPS),
        out_offset=time(frames - frames // 2, FPS),
    )


def levels(
    timeline: otio.schema.Timeline, folder: Path, style: TransitionStyle | None = None
) -> list[float]:
    path = folder / "reel.mp4"
    spec = OutputSpec(FAST, transitions=style or TransitionStyle())
    result = flatten(timeline, path, spec, size=(WIDTH, HEIGHT))
    assert not result.warnings
    return [float(luma.mean()) for luma in planes(path)]


def test_every_name_of_ffmpeg_is_a_transition(each_ffmpeg: str, tmp_path: Path) -> None:
    program = ffmpeg_path()
    names = sorted(transition_names(program) - {*XFADE_NAMES, *SLIDES, *DIPS, "cut"})
    assert set(names) >= filter_values(program, "xfade", "transition") - {"custom"} - {
        *XFADE_NAMES, *DIPS
    }  # fmt: skip
    assert len(names) > 30
    children: list[otio.core.Composable] = []
    for name in names:
        children += [still(tmp_path, 230, 6), transition(name, 4), still(tmp_path, 30, 6)]
    seen = levels(of(*children), tmp_path)
    assert len(seen) == 12 * len(names)
    for number, name in enumerate(names):
        first, *_, last = own = seen[12 * number : 12 * number + 12]
        assert first > 200, name
        assert last < 60, name
        assert any(abs(level - first) > 2 and abs(level - last) > 2 for level in own[4:8]), name


def test_a_custom_expression_is_a_transition(each_ffmpeg: str, tmp_path: Path) -> None:
    style = TransitionStyle({"curtain": "if(lt(X, W*P), A, B)"})
    timeline = of(still(tmp_path, 230, 12), transition("curtain", 9), still(tmp_path, 30, 12))
    seen = levels(timeline, tmp_path, style)
    share = (seen[12] - seen[-1]) / (seen[0] - seen[-1])
    assert share == pytest.approx(0.5, abs=0.05)
    luma = list(planes(tmp_path / "reel.mp4"))[12]
    assert luma[:, : WIDTH // 2 - 4].min() > 190
    assert luma[:, WIDTH // 2 + 4 :].max() < 60


@pytest.mark.parametrize("wrong", ["A*(", "nothing(A)", "A+C", "if(lt(X,"])
def test_an_expression_that_ffmpeg_rejects_is_rejected(each_ffmpeg: str, wrong: str) -> None:
    told = check_expression(wrong)
    assert told
    assert "\n" not in told
    assert "0x" not in told


@pytest.mark.parametrize(
    "wrong",
    [
        "while(1,1)",
        "A+wh ile\n(1, 1)",
        "while+(1,1)",
        "taylor(taylor(1,1),1)",
        "root(1,1)",
        "print(A)",
    ],
)
def test_an_expression_that_may_never_end_is_rejected(wrong: str) -> None:
    assert "which may take for ever" in check_expression(wrong)


def test_the_trial_of_an_expression_has_a_timeout(
    each_ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_transitions, "ENDLESS", ())
    monkeypatch.setattr(custom_transitions, "TRIAL_S", 1.0)
    started = clock.monotonic()
    assert "it takes more than 1 s" in check_expression("while(1,1)")
    assert clock.monotonic() - started < 10


def test_an_expression_with_variables_gives_the_same_pixels_each_time(
    each_ffmpeg: str, tmp_path: Path
) -> None:
    pictures = [plain(colour, 4, (640, 640), Fraction(24)) for colour in ("black", "white")]
    part = TransitionPart(4, Fraction(0), Fraction(1), 4, (640, 640), Fraction(24))
    style = TransitionStyle({"mine": "st(0,X);st(1,Y);if(gt(ld(0)+ld(1),W*P*2),A,B)"})
    digests = set()
    for _ in range(3):
        made = graph_args(blend(*pictures, "mine", part, style=style))
        out = tmp_path / "out.md5"
        run([*made, "-map", "[out]", *output_args(out, "-f", "md5")], what="mixing")
        digests.add(out.read_text())
    assert len(digests) == 1


def test_a_timeline_cannot_bring_its_own_expression(tmp_path: Path) -> None:
    assert "custom" not in transition_names(ffmpeg_path())
    timeline = of(still(tmp_path, 255, 12), transition("custom", 9), still(tmp_path, 0, 12))
    timeline.tracks[0][1].metadata["otio_gvideo"] = {"expr": "while(1,1)"}
    result = flatten(timeline, tmp_path / "reel.mp4", OutputSpec(FAST), size=(WIDTH, HEIGHT))
    assert "custom" in " ".join(result.warnings)


@pytest.mark.parametrize("expression", ["A", "A*P+B*(1-P)", "st(0,X);if(gt(ld(0),W/2),A,B)"])
def test_valid_expressions(each_ffmpeg: str, expression: str) -> None:
    assert not check_expression(expression)


@pytest.mark.parametrize("name", ["dissolve", "fade_black", "zoom_in", "circle_open"])
def test_transitions_can_mix_in_linear_light(each_ffmpeg: str, name: str, tmp_path: Path) -> None:
    timeline = of(still(tmp_path, 255, 12), transition(name, 9), still(tmp_path, 0, 12))
    display = levels(timeline, tmp_path)
    linear = levels(timeline, tmp_path, TransitionStyle(linear_light=True))
    # The colours at both ends are unchanged, within rounding.
    assert linear[0] == pytest.approx(display[0], abs=1)
    assert linear[-1] == pytest.approx(display[-1], abs=1)
    if name == "dissolve":
        shares = np.arange(1, 10)[::-1] / 10
        # The transfer function of displays: ITU-R BT.1886, gamma 2.4.
        top, bottom = display[0], display[-1]
        assert linear[8:17] == pytest.approx(
            list(bottom + (top - bottom) * shares ** (1 / 2.4)), abs=3
        )
        assert display[8:17] == pytest.approx(list(bottom + (top - bottom) * shares), abs=3)


def test_a_transition_may_take_minutes(tmp_path: Path) -> None:
    frames = 70 * 24
    timeline = of(
        still(tmp_path, 255, frames // 2 + 5),
        transition("dissolve", frames),
        still(tmp_path, 0, frames // 2 + 5),
    )
    seen = levels(timeline, tmp_path)
    inside = seen[5 : 5 + frames]
    wanted = np.linspace(seen[0], seen[-1], frames + 2)[1:-1]
    assert np.abs(np.array(inside) - wanted).max() < 3
