"""Every frame of a flattened timeline is that of OTIO's own arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.backend.spans.read_spans import read_spans
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE
from otio_gvideo.compiler.timeline.rate import time, time_range

from .frame_stamps import FAST, HEIGHT, WIDTH, read_stamps, write_stamped

FPS = Fraction(24)
RATES = (24, 24, 12, 30, 48)
FRAMES = 60
STARTS = (0, 0, 86400, 100, 7)
"""First frame number in each media file's timecode."""
STAMP = tuple(64 * (number + 1) for number in range(len(RATES)))
"""The number on the first frame of each."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for number, rate in enumerate(RATES):
        write_stamped(folder / f"{number}.mp4", STAMP[number], FRAMES, Fraction(rate), (20,))
    return folder


@st.composite
def clips(draw: st.DrawFn) -> otio.schema.Clip:
    number = draw(st.integers(0, len(RATES) - 1))
    length_s = Fraction(FRAMES, RATES[number])
    frames = draw(st.integers(1, 14))
    first = draw(st.integers(0, int(length_s * FPS) - frames))
    available = time_range(STARTS[number], FRAMES, Fraction(RATES[number]))
    start = Fraction(STARTS[number], RATES[number]) * FPS + first
    begin = otio.opentime.RationalTime(float(start), 24)
    return otio.schema.Clip(
        str(number),
        otio.schema.ExternalReference(f"{number}.mp4", available),
        otio.opentime.TimeRange(begin, time(frames, FPS)),
    )


def gaps() -> st.SearchStrategy[otio.schema.Gap]:
    return st.integers(1, 8).map(lambda n: otio.schema.Gap(source_range=time_range(0, n, FPS)))


@st.composite
def trimmed(draw: st.DrawFn, item: otio.core.Item) -> otio.core.Item:
    """A part of an item, or all of it."""
    length = int(item.duration().value)
    if draw(st.booleans()):
        start = draw(st.integers(0, length - 1))
        frames = draw(st.integers(1, length - start))
        item.source_range = time_range(start, frames, FPS)
    return item


@st.composite
def tracks(draw: st.DrawFn, depth: int) -> otio.schema.Track:
    made = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    kinds = [clips(), clips(), gaps()] + ([stacks(depth - 1)] if depth else [])
    for child in draw(st.lists(st.one_of(kinds), min_size=1, max_size=4)):
        made.append(child)
    made.enabled = draw(st.integers(0, 5)) > 0
    return made


@st.composite
def stacks(draw: st.DrawFn, depth: int) -> otio.schema.Stack:
    made = otio.schema.Stack("S")
    for track in draw(st.lists(tracks(depth), min_size=1, max_size=2)):
        made.append(draw(trimmed(track)))
    stack = draw(trimmed(made))
    assert isinstance(stack, otio.schema.Stack)
    return stack


@st.composite
def timelines(draw: st.DrawFn) -> otio.schema.Timeline:
    made = otio.schema.Timeline("random")
    for track in draw(st.lists(tracks(2), min_size=1, max_size=3)):
        made.tracks.append(track)
    return made


def seen_at(
    item: otio.core.Composable, place: otio.opentime.RationalTime
) -> otio.schema.Clip | None:
    """Return the visible clip of an item at a time in it, by OTIO alone."""
    if not getattr(item, "enabled", True):
        return None
    if isinstance(item, otio.schema.Clip):
        return item
    if isinstance(item, otio.schema.Track | otio.schema.Stack):
        for child in reversed(list(item)):
            if item.range_of_child(child).contains(place):
                found = seen_at(child, item.transformed_time(place, child))
                if found is not None or isinstance(item, otio.schema.Track):
                    return found
    return None


def wanted(timeline: otio.schema.Timeline) -> list[int | None]:
    """Return the expected stamp of every frame; None for black."""
    stamps: list[int | None] = []
    for frame in range(int(timeline.duration().value)):
        at = time(frame, FPS)
        clip = seen_at(timeline.tracks, at)
        if clip is None:
            stamps.append(None)
            continue
        number = int(clip.name)
        place = timeline.tracks.transformed_time(at, clip)
        rate = RATES[number]
        into = Fraction(place.value) / Fraction(place.rate) * rate - STARTS[number]
        nearest = math.ceil(into - Fraction(1, 2))
        stamps.append(STAMP[number] + min(nearest, FRAMES - 1))
    return stamps


def check(timeline: otio.schema.Timeline, media: Path, folder: Path) -> None:
    result = flatten(
        timeline,
        folder / "reel.mp4",
        media_root=media,
        size=(WIDTH, HEIGHT),
        spec=OutputSpec(FAST),
    )
    stamps = read_stamps(folder / "reel.mp4")
    assert not result.missing
    assert len(stamps) == result.frames == timeline.duration().value
    assert stamps == wanted(timeline)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(timeline=timelines())
def test_every_frame_is_the_one_that_otio_says(
    timeline: otio.schema.Timeline, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(timeline, media, tmp_path_factory.mktemp("reel"))


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(timeline=timelines())
def test_every_frame_of_many_timelines(
    timeline: otio.schema.Timeline, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(timeline, media, tmp_path_factory.mktemp("reel"))


@pytest.mark.slow
def test_ten_hours_do_not_drift(media: Path) -> None:
    ntsc = Fraction(30000, 1001)
    length = otio.opentime.RationalTime(97, 29.97)
    clips = 10 * 3600 * 30 // 97
    timeline = otio.schema.Timeline("long")
    for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio):
        track = otio.schema.Track(kind, kind=kind)
        for number in range(clips):
            reference = otio.schema.ExternalReference(f"{number % 2}.mp4")
            shown = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 29.97), length)
            track.append(otio.schema.Clip(str(number), reference, shown))
        timeline.tracks.append(track)
    spans = read_spans(timeline, media, FPS).spans
    begins = [round(n * 97 / ntsc * FPS) for n in range(clips)]
    # The files have 60 frames: then their last one is held.
    assert [span.start for span in spans] == [at for one in begins for at in (one, one + 60)]
    total = clips * 97 / ntsc
    assert spans[-1].end == round(total * FPS)
    make_tone(media / "tone.wav")
    for clip in timeline.audio_tracks()[0]:
        clip.media_reference = otio.schema.ExternalReference("tone.wav")
    (heard,) = read_mix(timeline, media, total).tracks
    assert [clip.start for clip in heard.clips] == [
        round(n * 97 / ntsc * SAMPLE_RATE) for n in range(clips)
    ]


def make_tone(path: Path) -> None:
    tone = ["-f", "lavfi", "-i", "sine=r=48000:d=5"]
    run([*tone, *output_args(path)], what="making a tone")


DATA = Path(__file__).parents[2] / "data" / "otio"


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(DATA.glob("*.otio")), ids=lambda path: path.stem)
def test_otios_own_timelines_have_the_length_that_otio_states(path: Path, tmp_path: Path) -> None:
    timeline = otio.adapters.read_from_file(str(path))
    result = flatten(timeline, tmp_path / "reel.mp4", size=(32, 32), spec=OutputSpec(FAST))
    stated = timeline.duration()
    assert result.frames / result.fps == Fraction(stated.value) / Fraction(stated.rate)
    assert len(read_stamps(tmp_path / "reel.mp4")) == result.frames
    named = {line.split(": ")[0] for line in result.missing}
    lost = otio.schema.MissingReference, otio.schema.ExternalReference
    for clip in timeline.find_clips():
        # Disabled items are never reported as missing.
        if clip.enabled and isinstance(clip.media_reference, lost):
            assert str(clip.name) in named
