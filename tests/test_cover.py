"""The cover of a reel: a frame of it beside the file and in it, through timelines and edits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler import compile_script, flatten_timeline, view_timeline
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.media.still_frame import save_frame
from otio_gvideo.compiler.stages.output_options import OutputOptions
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

SCRIPT = """\
version: 1
title: three
output: {width: 108, height: 192, fps: 24}
defaults: {renderer: camera, motion: {camera: push_in}}
scenes:
  - {id: red, duration: 0.5, keyframe: red.png}
  - {id: green, duration: 0.5, keyframe: green.png}
  - {id: blue, duration: 0.5, keyframe: blue.png}
"""
COLOURS = {"red": (200, 40, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}


@pytest.fixture
def covered(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a script with a cover, of three scenes in three colours."""
    for name, colour in COLOURS.items():
        Image.new("RGB", (108, 192), colour).save(tmp_path / f"{name}.png")

    def write(at: str) -> Path:
        script = tmp_path / "small.yaml"
        script.write_text(SCRIPT.replace("fps: 24}", f"fps: 24, cover: {{at: {at}}}}}"))
        return script

    return write


def pixels(path: Path) -> NDArray[np.float64]:
    """Return a picture's mean colour."""
    with Image.open(path) as image:
        assert image.size == (108, 192)
        return np.asarray(image.convert("RGB")).mean(axis=(0, 1))


@pytest.mark.parametrize(
    ("at", "frame"),
    [
        ("0.75", 18),
        ("start", 0),
        ("end", 35),
        ('"40%"', 14),
        ("green", 18),
        ("blue", 30),
    ],
)
def test_a_cover_is_placed_in_the_whole_reel(
    covered: Callable[[str], Path], at: str, frame: int
) -> None:
    assert plan_script(covered(at)).cover == frame


def test_the_word_of_a_cover_may_be_in_any_scene(project: Path) -> None:
    text = project.read_text()
    for word, scene in (("light", 0), ("steps", 2), ("the#2", 0), ("the#4", 2)):
        project.write_text(text.replace("fps: 24}", f"fps: 24, cover: {{at: 'word:{word}'}}}}"))
        report = compile_script(project, until="timeline")
        timeline = otio.adapters.read_from_file(str(report.timeline))
        ours = timeline.metadata["otio_gvideo"]
        bare, _, nth = word.partition("#")
        said = [w for w in ours["words"] if w["text"].lower().strip(",.") == bare]
        heard = said[int(nth or 1) - 1]
        assert ours["cover"]["frame"] == pytest.approx(heard["start"] * 24, abs=0.51)
        entry = report.scenes[scene]
        assert entry.cut_frame <= ours["cover"]["frame"] < entry.end_frame


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("1.5", "1.5 is not in the reel, which lasts 1.50 s"),
        ('"150%"', "'150%' is not in the reel"),
        ("gren", "'gren' is no scene, and no time .* did you mean 'green'"),
        ("word:storm", "the reel has no word 'storm'"),
        ("'word:storm#0'", "'word:storm#0' is no scene, and no time"),
        ("'1e9999999'", "'1e9999999' is no scene, and no time"),
        ("'1/0'", "'1/0' is no scene, and no time"),
    ],
)
def test_a_cover_that_is_nowhere_is_one_line_with_its_place(
    covered: Callable[[str], Path], at: str, why: str
) -> None:
    script = covered(at)
    with pytest.raises(InputError, match=rf"small\.yaml:3:\d+: output\.cover\.at: {why}") as found:
        compile_script(script)
    assert len(str(found.value).splitlines()) == 1
    assert not (script.parent / "build").exists()


def test_a_cover_lies_beside_the_reel_and_is_its_poster(covered: Callable[[str], Path]) -> None:
    report = compile_script(covered("green"))
    assert report.video is not None
    (cover,) = report.covers
    assert cover == report.video.with_suffix(".jpg")
    assert cover.name in report.files
    assert pixels(cover) == pytest.approx(COLOURS["green"], abs=3)
    still = cover.with_name("still.png")
    save_frame(report.video, Fraction(18, 24), still)
    assert pixels(cover) == pytest.approx(pixels(still), abs=3)
    with av.open(str(report.video)) as container:
        kinds = [(s.type, bool(s.disposition & 0x400)) for s in container.streams]
        assert kinds[0] == ("video", False)
        assert kinds.count(("video", True)) == 1
        (poster,) = [s for s in container.streams.video if s.disposition & 0x400]
        packet = next(p for p in container.demux(poster) if p.size)
        assert bytes(packet) == cover.read_bytes()
        assert sum("timecode" in s.metadata for s in container.streams if s.type == "data") == 1
    assert probe(report.video).video is not None
    assert check_video(report.video, report.timeline).ok
    page = view_timeline(report.timeline, cover.with_suffix(".html")).path.read_text("utf-8")
    assert f'<video id="reel" src="./{report.video.name}" poster="./{cover.name}"' in page
    assert compile_script(covered("green")).warnings == []


def test_without_a_cover_the_file_and_its_timeline_hold_none(
    covered: Callable[[str], Path],
) -> None:
    script = covered("green")
    script.write_text(SCRIPT)
    report = compile_script(script)
    assert report.video is not None
    assert not report.video.with_suffix(".jpg").exists()
    timeline = otio.adapters.read_from_file(str(report.timeline))
    assert "cover" not in timeline.metadata["otio_gvideo"]
    assert "cover" not in report.as_json()
    with av.open(str(report.video)) as container:
        assert len(container.streams.video) == 1


