"""A check passes a good reel, and names the faults of a bad one."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.inspection.expected_reel import FrameRange, expected_reel
from otio_gvideo.compiler.inspection.findings import Check
from otio_gvideo.compiler.inspection.frame_measures import runs
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

from ...conftest import write_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compiled(voice: Path, bed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled project of three scenes with a hard cut between each; the output folder."""
    script = write_project(tmp_path_factory.mktemp("compiled") / "project", voice, bed)
    script.write_text(script.read_text().replace("{type: dissolve, duration: 0.5}", "{type: cut}"))
    compile_script(script, output=script.parent / "out")
    return script.parent / "out"


@pytest.fixture
def reel(compiled: Path, tmp_path: Path) -> Path:
    """A folder with copies of the reel and its timeline."""
    for name in ("small.mp4", "small.otio"):
        shutil.copy(compiled / name, tmp_path / name)
    return tmp_path


def checked(folder: Path, video: str = "small.mp4") -> Check:
    return check_video(folder / video, folder / "small.otio")


def off(check: Check) -> list[str]:
    return [finding.name for finding in check.findings if not finding.ok]


def change(folder: Path, *options: str, name: str = "changed.mp4") -> str:
    """Re-encode the reel with options of ffmpeg; they may map other streams."""
    streams = [] if "-map" in options else ["-map", "0:v", "-map", "0:a", "-map", "0:s"]
    reel = input_args(folder / "small.mp4")
    run(
        [*reel, *streams, "-c:s", "copy", *options, *output_args(folder / name)],
        what="spoiling the reel",
    )
    return name


def test_a_good_reel_is_on_its_frames_and_in_step(reel: Path) -> None:
    check = checked(reel)
    assert check.ok, off(check)
    assert check.cut_offsets == {"breath": 0, "stairs": 0}
    offsets = [offset.ms for offset in check.voice_offsets]
    assert all(ms is not None and abs(ms) < 0.5 for ms in offsets)


def test_a_late_voice_is_measured(reel: Path) -> None:
    late = change(reel, "-c:v", "copy", "-af", "adelay=40:all=1")
    check = checked(reel, late)
    assert off(check) == ["voice at the start", "voice at the middle", "voice at the end"]
    assert check.voice_offsets[0].ms == pytest.approx(40, abs=1)


def test_a_voice_that_drifts_is_measured(reel: Path) -> None:
    fast = change(reel, "-c:v", "copy", "-af", "atempo=1.01")
    assert "drift" in off(checked(reel, fast))


def test_cuts_that_are_late_are_found(reel: Path) -> None:
    late = change(reel, "-c:a", "copy", "-vf", "tpad=start=2:start_mode=clone,trim=end_frame=269")
    check = checked(reel, late)
    assert check.cut_offsets == {"breath": 2, "stairs": 2}
    assert {"cut breath", "cut stairs"} <= set(off(check))


def test_another_picture_in_a_slot_is_found(reel: Path) -> None:
    assert "pictures" in [finding.name for finding in checked(reel).findings]
    other = change(reel, "-c:a", "copy", "-vf", "hflip=enable='lt(t,2)'")
    assert "picture dusk" in off(checked(reel, other))


def test_captions_that_are_late_other_or_missing_are_found(reel: Path) -> None:
    good, late, none = reel / "small.mp4", reel / "late.mp4", reel / "none.mp4"
    shifted = [*input_args(good), "-itsoffset", "0.5", *input_args(good), "-map", "0:v"]
    copy = ["-map", "0:a", "-map", "1:s", "-c", "copy"]
    run([*shifted, *copy, *output_args(late)], what="moving the captions")
    run(
        [*input_args(good), "-map", "0:v", "-map", "0:a", "-c", "copy", *output_args(none)], what=""
    )
    assert off(checked(reel, "late.mp4")) == ["captions"]
    assert off(checked(reel, "none.mp4")) == ["captions"]
    timeline = otio.adapters.read_from_file(str(reel / "small.otio"))
    timeline.metadata["otio_gvideo"]["words"][0]["text"] = "Around"
    otio.adapters.write_to_file(timeline, str(reel / "small.otio"))
    assert off(checked(reel)) == ["captions"]


