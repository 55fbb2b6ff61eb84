"""Bundles and pages include only files of the project, unless others are allowed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.compile import compile_script
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image


def foreign(folder: Path, *media: Path) -> Path:
    """Write a timeline of another program that refers to some files."""
    folder.mkdir(exist_ok=True)
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    for file in media:
        reference = otio.schema.ExternalReference(str(file), time_range(0, 24, 24))
        timeline.tracks[0].append(otio.schema.Clip(file.stem, reference, time_range(0, 24, 24)))
    path = folder / "cut.otio"
    timeline.to_json_file(str(path))
    return path


def still(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), "red").save(path)
    return path


def packed(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        return [name for name in archive.namelist() if name.startswith("media/")]


@pytest.mark.parametrize("suffix", [".otioz", ".otiod"])
def test_a_file_outside_the_project_is_packed_only_if_allowed(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "passwd"
    secret.write_text("root:x:0:0")
    path = foreign(tmp_path / "desk", still(tmp_path / "desk" / "in.png"), secret)
    out = tmp_path / f"x{suffix}"
    assert main(["export", str(path), "-o", str(out)]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"{path}: {secret} lies outside the timeline's project and would be packed; "
        "move it there, or allow it with --allow-outside\n"
    )
    assert not out.exists()
    assert main(["export", str(path), "-o", str(out), "--allow-outside"]) == 0
    said = capsys.readouterr().err
    assert f"warning: packed from outside the project: {secret} [outside]\n" in said
    # Formats that refer to files instead of packing them accept any.
    assert main(["export", str(path), "-o", str(tmp_path / "x.fcpxml")]) == 0


@pytest.mark.posix
def test_a_link_out_of_the_project_is_outside(tmp_path: Path) -> None:
    outside = still(tmp_path / "private.png")
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "in.png").symlink_to(outside)
    path = foreign(tmp_path / "desk", tmp_path / "desk" / "in.png")
    with pytest.raises(InputError, match="lies outside"):
        export_timeline(path, tmp_path / "x.otioz")


@pytest.mark.posix
def test_a_recipe_linked_out_of_the_project_is_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"recipe": "of another project"}')
    file = still(tmp_path / "desk" / "in.png")
    file.with_suffix(".json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(InputError, match=r"in\.json lies outside"):
        export_timeline(foreign(tmp_path / "desk", file), tmp_path / "x.otioz")


def test_hidden_files_belong_to_no_project(tmp_path: Path) -> None:
    path = foreign(tmp_path, still(tmp_path / ".ssh" / "id.png"))
    with pytest.raises(InputError, match="lies outside"):
        export_timeline(path, tmp_path / "x.otioz")


@pytest.mark.slow
def test_a_compiled_timeline_packs_the_files_of_its_script(project: Path, tmp_path: Path) -> None:
    script = project.read_text()
    report = compile_script(project, until="timeline")
    bundle = export_timeline(report.timeline, tmp_path / "x.otioz").path
    assert "media/red.png" in packed(bundle)
    # A bundle can be packed again from the cache.
    again = export_timeline(bundle, tmp_path / "y.otioz").path
    assert packed(again) == packed(bundle)
    elsewhere = tmp_path / "desk" / "cut.otio"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(report.timeline.read_bytes())
    export_timeline(elsewhere, tmp_path / "z.otioz")
    project.write_text(script + "# changed since\n")
    export_timeline(report.timeline, tmp_path / "x.otioz")
    with pytest.raises(InputError, match="lies outside"):
        export_timeline(elsewhere, tmp_path / "z.otioz")


@pytest.mark.parametrize("text", ["password: hunter2\n", "- a: [", "\0"])
def test_other_files_are_not_accepted_as_scripts(tmp_path: Path, text: str) -> None:
    path = foreign(tmp_path / "desk", still(tmp_path / "private.png"))
    named = tmp_path / "settings.yaml"
    named.write_text(text)
    timeline = json.loads(path.read_text())
    timeline["metadata"] = {"otio_gvideo": {"script": {"path": str(named), "sha256": "0"}}}
    path.write_text(json.dumps(timeline))
    with pytest.raises(InputError, match="lies outside"):
        export_timeline(path, tmp_path / "x.otioz")
    named.write_text("version: 1\nscenes: []\n")
    export_timeline(path, tmp_path / "x.otioz")


@pytest.mark.slow
def test_a_page_does_not_embed_a_reel_from_outside(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = compile_script(project)
    assert report.video is not None
    private = tmp_path / "private.mp4"
    report.video.rename(private)
    document = json.loads((report.timeline.parent / "report.json").read_text())
    document["video"] = str(private)
    (report.timeline.parent / "report.json").write_text(json.dumps(document))
    page = tmp_path / "page.html"
    arguments = ["view", str(report.timeline), "-o", str(page), "--embed"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"{private} lies outside the timeline's project and would be packed" in error
    assert not page.exists()
    assert main([*arguments, "--allow-outside"]) == 0
    assert "warning: packed from outside the project: " in capsys.readouterr().err
