"""Clips that count in the timecode of their media show the frames of that timecode."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.backend.spans.frame_content import VideoContent
from otio_gvideo.compiler.backend.spans.media import nearest_frame
from otio_gvideo.compiler.backend.spans.read_spans import read_spans
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.timecode import MediaTimecode, read_timecode
from otio_gvideo.compiler.timeline.media import source_start
from otio_gvideo.compiler.timeline.rate import time_range

from ..backend.frame_stamps import FAST, HEIGHT, WIDTH, read_stamps, write_stamped

FPS, NTSC = Fraction(24), Fraction(30000, 1001)
HOUR = 24 * 3600
"""Frames to 01:00:00:00."""
FILES: dict[str, tuple[Fraction, str, tuple[str, ...]]] = {
    "a.mov": (FPS, "01:00:00:00", ("-c", "copy")),
    "a.mp4": (FPS, "01:00:00:00", ("-c", "copy")),
    "a.mkv": (FPS, "01:00:00:00", ("-c", "copy")),
    "a.mxf": (FPS, "01:00:00:00", ("-c:v", "mpeg2video", "-q:v", "1", "-pix_fmt", "yuv422p")),
    "film.mov": (FPS * 1000 / 1001, "01:00:00:00", ("-c", "copy")),
    "drop.mov": (NTSC, "01:00:00;00", ("-c", "copy")),
    "full.mov": (NTSC, "01:00:00:00", ("-c", "copy")),
    "early.mov": (FPS, "00:00:02:00", ("-c", "copy")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 240 stamped frames with timecode, and 10 s of sound recorded at an hour."""
    made = tmp_path_factory.mktemp("media")
    for rate in {rate for rate, _, _ in FILES.values()}:
        write_stamped(made / f"{float(rate):.2f}.mp4", 0, 240, rate)
    for name, (rate, timecode, how) in FILES.items():
        source = ("-i", str(made / f"{float(rate):.2f}.mp4"))
        run(
            [*source, *output_args(made / name, *how, "-timecode", timecode)],
            what="making media",
        )
    bext = ("-metadata", f"time_reference={3600 * 48000}", "-write_bext", "1")
    sound = ("-f", "lavfi", "-i", "sine=r=48000:d=10")
    run([*sound, *output_args(made / "a.wav", *bext)], what="making media")
    return made


def shown(folder: Path, *clips: otio.schema.Clip) -> list[int | None]:
    """Return the stamps of the clips as flattened."""
    result = flatten(timeline(*clips), folder / "x.mp4", OutputSpec(FAST), media_root=folder)
    assert (result.warnings, result.missing) == ((), ())
    return read_stamps(folder / "x.mp4")


def counted(folder: Path, *clips: otio.schema.Clip) -> list[int]:
    """Return the media frame that each clip begins with."""
    path = folder / "counted.otio"
    timeline(*clips).to_json_file(str(path))
    reading = read_spans(read_timeline(path), folder, FPS)
    assert (reading.warnings, reading.missing) == ((), ())
    frames = []
    for span in reading.spans:
        assert isinstance(span.picture, VideoContent)
        video = reading.media[span.picture.path].video
        assert video is not None
        frames.append(nearest_frame(video, span.picture.start))
    return frames


def timeline(*clips: otio.schema.Clip) -> otio.schema.Timeline:
    track = otio.schema.Track("V1", clips, kind=otio.schema.TrackKind.Video)
    made = otio.schema.Timeline("cut", metadata={"otio_gvideo": {"output": {
        "width": WIDTH, "height": HEIGHT, "fps": "24/1"}}})  # fmt: skip
    made.tracks.append(track)
    return made


def clip(
    name: str,
    start: int,
    frames: int,
    rate: Fraction = FPS,
    available: otio.opentime.TimeRange | None = None,
) -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(name, available)
    return otio.schema.Clip(name, reference, time_range(start, frames, rate))


def test_a_clip_is_counted_from_the_timecode_of_its_file(folder: Path) -> None:
    clips = [clip(name, HOUR + 96, 3) for name in ("a.mov", "a.mp4", "a.mkv", "a.mxf")]
    assert shown(folder, *clips) == [96, 97, 98] * 4


def test_retimed_clips_count_in_timecode_too(folder: Path) -> None:
    fast, back = clip("a.mov", HOUR + 96, 3), clip("a.mov", HOUR + 96, 3)
    fast.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    back.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1))
    assert shown(folder, fast, back) == [96, 98, 100, 98, 97, 96]


def test_a_clip_at_the_rate_of_other_media_keeps_its_frame_or_its_time(folder: Path) -> None:
    """The whole number of frames a second decides: 24 counts 23.976's frames, 25 its time."""
    film = FPS * 1000 / 1001
    assert counted(folder, clip("film.mov", HOUR + 96, 3)) == [96]
    assert counted(folder, clip("film.mov", HOUR + 96, 3, film)) == [96]
    at_25 = round((HOUR + 96) / film * 25)
    assert counted(folder, clip("film.mov", at_25, 3, Fraction(25))) == [96]