def test_boxes_of_burned_captions_are_no_cuts(project: Path) -> None:
    style = '{burn: true, size: 200, position: middle, box_colour: "#000000"}'
    text = project.read_text().replace("title:", f"captions: {style}\ntitle:", 1)
    project.write_text(text.replace("{type: dissolve, duration: 0.5}", "{type: cut}"))
    compile_script(project, output=project.parent / "out")
    assert off(checked(project.parent / "out")) == []


def test_a_reel_without_sound_is_named_with_all_else(reel: Path) -> None:
    silent = change(reel, "-map", "0:v", "-map", "0:s", "-c:v", "copy")
    assert off(checked(reel, silent)) == ["sound"]


def test_black_standstill_and_a_stray_cut_are_found(reel: Path) -> None:
    black = "drawbox=c=black:t=fill:enable='between(n,60,66)'"
    assert "unplanned black" in off(checked(reel, change(reel, "-vf", black, name="black.mp4")))
    freeze = "loop=loop=30:size=1:start=20,trim=end_frame=269,setpts=N/24/TB"
    assert "unplanned standstill" in off(checked(reel, change(reel, "-vf", freeze, name="ice.mp4")))
    flash = "negate=enable='between(n,100,160)'"
    assert "unplanned cut" in off(checked(reel, change(reel, "-vf", flash, name="flash.mp4")))


def test_a_black_still_is_not_a_finding(project: Path) -> None:
    Image.new("RGB", (216, 384)).save(project.parent / "stills" / "green.png")
    report = compile_script(project)
    assert report.video is not None
    check = check_video(report.video, report.timeline)
    assert check.ok, off(check)
    Image.new("RGB", (216, 384), "white").save(project.parent / "stills" / "green.png")
    assert "unplanned black" in off(check_video(report.video, report.timeline))


def test_wrong_length_size_and_rate_are_found(reel: Path) -> None:
    small = change(reel, "-vf", "scale=54:96,fps=25", "-t", "5")
    assert {"frames", "size", "rate"} <= set(off(checked(reel, small)))


def test_planned_gaps_are_no_black_to_complain_of(project: Path) -> None:
    project.write_text(project.read_text() + "silences: {policy: gap, longer_than: 0.3}\n")
    text = project.read_text()
    start, end = text.index("  - id: breath"), text.index("  - id: stairs")
    project.write_text(text[:start] + text[end:])
    report = compile_script(project)
    assert report.video is not None
    timeline = otio.adapters.read_from_file(str(report.timeline))
    assert any(isinstance(item, otio.schema.Gap) for item in timeline.video_tracks()[0])
    check = check_video(report.video, report.timeline)
    assert check.ok, off(check)


def test_black_is_expected_while_sound_outlasts_the_picture(tmp_path: Path) -> None:
    timeline = otio.schema.Timeline()
    for kind, frames in ((otio.schema.TrackKind.Video, 20), (otio.schema.TrackKind.Audio, 30)):
        clip = otio.schema.Clip("one", source_range=time_range(0, frames, Fraction(24)))
        timeline.tracks.append(otio.schema.Track(children=[clip], kind=kind))
    assert expected_reel(timeline, tmp_path, Fraction(24)).gaps == (FrameRange(20, 30),)


def test_the_command_prints_lines_or_json_and_says_by_its_status(
    reel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(reel / "small.mp4"), "--against", str(reel / "small.otio")]
    assert main(["check", *arguments, "--progress", "none"]) == 0
    assert all(line.startswith("ok ") for line in capsys.readouterr().out.splitlines())
    timeline = otio.adapters.read_from_file(str(reel / "small.otio"))
    first = timeline.video_tracks()[0][0]
    first.source_range = time_range(0, int(first.source_range.duration.value) - 3, 24)
    otio.adapters.write_to_file(timeline, str(reel / "small.otio"))
    assert main(["check", *arguments, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schemas.load("check"))
    assert document["cut_offsets_frames"] == {"breath": 3, "stairs": 3}


def test_runs_are_half_open() -> None:
    assert runs(np.array([1, 1, 0, 1, 1, 1], bool), 2) == [(0, 2), (3, 6)]
