"""Beyond either end of its media, a clip shows the first or the last frame that there is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.backend.spans.frame_content import VideoContent, advance
from otio_gvideo.compiler.backend.spans.hold_ends import hold_ends
from otio_gvideo.compiler.backend.spans.media import nearest_frame
from otio_gvideo.compiler.backend.spans.spans import Span
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.media_info import MediaInfo, VideoInfo
from otio_gvideo.compiler.timeline.rate import time_range

from ..frame_stamps import FAST, read_stamps, write_stamped

FPS = Fraction(24)
FILE = Path("a.mp4")


def media(frames: int, fps: Fraction) -> dict[Path, MediaInfo]:
    video = VideoInfo("h264", "", 96, 160, fps, frames, "yuv420p", b"", (1, 1, 1, 1))
    steady = replace(video, is_constant=True)
    return {FILE: MediaInfo(FILE, frames / fps, steady, None)}


@given(
    frames=st.integers(1, 30),
    fps=st.sampled_from([FPS, Fraction(24000, 1001), Fraction(30), Fraction(50)]),
    start=st.fractions(-2, 3, max_denominator=1000),
    speed=st.fractions(-12, 12, max_denominator=8),
    length=st.integers(1, 40),
)
def test_every_frame_shows_the_nearest_frame_of_its_media(
    frames: int, fps: Fraction, start: Fraction, speed: Fraction, length: int
) -> None:
    content, files = VideoContent(FILE, start, speed), media(frames, fps)
    video = files[FILE].video
    assert video is not None
    spans = list(hold_ends([Span(7, 7 + length, content)], files, FPS))
    assert (spans[0].start, spans[-1].end, len(spans) <= 3) == (7, 7 + length, True)
    assert all(one.end == other.start for one, other in pairwise(spans))
    for span in spans:
        for frame in range(span.start, span.end):
            shown = advance(span.picture, frame - span.start, FPS)
            assert isinstance(shown, VideoContent)
            wanted = nearest_frame(video, start + (frame - 7) * speed / FPS)
            assert nearest_frame(video, shown.start) == min(max(wanted, 0), frames - 1)


@pytest.mark.parametrize("suffix", [".mp4", ".mxf", ".mkv"])
def test_a_clip_past_its_end_holds_the_last_frame_at_any_speed(suffix: str, tmp_path: Path) -> None:
    file = write_stamped(tmp_path / "a.mp4", 0, 60, FPS)
    if suffix == ".mxf":
        codec = ("-c:v", "mpeg2video", "-q:v", "1", "-pix_fmt", "yuv422p")
        file = tmp_path / "a.mxf"
        run(["-i", str(tmp_path / "a.mp4"), *output_args(file, *codec)], what="making media")
    if suffix == ".mkv":  # Its sound is longer than its picture.
        file, sound = tmp_path / "a.mkv", ("-f", "lavfi", "-i", "sine=d=9", "-c:v", "copy")
        run(["-i", str(tmp_path / "a.mp4"), *sound, *output_args(file)], what="making media")
    expected = {1: [56, 57, 58, 59, 59], 10: [36, 46, 56, 59, 59], -10: [59, 59, 56, 46, 36]}
    track = otio.schema.Track("V1", kind="Video")
    for speed in expected:
        start = 56 if speed == 1 else 36
        clip = otio.schema.Clip("a", otio.schema.ExternalReference(str(file)))
        clip.source_range = time_range(start, 5, FPS)
        clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
        track.append(clip)
    track.append(otio.schema.Clip("b", otio.schema.ExternalReference(str(file))))
    track[-1].source_range = time_range(500, 3, FPS)
    timeline = otio.schema.Timeline("past")
    timeline.tracks.append(track)
    result = flatten(timeline, tmp_path / "x.mp4", OutputSpec(FAST), media_root=tmp_path)
    assert read_stamps(tmp_path / "x.mp4") == [
        *(frame for frames in expected.values() for frame in frames),
        *(59, 59, 59),
    ]
    assert result.warnings[-1] == (
        f"b: it shows frames 500 to 502 of {file.name}, which holds 60; its last frame is held"
    )
