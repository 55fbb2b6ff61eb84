"""Media whose paths are of another system or computer are found by name, or named as missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.flatten import flatten_timeline
from otio_gvideo.compiler.api.relink import relink_timeline
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.files.file_urls import file_name_of
from otio_gvideo.compiler.media import ffmpeg
from otio_gvideo.compiler.timeline.media import read_sequence
from otio_gvideo.compiler.timeline.rate import time_range

from .edit import UNTOUCHED, Edit
from .resolve import FPS, clips, write_resolve

ELSEWHERE: dict[str, Callable[[str], str]] = {
    "drive": lambda name: rf"D:\My reel\{name}",
    "slashed drive": lambda name: f"D:/My reel/{name}",
    "URL of a drive": lambda name: f"file:///D:/My%20reel/{name}",
    "URL of localhost": lambda name: f"file://localhost/D%3a/My%20reel/{name}",
    "UNC": lambda name: rf"\\server\share\{name}",
    "URL of a server": lambda name: f"file://server/share/{name}",
    "relative": lambda name: rf"My reel\{name}",
    "another computer": lambda name: f"/Volumes/My reel/{name}",
}


@pytest.mark.parametrize("spelling", ELSEWHERE)
def test_a_file_name_is_that_of_any_system(spelling: str) -> None:
    assert file_name_of(ELSEWHERE[spelling]("a b.mov")) == "a b.mov"


@pytest.mark.parametrize("spelling", ELSEWHERE)
@pytest.mark.parametrize("rendered", [True, False])
def test_slots_and_their_sound_are_found_by_name(
    spelling: str, rendered: bool, tmp_path: Path
) -> None:
    edit = Edit(tmp_path / "reel", rendered=rendered)
    for clip in edit.timeline.find_clips():
        # The names of clips say nothing.
        clip.name = "clip"
        reference = clip.media_reference
        reference.target_url = ELSEWHERE[spelling](Path(reference.target_url).name)
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    back = reimport(path)
    assert clips(back) == UNTOUCHED
    voice = back.timeline.audio_tracks()[0].find_clips()[0]
    assert voice.media_reference.target_url == str(edit.folder / "voice.wav")
    assert len(back.timeline.metadata["otio_gvideo"]["words"]) == 3
    assert diff_timelines(edit.folder / "reel.otio", path).lines()[0] == "nothing changed"


def timeline_of(folder: Path, url: Callable[[str], str]) -> Path:
    """Write a timeline of a picture and a sound, whose paths are not of this computer."""
    timeline = otio.schema.Timeline("reel")
    for kind, name in (("Video", "a.mp4"), ("Audio", "a.wav")):
        medium = otio.schema.ExternalReference(url(name), time_range(0, 8, FPS))
        clip = otio.schema.Clip(name, medium, time_range(0, 8, FPS))
        timeline.tracks.append(otio.schema.Track(kind[0] + "1", [clip], kind=kind))
    path = folder / "cut.otio"
    timeline.to_json_file(str(path))
    return path


def media_in(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    size = "color=red:size=96x160:rate=24:duration=0.5"
    ffmpeg.run(["-f", "lavfi", "-i", size, "-c:v", "libx264", str(folder / "a.mp4")], what="a")
    ffmpeg.run(["-f", "lavfi", "-i", "sine=duration=0.5", str(folder / "a.wav")], what="a")


@pytest.mark.parametrize("spelling", ["URL of localhost"])
def test_flatten_finds_media_beside_the_timeline_and_says_so(spelling: str, tmp_path: Path) -> None:
    path = timeline_of(tmp_path, ELSEWHERE[spelling])
    media_in(tmp_path / "media")
    report = flatten_timeline(path, tmp_path / "cut.mp4")
    named = [line for line in report.warnings if "does not exist" in line]
    assert [line.partition(":")[0] for line in named] == ["a.mp4", "a.wav"]
    assert all(line.endswith(" is used") for line in named)
    assert report.frames == 8


@pytest.mark.parametrize("spelling", ["drive"])
def test_sound_and_picture_that_are_not_found_fail_by_the_names_stated(
    spelling: str, tmp_path: Path
) -> None:
    path = timeline_of(tmp_path, ELSEWHERE[spelling])
    with pytest.raises(WorkError) as caught:
        flatten_timeline(path, tmp_path / "cut.mp4")
    lines = [str(problem) for problem in caught.value.problems]
    for what, name in (("media", "a.mp4"), ("sound", "a.wav")):
        said = f"{name}: its {what} {ELSEWHERE[spelling](name)} does not exist"
        assert any(said in line for line in lines), lines


@pytest.mark.parametrize("spelling", ELSEWHERE)
def test_relink_finds_files_by_the_names_of_any_system(spelling: str, tmp_path: Path) -> None:
    path = timeline_of(tmp_path, ELSEWHERE[spelling])
    for folder in ("other", "place/My reel"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("a.mp4", "a.wav"):
            (tmp_path / folder / name).write_bytes(b"")
    relink_timeline(path, tmp_path)
    found = otio.adapters.read_from_file(str(path)).find_clips()
    folders = {Path(clip.media_reference.target_url).parent for clip in found}
    # Of two files of a name, the one whose folders match best.
    if "My" in ELSEWHERE[spelling](""):
        assert folders == {tmp_path / "place/My reel"}
    assert folders <= {tmp_path / "place/My reel", tmp_path / "other"}


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".edl"])
def test_relink_reads_every_format_and_writes_otio(suffix: str, edit: Edit) -> None:
    (edit.folder / "sent").mkdir()
    plain = edit.folder / "sent" / "plain.otio"
    edit.timeline.to_json_file(str(plain))
    sent = export_timeline(plain, edit.folder / f"sent{suffix}").path
    moved = edit.folder.parent / "moved"
    edit.folder.rename(moved)
    fps = FPS if suffix == ".edl" else None
    target, done = relink_timeline(moved / sent.name, moved, moved / "back.otio", fps=fps)
    assert not done.missing
    names = {"stairs", "storm", "breath"} | ({"voice"} if suffix != ".edl" else set())
    found = otio.adapters.read_from_file(str(target)).find_clips()
    assert {Path(clip.media_reference.target_url).name[:5] for clip in found} == {
        name[:5] for name in names
    }
    assert all(Path(clip.media_reference.target_url).is_relative_to(moved) for clip in found)


def test_missing_images_on_a_drive_are_named_as_stated(tmp_path: Path) -> None:
    """And not below the folder of the timeline."""
    reference = otio.schema.ImageSequenceReference(
        "C:\\shots\\010\\", "a.", ".exr", rate=24, frame_zero_padding=4
    )
    with pytest.raises(WorkError) as caught:
        read_sequence(reference, tmp_path / "C:" / "shots")
    assert str(caught.value) == r"C:\shots\010/a.%04d.exr: no such images"
