"""A compiled reel, edited in an editor, renders and flattens to the expected pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import compile_script, flatten_timeline, render_timeline
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.timeline.rate import time_range

from ..backend.frame_stamps import planes
from .edit import Edit
from .resolve import FPS, write_resolve


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.mp4")}


@pytest.mark.slow
def test_an_edited_reel_renders_missing_frames_and_nothing_else(project: Path) -> None:
    report = compile_script(project)
    folder = report.timeline.parent
    before = digests(folder / "media")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    track = timeline.tracks[0]
    dusk, breath, stairs = track.find_clips()
    # breath is 20 frames longer, dusk is split, and the last clip is moved to the front.
    breath.source_range = time_range(6, 44, FPS)
    rest = dusk.deepcopy()
    length = int(dusk.source_range.duration.value)
    dusk.source_range = time_range(0, 50, FPS)
    rest.source_range = time_range(50, length - 50, FPS)
    track.insert(1, rest)
    track.remove(stairs)
    track.insert(0, stairs)
    edited = write_resolve(timeline, folder / "edited.otio")
    assert diff_timelines(report.timeline, edited).lines()[-2:] == [
        "to render: breath, 50 frames (its media hold 30)",
        "reused: 2 slots",
    ]
    again = render_timeline(edited)
    assert [(slot.name, slot.reused) for slot in again.slots] == [
        ("stairs", True), ("dusk", True), ("breath", False)
    ]  # fmt: skip
    after = digests(folder / "media")
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1
    flat = flatten_timeline(edited, folder / "edited.mp4")
    assert flat.frames == report.frames + 20
    assert probe(folder / "edited.mp4").video.frames == flat.frames  # type: ignore[union-attr]
    old = list(planes(report.video))  # type: ignore[arg-type]
    new = list(planes(folder / "edited.mp4"))
    first = report.scenes[2].cut_frame
    moved = report.frames - first
    for frame in range(0, moved, 9):
        assert np.abs(new[frame].astype(int) - old[first + frame]).mean() < 2
    for frame in range(0, length - 12, 9):
        assert np.abs(new[moved + frame].astype(int) - old[frame]).mean() < 2


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".otioz", ".fcpxml", ".xml", ".edl"])
def test_a_reel_survives_a_round_trip_through_every_format(project: Path, suffix: str) -> None:
    report = compile_script(project, until="media")
    folder = report.timeline.parent
    exported = export_timeline(report.timeline, folder / f"sent{suffix}").path
    again = render_timeline(exported)
    assert again.timeline == folder / f"sent{suffix}.otio"
    assert all(slot.reused for slot in again.slots)
    assert len(again.slots) == 3
    assert again.frames == report.frames
    back = otio.adapters.read_from_file(str(again.timeline))
    assert len(back.audio_tracks()) == 2
    assert back.metadata["otio_gvideo"]["title"] == "A small light: one; two = three"
    roles = [track.metadata["otio_gvideo"]["role"] for track in back.audio_tracks()]
    assert roles == ["narration", "music"]


def test_a_timeline_in_another_folder_uses_the_media_in_place(
    project: Path, tmp_path: Path
) -> None:
    report = compile_script(project, until="media")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    desk = tmp_path / "desk"
    desk.mkdir()
    edited = write_resolve(timeline, desk / "edited.otio")
    again = render_timeline(edited, output=desk / "done.otio")
    assert all(slot.reused for slot in again.slots)
    assert not (desk / "media").exists()
    assert (desk / "done.otio").is_file()


def test_the_commands_report_their_work(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = compile_script(project, until="timeline")
    path = str(report.timeline)
    assert main(["export", path, "--for", "resolve"]) == 0
    said = capsys.readouterr()
    assert said.out.strip().endswith("small.resolve.otio")
    assert main(["diff", path, said.out.strip()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "nothing changed"
    assert lines[1].startswith("to render: dusk, ")
    assert main(["diff", path, "nowhere.fcpxml"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "name", "what"),
    [
        ("--compiled", "no.otio", "no such file"),
        (
            "--compiled",
            "cut.jpg",
            "is not a compiled timeline; name the .otio that compile wrote",
        ),
        ("--media", "nodir", "no such folder"),
        ("--media", "cut.jpg", "no such folder"),
    ],
)
def test_a_wrong_compiled_timeline_or_media_folder_is_rejected(
    edit: Edit, capsys: pytest.CaptureFixture[str], option: str, name: str, what: str
) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    (edit.folder / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    before, named = path.read_bytes(), edit.folder / name
    args = ["render", str(path), "--progress", "none", option, str(named)]
    assert main(args) == 2
    assert f"{option}: {named}: {what}\n" in capsys.readouterr().err
    assert path.read_bytes() == before
