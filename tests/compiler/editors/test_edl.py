"""CMX 3600 edit decision lists: written, read back, and read by OpenTimelineIO's own adapter."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.flatten import flatten_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors.formats.edl_events import parse_timecode, timecode
from otio_gvideo.compiler.editors.formats.edl_write import write
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.timeline.effects import effect_notices
from otio_gvideo.compiler.timeline.layout import Placed, lay_out_timeline
from otio_gvideo.compiler.timeline.media import media_file_name
from otio_gvideo.compiler.timeline.properties import rate_of
from otio_gvideo.compiler.timeline.rate import time, time_range

from .sample_cut import cut, media

RATES = [
    Fraction(24), Fraction(25), Fraction(30), Fraction(50), Fraction(60),
    Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001),
]  # fmt: skip


def clip(name: str, start: int, frames: int, fps: Fraction, speed: float = 1.0) -> otio.schema.Clip:
    made = otio.schema.Clip(
        name,
        otio.schema.ExternalReference(f"/media/{name}.mov"),
        time_range(start, frames, fps),
    )
    if speed == 0:
        made.effects.append(otio.schema.FreezeFrame())
    elif speed != 1:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    return made


def gap(frames: int, fps: Fraction) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, fps))


def dissolve(before: int, after: int, fps: Fraction) -> otio.schema.Transition:
    return otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(before, fps),
        out_offset=time(after, fps),
    )


def timeline(
    items: list[otio.core.Composable], fps: Fraction, hour: int = 1
) -> otio.schema.Timeline:
    made = otio.schema.Timeline("cut", global_start_time=time(hour * 3600 * round(fps), fps))
    made.tracks.append(otio.schema.Track("V1", items))
    return made


def everything(fps: Fraction) -> otio.schema.Timeline:
    items = [
        gap(75, fps), dissolve(6, 6, fps), clip("stairs", 90000, 80, fps), dissolve(5, 6, fps),
        clip("storm", 40, 60, fps, 2.0), clip("ship", 500, 30, fps, -1.0), gap(12, fps),
        clip("still", 7, 24, fps, 0.0), clip("sea", 100, 40, fps, 0.7), dissolve(8, 8, fps),
        gap(20, fps), clip("end", 0, 25, fps),
    ]  # fmt: skip
    return timeline(items, fps)


def shown(placed: Placed) -> tuple[object, ...]:
    item = placed.item
    is_clip = isinstance(item, otio.schema.Clip)
    return (
        type(item).__name__, placed.start, placed.frames,
        (item.name, media_file_name(item.media_reference), placed.media_start) if is_clip else None,
        placed.speed, placed.out and (placed.out.kind, placed.out.before, placed.out.after),
    )  # fmt: skip


def pictures(cut: otio.schema.Timeline) -> list[tuple[object, ...]]:
    (layout,) = lay_out_timeline(cut, rate_of(cut))
    return [shown(placed) for placed in layout.items]


def written(cut: otio.schema.Timeline, folder: Path) -> Path:
    path = folder / "cut.edl"
    assert write(cut, path) == []
    return path


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_a_list_comes_back_as_it_was_written(tmp_path: Path, fps: Fraction) -> None:
    cut = everything(fps)
    back = read_timeline(written(cut, tmp_path))
    assert rate_of(back) == fps
    assert back.global_start_time == cut.global_start_time
    assert pictures(back) == pictures(cut)


@pytest.mark.parametrize("name", ["ship", "storm"])
@pytest.mark.parametrize("speed", [0.0, 2.0, -1.0])
def test_a_retimed_clip_dissolves_into_one_at_its_own_speed(
    tmp_path: Path, speed: float, name: str
) -> None:
    fps = Fraction(25)
    cut = timeline(
        [clip("storm", 100, 60, fps, speed), dissolve(5, 5, fps), clip(name, 500, 30, fps)], fps
    )
    assert pictures(read_timeline(written(cut, tmp_path))) == pictures(cut)


def test_another_reader_finds_the_same_cuts(tmp_path: Path) -> None:
    fps = Fraction(25)
    items = [
        clip("stairs", 90000, 80, fps), clip("storm", 40, 60, fps), gap(12, fps),
        clip("ship", 500, 30, fps), dissolve(0, 10, fps), clip("sea", 900, 50, fps),
    ]  # fmt: skip
    path = written(timeline(items, fps), tmp_path)
    read = otio.adapters.from_name("cmx_3600").read_from_string(path.read_text(), rate=25)
    (track,) = read.video_tracks()
    found = [
        (c.name, c.source_range.start_time.value, c.source_range.duration.value)
        for c in track.find_clips()
    ]
    assert found == [("stairs", 90000, 80), ("storm", 40, 60), ("ship", 500, 30), ("sea", 900, 50)]
    assert track.source_range.start_time == time(-90000, fps)  # minus the record timecode
    assert [type(item).__name__ for item in track][2:4] == ["Gap", "Clip"]


@pytest.mark.parametrize(("fps", "nominal"), [(30000 / 1001, 30), (60000 / 1001, 60)])
@given(frame=st.integers(0, 30 * 3600 * 23))
def test_drop_frame_timecode_is_that_of_opentimelineio(
    fps: float, nominal: int, frame: int
) -> None:
    text = timecode(frame, nominal, drop=True)
    assert text == otio.opentime.to_timecode(
        otio.opentime.RationalTime(frame, fps), fps, drop_frame=True
    )
    parsed = parse_timecode(text)
    assert parsed is not None
    assert parsed.is_drop
    assert parsed.at(nominal, drop=True) == frame


def test_a_drop_frame_list_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "in.edl"
    path.write_text(
        "TITLE: cut\nFCM: DROP FRAME\n"
        "001  AX  V  C  00:00:00;00 00:01:00;02 01:00:00;00 01:01:00;02\n"
    )
    cut = read_timeline(path)
    assert rate_of(cut) == Fraction(30000, 1001)
    assert [placed[2] for placed in pictures(cut)] == [1800]
    again = tmp_path / "out.edl"
    write(cut, again)
    assert "FCM: DROP FRAME\n" in again.read_text()
    assert "01:00:00;00 01:01:00;02" in again.read_text()


EVENTS = "TITLE: cut\nFCM: NON-DROP FRAME\n{}\n"


@pytest.mark.parametrize(
    ("event", "fps"),
    [
        # Source and record last equally long, and only one of them passes a second.
        ("00:00:00:00 00:00:01:24 01:00:17:22 01:00:19:21", 25),
        ("00:00:00:00 00:00:01:06 00:00:00:20 00:00:02:02", 24),
        ("00:00:00:00 00:00:01:06 00:00:00:20 00:00:01:26", None),
        ("00:00:00:00 00:00:00:52 00:00:00:00 00:00:00:52", 60),
        ("00:00:00;00 00:00:01;10 00:00:00;00 00:00:01;10", Fraction(30000, 1001)),
        ("00:00:00:00 00:00:01:10 00:00:00:00 00:00:01:10", None),
    ],
)
def test_the_rate_is_the_only_one_that_the_timecode_allows(
    tmp_path: Path, event: str, fps: Fraction | None
) -> None:
    path = tmp_path / "cut.edl"
    path.write_text(EVENTS.format(f"001  AX  V  C  {event}"))
    if fps is not None:
        assert rate_of(read_timeline(path)) == fps
        return
    with pytest.raises(InputError, match=r"cut\.edl: states no frame rate, .*; give it, as in"):
        read_timeline(path)


def test_the_rate_is_that_of_the_media(tmp_path: Path) -> None:
    moving = tmp_path / "moving.mp4"
    source = "testsrc=size=64x64:rate=25:duration=1"
    run(["-f", "lavfi", "-i", source, *output_args(moving)], what="making a clip")
    path = tmp_path / "cut.edl"
    event = "001  AX  V  C  00:00:00:00 00:00:00:10 01:00:00:00 01:00:00:10"
    path.write_text(EVENTS.format(f"{event}\n* FROM CLIP NAME: a\n* FROM CLIP: {moving}"))
    assert rate_of(read_timeline(path)) == 25


def test_the_command_takes_the_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.edl"
    path.write_text(EVENTS.format("001  AX  V  C  00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00"))
    copy = tmp_path / "cut.otio"
    assert main(["export", str(path), "-o", str(copy)]) == 2
    assert capsys.readouterr().err == (
        f"{path}: states no frame rate, and several fit its timecode; give it, as in --fps 25\n"
    )
    assert main(["export", str(path), "-o", str(copy), "--fps", "29.97"]) == 0
    assert rate_of(read_timeline(copy)) == Fraction(30000, 1001)
    capsys.readouterr()
    assert main(["view", str(copy), "--fps", "25"]) == 2
    assert capsys.readouterr().err == "--fps: cut.otio states its frame rate; it is for .edl\n"
    with pytest.raises(SystemExit):
        main(["view", str(path), "--fps", "fast"])
    assert "'fast' is not a frame rate, as in 25, 23.976" in capsys.readouterr().err


def test_a_list_of_markers_as_resolve_exports_it(tmp_path: Path) -> None:
    path = tmp_path / "markers.edl"
    times = ["01:00:02:00", "01:00:05:12"]
    lines = [
        f"{n:03}  001      V     C        {at} {at[:-1]}{int(at[-1]) + 1} {at} "
        f"{at[:-1]}{int(at[-1]) + 1}  \n |C:ResolveColor{colour} |M:{name} |D:{frames}\n"
        for n, (at, colour, name, frames) in enumerate(
            [(times[0], "Blue", "Marker 1", 1), (times[1], "Green", "the storm", 24)], 1
        )
    ]
    path.write_text("TITLE: Timeline 1\nFCM: NON-DROP FRAME\n\n" + "\n".join(lines))
    cut = read_timeline(path, Fraction(24))
    assert [
        (m.name, m.color, m.marked_range.start_time.value, m.marked_range.duration.value)
        for m in cut.tracks.markers
    ] == [("Marker 1", "BLUE", 48, 1), ("the storm", "GREEN", 132, 24)]
    assert cut.global_start_time == time(3600 * 24, Fraction(24))
    assert not list(cut.find_clips())


def test_a_locator_marks_its_clip(tmp_path: Path) -> None:
    fps = Fraction(24)
    marked = clip("stairs", 90000, 80, fps)
    marked.markers.append(otio.schema.Marker("here", time_range(90010, 0, fps), "GREEN"))
    cut = timeline([gap(24, fps), marked], fps)
    path = written(cut, tmp_path)
    assert "* LOC: 01:00:01:10 GREEN   here\n" in path.read_text()
    (back,) = read_timeline(path).find_clips()
    (marker,) = back.markers
    assert (marker.name, marker.color, marker.marked_range.start_time.value) == (
        "here", "GREEN", 90010
    )  # fmt: skip


def test_reels_are_eight_letters_and_digits_and_the_name_is_whole(tmp_path: Path) -> None:
    fps = Fraction(24)
    names = ["küche mit müller 1", "küche mit müller 2", "bl"]
    cut = timeline([clip(name, 0, 24, fps) for name in names], fps)
    text = written(cut, tmp_path).read_text()
    reels = [line[5:13].strip() for line in text.splitlines() if line[:1].isdigit()]
    assert reels == ["KCHEMITM", "KCHEMIT2", "BL2"]
    assert [c.name for c in read_timeline(tmp_path / "cut.edl").find_clips()] == names


def test_each_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.edl"
    good = "001  AX  V  C  00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00"
    path.write_text(EVENTS.format(f"{good}\n002  AX  V  C  00:00\n003  AX  V  X  1 2 3 4"))
    with pytest.raises(InputError) as caught:
        read_timeline(path)
    assert [str(problem).split("; ")[0] for problem in caught.value.problems] == [
        f"{path}:4:1: '002  AX  V  C  00:00' is not an event",
        f"{path}:5:1: '003  AX  V  X  1 2 3 4' is not an event",
    ]
    path.write_text("TITLE: nothing\n")
    with pytest.raises(InputError, match="holds no events; not an edit decision list"):
        read_timeline(path)


def test_the_foreground_of_a_key_lies_over_its_background(tmp_path: Path) -> None:
    path = tmp_path / "key.edl"
    path.write_text(
        "TITLE: keys\nFCM: NON-DROP FRAME\n"
        "001  AX  V  C       00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n"
        "* FROM CLIP NAME: before.mov\n"
        "002  BG  V  K B     00:00:00:00 00:00:04:00 01:00:02:00 01:00:06:00\n"
        "* FROM CLIP NAME: below.mov\n"
        "002  FG  V  K  024  00:00:10:00 00:00:14:00 01:00:02:00 01:00:06:00\n"
        "* FROM CLIP NAME: above.mov\n"
    )
    timeline = read_timeline(path, Fraction(24))
    below, above = timeline.video_tracks()
    assert [item.name for item in below] == ["before.mov", "below.mov"]
    assert [(item.name, item.duration().value) for item in above] == [("", 48), ("above.mov", 96)]
    assert [str(line) for line in effect_notices(timeline)] == [
        "above.mov: the effect Key is not supported; the clip is shown without it"
    ]


def test_a_list_flattens_without_sound_and_says_so(tmp_path: Path) -> None:
    media(tmp_path, Fraction(24))
    cut(tmp_path, plain=True).to_json_file(str(tmp_path / "cut.otio"))
    path = export_timeline(tmp_path / "cut.otio", tmp_path / "cut.edl").path
    report = flatten_timeline(path, tmp_path / "cut.mp4")
    told = "cut.edl: carries no sound; otio-gvideo render adds that of its compiled timeline"
    assert [str(notice) for notice in report.warnings if "sound" in str(notice)] == [told]
