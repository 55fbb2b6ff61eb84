"""A check passes reels flattened from any timeline with any preset, and finds changed ones."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import OutputOptions, flatten_timeline
from otio_gvideo.compiler.api import check as api_check
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.backend.spans.frame_content import VideoContent
from otio_gvideo.compiler.backend.spans.spans import Span
from otio_gvideo.compiler.inspection.expected_reel import ExpectedReel, FrameRange, expected_reel
from otio_gvideo.compiler.inspection.findings import Check, Finding
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.script.config import BUILT_IN
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.renderers.base import Keyframe, Motion, Shot
from otio_gvideo.renderers.run.recipe import Recipe

from ...properties.timelines import make_media

FPS = Fraction(24)
SUFFIXES = {"prores": ".mov", "gif": ".gif", "webp": ".webp"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_media(folder)
    halves = "color=red:s=64x96:r=24:d=1[a];color=blue:s=64x96:r=24:d=1[b];"
    halves += "color=black:s=64x96:r=24:d=1[c];[a][b][c]concat=n=3"
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
    run(["-f", "lavfi", "-i", halves, *coded, *output_args(folder / "parts.mp4")], what="parts")
    return folder


def clip(name: str, start: int, frames: int, label: str = "") -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(name, time_range(0, 72, FPS))
    return otio.schema.Clip(label or name[0], reference, time_range(start, frames, FPS))


def track(*children: otio.core.Composable) -> otio.schema.Track:
    made = otio.schema.Track("V", kind="Video")
    made.extend(children)
    return made


def fade(before: int, after: int) -> otio.schema.Transition:
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    return otio.schema.Transition("", kind, time(before, FPS), time(after, FPS))


def saved(media: Path, name: str, *tracks: otio.core.Item) -> Path:
    timeline = otio.schema.Timeline(name)
    timeline.tracks.extend(tracks)
    otio.adapters.write_to_file(timeline, str(media / f"{name}.otio"))
    return media / f"{name}.otio"


def off(check: Check) -> list[str]:
    return [finding.name for finding in check.findings if not finding.ok]


@pytest.mark.slow
@pytest.mark.parametrize("preset", BUILT_IN)
def test_the_output_of_every_preset_passes(media: Path, preset: str) -> None:
    parts = (clip("red.mp4", 2, 20), fade(3, 4), clip("blue.mp4", 5, 20), clip("lime.mp4", 3, 9))
    path = saved(media, preset, track(*parts))
    video = path.with_suffix(SUFFIXES.get(preset, ".mp4"))
    flatten_timeline(path, video, output_options=OutputOptions(preset=preset))
    check = check_video(video, path)
    assert off(check) == []
    if preset not in ("gif", "webp"):
        assert check.cut_offsets == {"l": 0}


@pytest.mark.slow
def test_a_codec_that_no_preset_makes_is_found(media: Path) -> None:
    path = saved(media, "old", track(clip("red.mp4", 2, 20)))
    flatten_timeline(path, media / "old.mp4")
    coded = ["-c:v", "mpeg4", "-q:v", "2", *output_args(media / "mpeg4.mp4")]
    run([*input_args(media / "old.mp4"), *coded], what="encoding as MPEG-4")
    assert "codec" in off(check_video(media / "mpeg4.mp4", path))


@pytest.mark.slow
def test_cuts_and_black_of_a_source_are_its_own(media: Path) -> None:
    path = saved(media, "own", track(clip("red.mp4", 0, 10), clip("parts.mp4", 10, 55)))
    flatten_timeline(path, media / "own.mp4")
    assert off(check_video(media / "own.mp4", path)) == []
    spoilt = "drawbox=c=black:t=fill:enable='between(n,12,20)'"
    args = ["-vf", spoilt, *output_args(media / "spoilt.mp4")]
    run([*input_args(media / "own.mp4"), *args], what="spoiling a reel")
    assert "unplanned black" in off(check_video(media / "spoilt.mp4", path))


def test_cuts_of_ranges_and_layers_match_the_flattened_ones(media: Path) -> None:
    inner = otio.schema.Stack("nest", source_range=time_range(3, 20, FPS))
    inner.append(track(clip("red.mp4", 0, 8, "a"), clip("blue.mp4", 0, 30, "b")))
    upper = track(otio.schema.Gap(source_range=time_range(0, 14, FPS)), clip("lime.mp4", 0, 4, "c"))
    timeline = otio.schema.Timeline("ranges", tracks=[inner, upper])
    timeline.tracks.source_range = time_range(2, 17, FPS)
    expected = expected_reel(timeline, media, FPS)
    assert expected.frames == 17
    assert expected.cuts == ((3, "nest"), (12, "c"), (16, "nest"))
    lower = track(clip("red.mp4", 0, 8, "a"), fade(2, 2), clip("blue.mp4", 4, 9, "b"))
    lower.source_range = time_range(7, 12, FPS)
    expected = expected_reel(otio.schema.Timeline("track", tracks=[lower]), media, FPS)
    assert expected.frames == 12
    assert expected.transitions == (FrameRange(0, 3),)
    assert expected.gaps == (FrameRange(10, 12),)


def test_unnamed_clips_are_identified_by_their_frames(media: Path) -> None:
    parts = (clip("red.mp4", 0, 9, "x"), clip("blue.mp4", 0, 9, "x"), clip("lime.mp4", 0, 9, "x"))
    path = saved(media, "names", track(*parts))
    flatten_timeline(path, media / "names.mp4")
    check = check_video(media / "names.mp4", path)
    assert off(check) == []
    assert check.cut_offsets == {"x": 0, "x at 18": 0}


@pytest.mark.parametrize(
    ("renderer", "still"),
    [("camera", (FrameRange(0, 16), FrameRange(25, 45))), ("ltx", ())],
)
def test_a_static_shot_moves_only_in_its_dissolves_unless_a_model_makes_it(
    media: Path, renderer: str, still: tuple[FrameRange, ...]
) -> None:
    shot = Shot(
        96, 160, FPS, 50, 0, 0, 0, 50,
        (Keyframe(media / "a.png", 10), Keyframe(media / "b.png", 30)),
        motion=Motion(camera="static"),
    )  # fmt: skip
    recipe = Recipe(renderer, 5, shot, {}, ())
    span = Span(0, 45, VideoContent(media / "red.mp4", Fraction(5) / FPS))
    expected = ExpectedReel(45, FPS, (span,), (), {}, {media / "red.mp4": recipe}, {})
    assert expected.still == still


def test_one_finding_is_off_in_the_singular(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(media, "one", track(clip("red.mp4", 2, 4)))
    found = Check(path, (Finding("a", False, "1", "2"),), {}, (), -14, -1, {})
    monkeypatch.setattr(api_check, "check_reel", lambda *_, **__: found)
    monkeypatch.setattr(api_check, "signature_findings", lambda *_: [Finding("b", True, "1", "1")])
    said: list[str] = []
    check_video(media / "red.mp4", path, on_progress=lambda step: said.append(step.message))
    assert said == ["red.mp4: 1 of 2 findings is off"]