def test_a_cover_goes_with_its_line_in_the_script(covered: Callable[[str], Path]) -> None:
    script = covered("green")
    with_cover = script.read_text()
    (cover,) = compile_script(script).covers
    made = cover.read_bytes()
    script.write_text(SCRIPT.replace("red.png", f"{cover.relative_to(script.parent).as_posix()}"))
    compile_script(script)
    assert cover.read_bytes() == made, "the script uses it as a still"
    script.write_text(SCRIPT)
    report = compile_script(script)
    assert not cover.exists()
    assert cover.name not in report.files
    script.write_text(with_cover)
    compile_script(script)
    cover.write_bytes(b"a picture of the user's own")
    script.write_text(SCRIPT)
    compile_script(script)
    assert cover.read_bytes() == b"a picture of the user's own"


def test_an_edited_timeline_keeps_the_picture_of_its_cover(
    covered: Callable[[str], Path], tmp_path: Path
) -> None:
    report = compile_script(covered("blue"), until="media")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    track = timeline.video_tracks()[0]
    track.insert(0, track.pop())
    edited = report.timeline.with_name("edited.otio")
    otio.adapters.write_to_file(timeline, str(edited))
    for name, kept in (("moved", "blue"), ("gone", "green")):
        if name == "gone":  # then the frame of the reel counts: frame 30 is past its end
            del track[0]
            otio.adapters.write_to_file(timeline, str(edited))
        made = flatten_timeline(edited, tmp_path / f"{name}.mp4")
        assert made.covers == [tmp_path / f"{name}.jpg"]
        told = [str(one) for one in made.warnings if one.code == "cover"]
        past = "the cover, frame 30, is past the end of the reel; its last frame is taken"
        assert told == ([past] if name == "gone" else [])
        assert pixels(made.covers[0]) == pytest.approx(COLOURS[kept], abs=3)


def test_flattening_anew_replaces_its_own_files_and_keeps_others(
    covered: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    report = compile_script(covered("green"), until="media")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    folder = tmp_path / "edit"
    folder.mkdir()
    edited, cover = folder / "cut.otio", folder / "out.jpg"
    for frame in (4, 18):
        timeline.metadata["otio_gvideo"]["cover"] = {"frame": frame}
        otio.adapters.write_to_file(timeline, str(edited))
        assert flatten_timeline(edited, folder / "out.mp4").warnings == []
    assert not list(folder.glob("*.edited-*"))
    cover_made = cover.read_bytes()
    bare = timeline.clone()
    del bare.metadata["otio_gvideo"]["cover"]
    otio.adapters.write_to_file(bare, str(folder / "bare.otio"))
    flatten_timeline(folder / "bare.otio", folder / "out.mp4")
    assert not cover.exists()  # It would be taken for that of the new reel.
    cover.write_bytes(cover_made + b" edited")
    flatten_timeline(folder / "bare.otio", folder / "out.mp4")
    assert cover.read_bytes() == cover_made + b" edited"
    cover.write_bytes(b"a picture of the user's own")
    (warning,) = flatten_timeline(edited, folder / "out.mp4").warnings
    assert warning == "out.jpg was not made here; kept as out.edited-1.jpg"
    assert (folder / "out.edited-1.jpg").read_bytes() == b"a picture of the user's own"


@pytest.mark.parametrize(
    "stated", ["x", {}, {"frame": "3"}, {"frame": -1}, {"frame": 3, "clip": "a", "clip_frame": "b"}]
)
def test_a_cover_that_states_no_frame_is_refused(stated: object, tmp_path: Path) -> None:
    timeline = otio.schema.Timeline("cut")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.append(otio.schema.Gap(source_range=time_range(0, 5, 24)))
    timeline.tracks.append(track)
    timeline.metadata["otio_gvideo"] = {"cover": stated}
    path = tmp_path / "cut.otio"
    otio.adapters.write_to_file(timeline, str(path))
    with pytest.raises(InputError, match=r"cut\.otio.*cover names no frame"):
        flatten_timeline(path, tmp_path / "cut.mp4")


@pytest.mark.slow
def test_each_size_has_a_cover_and_a_size_limit_is_kept(covered: Callable[[str], Path]) -> None:
    options = OutputOptions(sizes=((108, 192), (192, 108)), max_mb=0.06)
    report = compile_script(covered("green"), output_options=options)
    assert report.video is not None
    assert [path.name for path in report.covers] == ["small.jpg", "small-192x108.jpg"]
    with Image.open(report.covers[1]) as image:
        assert image.size == (192, 108)
    for video in (report.video, *report.other_videos):
        assert video.stat().st_size <= 60_000


def test_a_cover_never_replaces_a_still_of_the_script(covered: Callable[[str], Path]) -> None:
    script = covered("green")
    folder = script.parent
    Image.new("RGB", (108, 192), COLOURS["red"]).save(folder / "small.jpg")
    script.write_text(script.read_text().replace("red.png", "small.jpg"))
    before = (folder / "small.jpg").read_bytes()
    with pytest.raises(InputError, match=r"small\.jpg"):
        compile_script(script, output=folder)
    assert (folder / "small.jpg").read_bytes() == before
