"""OpenTimelineIO's own tools read scripts and link media by key; moved projects are relinked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import compile_script, render_timeline
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.timeline.slots import slot_clips


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of OpenTimelineIO's commands in a subprocess."""
    code = f"from opentimelineio.console.{name} import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_otioconvert_reads_scripts(project: Path, tmp_path: Path) -> None:
    script = project.rename(project.with_name("small.gvideo.yaml"))
    out = tmp_path / "reel.otio"
    done = tool("otioconvert", "-i", str(script), "-o", str(out))
    assert done.returncode == 0, done.stderr
    timeline = otio.adapters.read_from_file(str(out))
    assert [clip.name for clip in timeline.tracks[0].find_clips()] == ["dusk", "breath", "stairs"]
    assert not (project.parent / "build").exists()


def test_an_invalid_script_is_reported_by_any_tool(project: Path) -> None:
    project.write_text(project.read_text().replace("dissolve", "disolve"))
    with pytest.raises(otio.exceptions.OTIOError, match="did you mean 'dissolve'"):
        otio.adapters.read_from_file(str(project))


def test_a_script_read_by_otio_has_its_rendered_media(project: Path) -> None:
    compile_script(project, until="media")
    timeline = otio.adapters.read_from_file(str(project))
    suffixes = {Path(c.media_reference.target_url).suffix for c in timeline.tracks[0].find_clips()}
    assert suffixes == {".mp4"}


def test_the_media_linker_finds_media_by_key(project: Path, tmp_path: Path) -> None:
    report = compile_script(project, until="media")
    media = tmp_path / "elsewhere"
    shutil.move(report.timeline.parent / "media", media)
    assert "otio_gvideo" in otio.media_linker.available_media_linker_names()
    out = tmp_path / "linked.otio"
    done = tool(
        "otioconvert", "-i", str(report.timeline), "-o", str(out), "-m", "otio_gvideo",
        "-M", f"media='{media.as_posix()}'",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    linked = otio.adapters.read_from_file(str(out))
    assert {
        Path(clip.media_reference.target_url).parent for clip in linked.tracks[0].find_clips()
    } == {media}
    # Audio clips are no slots, and are not changed.
    voice = linked.audio_tracks()[0][0]
    assert voice.media_reference.target_url == str(project.parent / "voice.wav")


def test_the_media_linker_finds_clips_from_editors_by_the_key_in_their_name(
    project: Path, tmp_path: Path
) -> None:
    report = compile_script(project, until="media")
    exported = export_timeline(report.timeline, tmp_path / "x.otio", editor="resolve").path
    media = tmp_path / "elsewhere"
    shutil.move(report.timeline.parent / "media", media)
    linked = otio.adapters.read_from_file(
        str(exported),
        media_linker_name="otio_gvideo",
        media_linker_argument_map={"media": str(media)},
    )
    for clip in linked.tracks[0].find_clips():
        assert Path(clip.media_reference.target_url).is_file()
        assert clip.media_reference.available_range is not None


def test_a_moved_project_is_relinked_and_nothing_is_rendered_again(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compile_script(project, until="media")
    moved = tmp_path / "new" / "place"
    moved.parent.mkdir()
    shutil.move(project.parent, moved)
    timeline = moved / "build" / "small" / "small.otio"
    assert main(["relink", str(timeline), "--media", str(moved)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("8 files relinked, 0 missing")
    for slot in slot_clips(otio.adapters.read_from_file(str(timeline))):
        assert str(project.parent) not in json.dumps(slot.stated)
        assert str(project.parent) not in slot.clip.media_reference.target_url
    again = render_timeline(timeline)
    assert [slot.reused for slot in again.slots] == [True] * 3


def test_of_several_files_of_one_name_the_most_similar_path_wins(
    project: Path, tmp_path: Path
) -> None:
    report = compile_script(project, until="timeline")
    moved = tmp_path / "new"
    shutil.move(project.parent, moved)
    (moved / "old" / "stills").mkdir(parents=True)
    shutil.copy(moved / "stills" / "red.png", moved / "red.png")
    timeline = moved / report.timeline.relative_to(project.parent)
    assert main(["relink", str(timeline), "--media", str(moved)]) == 0
    first = next(slot_clips(otio.adapters.read_from_file(str(timeline))))
    assert first.recipe.shot.keyframes[0].image == moved / "stills" / "red.png"


def test_files_that_relink_does_not_find_are_named(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = compile_script(project, until="timeline")
    (project.parent / "voice.wav").unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["relink", str(report.timeline), "--media", str(empty)]) == 1
    assert "voice.wav: not found in" in capsys.readouterr().err
    assert main(["relink", str(report.timeline), "--media", str(tmp_path / "no")]) == 2


def test_one_relinked_file_is_singular(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.mp4").write_bytes(b"x")
    made = otio.schema.Timeline("edit")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    length = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(24, 24))
    track.append(otio.schema.Clip("a", otio.schema.ExternalReference("old/a.mp4"), length))
    made.tracks.append(track)
    path = tmp_path / "edit.otio"
    otio.adapters.write_to_file(made, str(path))
    assert main(["relink", str(path), "--media", str(tmp_path / "new")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(": 1 file relinked, 0 missing")
