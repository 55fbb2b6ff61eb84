"""Chapters are at the markers of timelines, tracks and clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.mux.chapters import Chapter, chapters_of, title_of, to_ffmetadata
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.timeline.rate import time, time_range

FPS = Fraction(24)


def marker(name: str, start: int) -> otio.schema.Marker:
    return otio.schema.Marker(name=name, marked_range=time_range(start, 1, FPS))


def clip(start: int, frames: int, *markers: otio.schema.Marker) -> otio.schema.Clip:
    return otio.schema.Clip("c", None, time_range(start, frames, FPS), markers=list(markers))


def timeline(*children: otio.core.Composable) -> otio.schema.Timeline:
    made = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.extend(children)
    made.tracks.append(track)
    return made


def test_markers_of_the_timeline_are_in_reel_time() -> None:
    made = timeline(clip(10, 100))
    made.tracks.markers.extend([marker("b", 40), marker("a", 0), marker("late", 100)])
    assert chapters_of(made, FPS, 100) == [Chapter("a", 0, 40), Chapter("b", 40, 100)]


def test_markers_of_a_clip_are_in_its_own_time() -> None:
    hidden = marker("trimmed away", 5)
    fade = otio.schema.Transition(in_offset=time(4, FPS), out_offset=time(4, FPS))
    made = timeline(clip(10, 50, marker("one", 10), hidden), fade, clip(20, 50, marker("two", 25)))
    assert chapters_of(made, FPS, 100) == [Chapter("one", 0, 55), Chapter("two", 55, 100)]


def test_markers_within_a_nested_timeline() -> None:
    inner = otio.schema.Stack("inner", source_range=time_range(20, 30, FPS))
    track = otio.schema.Track("n", kind=otio.schema.TrackKind.Video)
    track.extend(
        [clip(0, 30, marker("shown", 25), marker("hidden", 5)), clip(0, 30, marker("x", 20))]
    )
    inner.append(track)
    made = timeline(clip(0, 40), inner)
    assert chapters_of(made, FPS, 70) == [Chapter("reel", 0, 45), Chapter("shown", 45, 70)]


def test_the_first_chapter_starts_at_zero() -> None:
    made = timeline(clip(0, 100))
    assert chapters_of(made, FPS, 100) == []
    made.tracks.markers.append(marker("later", 30))
    assert chapters_of(made, FPS, 100) == [Chapter("reel", 0, 30), Chapter("later", 30, 100)]


def test_of_two_markers_at_one_frame_the_timelines_own_wins() -> None:
    made = timeline(clip(0, 100, marker("clip's", 0)))
    made.tracks.markers.append(marker("own", 0))
    assert chapters_of(made, FPS, 100) == [Chapter("own", 0, 100)]


def test_the_title_is_the_scripts() -> None:
    made = timeline(clip(0, 10))
    assert title_of(made) == "reel"
    made.metadata["otio_gvideo"] = {"title": "The keeper"}
    assert title_of(made) == "The keeper"


TITLES = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1).filter(
    lambda title: title == title.strip()
)


@pytest.mark.slow
@given(title=TITLES)
def test_ffmpeg_reads_any_title_as_it_was_written(
    title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("titles")
    (folder / "m.txt").write_text(to_ffmetadata(title, [Chapter(title, 0, 24)], FPS), "utf-8")
    sound = ["-f", "lavfi", "-i", "anullsrc=d=1"]
    text = input_args(folder / "m.txt", "-f", "ffmetadata")
    run([*sound, *text, *output_args(folder / "a.mkv", "-map_metadata", "1")], what="writing")
    with av.open(str(folder / "a.mkv")) as container:
        assert container.metadata["title"].removesuffix(" ") == title