def test_numbers_that_drop_frame_timecode_skips_are_no_frames(folder: Path) -> None:
    at = otio.opentime.from_timecode("01:00:03;06", float(NTSC))
    assert counted(folder, clip("drop.mov", round(at.value), 2, NTSC)) == [96]
    assert counted(folder, clip("drop.mov", 107_892 + 96, 2, NTSC)) == [96]
    assert counted(folder, clip("full.mov", 108_000 + 96, 2, NTSC)) == [96]


def test_a_clip_within_its_file_counts_from_the_first_frame(folder: Path) -> None:
    assert counted(folder, clip("a.mov", 50, 2)) == [50]
    assert counted(folder, clip("early.mov", 96, 2)) == [96]


def test_all_clips_of_a_file_count_alike(folder: Path) -> None:
    """Frame 270 is in the file by its timecode alone, so frame 96 counts in it as well."""
    clips = clip("early.mov", 96, 2), clip("early.mov", 270, 2)
    assert counted(folder, *clips) == [48, 222]


def test_a_stated_range_stands_unless_it_excludes_the_clip(folder: Path) -> None:
    within = clip("a.mov", HOUR + 96, 2, available=time_range(HOUR + 90, 100, FPS))
    assert counted(folder, within) == [6]
    outside = clip("a.mov", HOUR + 96, 2, available=time_range(0, 240, FPS))
    assert counted(folder, outside) == [96]


def test_sound_is_counted_from_the_time_of_its_recording(folder: Path) -> None:
    track = otio.schema.Track("A1", [clip("a.wav", HOUR + 48, 24)], kind="Audio")
    made = timeline()
    made.tracks[:] = [track]
    path = folder / "sound.otio"
    made.to_json_file(str(path))
    mix = read_mix(read_timeline(path), folder, Fraction(1))
    assert [one.source for lane in mix.tracks for one in lane.clips] == [2 * 48000]
    assert mix.warnings == ()


@pytest.mark.parametrize("suffix", [".otio", ".fcpxml", ".xml", ".edl", ".aaf"])
def test_exports_count_in_the_timecode_of_each_file(folder: Path, suffix: str) -> None:
    """Also clips that counted from the first frame: an editor reads the file's timecode."""
    clips = clip("a.mov", HOUR + 96, 24), clip("film.mov", 50, 24), clip("24.00.mp4", 20, 24)
    timeline(*clips).to_json_file(str(folder / "cut.otio"))
    exported = export_timeline(folder / "cut.otio", folder / f"out{suffix}")
    assert exported.warnings == ()
    back = read_timeline(exported.path)
    starts = [one.source_range.start_time.value for one in back.find_clips()]
    # FCPXML counts seconds, of which an hour of 23.976's timecode has 3603.6.
    film = round(HOUR * Fraction(1001, 1000)) if suffix == ".fcpxml" else HOUR
    assert starts == [HOUR + 96, film + 50, 20]
    assert [source_start(one) * 24 for one in back.find_clips()] == [96, 50, 20]
    if suffix == ".fcpxml":
        assets = ElementTree.parse(exported.path).findall("resources/asset")
        assert [asset.get("start") for asset in assets] == ["3600s", "18018/5s", "0s"]
    changes = diff_timelines(folder / "cut.otio", exported.path).changes
    assert changes == []


def test_a_clip_has_not_slipped_where_its_file_is_missing(folder: Path, tmp_path: Path) -> None:
    made = timeline(clip("a.mov", HOUR + 96, 24))
    made.to_json_file(str(folder / "here.otio"))
    made.to_json_file(str(tmp_path / "elsewhere.otio"))
    assert diff_timelines(tmp_path / "elsewhere.otio", folder / "here.otio").changes == []
    slipped = timeline(clip("a.mov", HOUR + 98, 24))
    slipped.to_json_file(str(folder / "here.otio"))
    changes = diff_timelines(tmp_path / "elsewhere.otio", folder / "here.otio").changes
    assert [line for change in changes for line in change.lines()] == [
        "a.mov slipped by 2 frames, to later frames of its picture"
    ]


def test_a_timecode_is_read_in_real_frames(folder: Path) -> None:
    assert read_timecode(folder / "drop.mov", FPS) == MediaTimecode(
        107_892, NTSC, 240 / NTSC, is_drop_frame=True
    )
    assert read_timecode(folder / "full.mov", FPS) == MediaTimecode(108_000, NTSC, 240 / NTSC)
    assert read_timecode(folder / "a.wav", FPS) == MediaTimecode(
        3600 * 48000, Fraction(48000), Fraction(10)
    )
    assert read_timecode(folder / "24.00.mp4", FPS) is None
