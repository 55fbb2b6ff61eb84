"""Edited and foreign files in the output folder are renamed; every script has its own report."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api import render
from otio_gvideo.compiler.api.compile_options import Until
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.outputs.report_claims import FileClaims
from otio_gvideo.renderers.files import atomic_file

from .conftest import SILENT


def run(command: str) -> int:
    return main([*command.split(), "--progress", "none"])


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


USERS = ("small.otio", "small.srt", "small.vtt", "small.ass", "small.mp4", "small-64x64.mp4")


@pytest.mark.slow
def test_foreign_files_are_renamed_at_the_first_compilation(folder: Path) -> None:
    for name in USERS:
        (folder / name).write_text(f"my {name}")
    command = ["compile", "small.yaml", "-o", ".", "--size", "108x192", "--size", "64x64"]
    assert main([*command, "--progress", "none"]) == 0
    document = json.loads((folder / "report.json").read_text())
    jsonschema.validate(document, schemas.load("report"))
    for name in USERS:
        path = folder / name
        kept = path.with_name(f"{path.stem}.edited-1{path.suffix}")
        assert kept.read_text() == f"my {name}"
        assert document["files"][name] == [hashlib.sha256(path.read_bytes()).hexdigest()]
        printed = f"{name} was not compiled here; kept as {kept.name} [edited]"
        assert printed in document["warnings"]
    first = names(folder)
    again = compile_script("small.yaml", output=".")
    assert again.warnings == []
    assert {n for n in names(folder) if "segments" not in n} <= first


@pytest.mark.slow
def test_edited_files_are_renamed_with_and_without_a_report(folder: Path) -> None:
    compile_script("small.yaml", output=".")
    for number, has_report in enumerate((True, False), 1):
        for name in USERS[:-1]:
            (folder / name).write_text(f"edit {number}")
        if not has_report:
            (folder / "report.json").unlink()
        report = compile_script("small.yaml", output=".")
        assert len(report.warnings) == len(USERS[:-1])
        for name in USERS[:-1]:
            path = folder / name
            kept = path.with_name(f"{path.stem}.edited-{number}{path.suffix}")
            assert kept.read_text() == f"edit {number}"
    assert compile_script("small.yaml", output=".").warnings == []


@pytest.mark.slow
@pytest.mark.parametrize("until", ["timeline", "media"])
def test_after_a_kill_at_any_rename_own_files_do_not_count_as_edited(
    folder: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    replace_file = atomic_file.replace_file
    left = 0

    def replace_then_die(source: Path, target: Path) -> None:
        nonlocal left
        replace_file(source, target)
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(atomic_file, "replace_file", replace_then_die)
    for step in itertools.count():
        title, left = f"reel {step}", step
        (folder / "small.yaml").write_text(SILENT.replace("title: silent", f"title: {title}"))
        try:
            report = compile_script("small.yaml", output=".", until=until)
        except KeyboardInterrupt:
            continue
        break
    assert step >= 6
    assert report.warnings == []
    assert not list(folder.glob("*.edited-*"))
    assert all(len(hashes) == 1 for hashes in report.files.values())


@pytest.mark.slow
def test_a_video_of_a_killed_first_run_is_recognised(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die_after(claims: FileClaims, path: Path, temporary: Path) -> None:
        original(claims, path, temporary)
        shutil.copy(temporary, path)
        raise WorkError("killed")

    original = FileClaims.before_rename
    monkeypatch.setattr(FileClaims, "before_rename", die_after)
    with pytest.raises(WorkError):
        compile_script("small.yaml", output=".")
    monkeypatch.setattr(FileClaims, "before_rename", original)
    (folder / "small.yaml").write_text(SILENT.replace("0.25", "0.5"))
    assert compile_script("small.yaml", output=".").warnings == []


def test_every_script_in_a_folder_has_its_own_report(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.yaml").write_text(SILENT.replace("silent", "other"))
    for _ in range(2):
        for script in ("small", "other"):
            assert run(f"compile {script}.yaml -o out --until timeline") == 0
            assert capsys.readouterr().err == ""
    out = folder / "out"
    for name, report in (("small", "report.json"), ("other", "other.report.json")):
        document = json.loads((out / report).read_text())
        assert Path(document["timeline"]["path"]).name == f"{name}.otio"
        assert sorted(document["files"]) == sorted(
            f"{name}.{x}" for x in ("ass", "otio", "srt", "vtt")
        )
    assert not list(out.glob("*.edited-*"))
    (out / "report.json").unlink()
    assert run("compile other.yaml -o out --until timeline") == 0
    assert not (out / "report.json").exists()


def test_a_report_of_another_program_is_left_alone(folder: Path) -> None:
    for name in ("report.json", "small.report.json"):
        (folder / name).write_text('{"passed": 12}')
    report = compile_script("small.yaml", output=".", until="timeline")
    assert (folder / "report.json").read_text() == '{"passed": 12}'
    assert (folder / "small.report.edited-1.json").read_text() == '{"passed": 12}'
    assert report.warnings == [
        "small.report.json is not a report; kept as small.report.edited-1.json"
    ]
    assert json.loads((folder / "small.report.json").read_text()) == report.as_json()


def test_rendering_a_compiled_timeline_does_not_count_as_an_edit(folder: Path) -> None:
    compile_script("small.yaml", output=".", until="timeline")
    assert run("render small.otio") == 0
    assert compile_script("small.yaml", output=".", until="timeline").warnings == []
    (folder / "small.otio").write_text((folder / "small.otio").read_text() + "\n")
    assert run("render small.otio") == 0
    assert len(compile_script("small.yaml", output=".", until="timeline").warnings) == 1


@pytest.mark.slow
def test_flattening_a_compiled_timeline_does_not_count_as_an_edit_of_its_video(
    folder: Path,
) -> None:
    compile_script("small.yaml", output=".", until="media")
    assert run("flatten small.otio -o small.mp4 --preset hevc") == 0
    assert compile_script("small.yaml", output=".").warnings == []
    shutil.copy("small.otio", "edited.otio")
    assert run("flatten edited.otio -o small.mp4 --preset hevc") == 0
    assert len(compile_script("small.yaml", output=".").warnings) == 1


@pytest.mark.slow
def test_further_sizes_of_a_flattened_video_overwrite_no_foreign_file(folder: Path) -> None:
    report = compile_script("small.yaml", output="out")
    (folder / "x-64x64.mp4").write_text("mine")
    command = ["flatten", str(report.timeline), "-o", "x.mp4", "--size", "108x192"]
    for _ in range(2):
        assert main([*command, "--size", "64x64", "--progress", "none"]) == 0
    assert (folder / "x-64x64.edited-1.mp4").read_text() == "mine"


@pytest.mark.slow
def test_a_file_saved_by_another_program_during_rendering_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = compile_script("small.yaml", output="out", until="timeline")
    saved = report.timeline.read_text().replace('"silent"', '"saved"')

    def save(*_: object) -> None:
        report.timeline.write_text(saved)

    monkeypatch.setattr(render, "fill_slots", save)
    updated = render.render_timeline(report.timeline)
    assert [notice.code for notice in updated.warnings] == ["edited"]
    assert report.timeline.with_name("small.edited-1.otio").read_text() == saved


def test_an_export_names_damaged_media(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = compile_script("small.yaml", output="out", until="media")
    media = report.slots[0].media
    content = bytearray(media.read_bytes())
    content[-1] ^= 1
    media.write_bytes(content)
    for name in ("x.otioz", "x.fcpxml"):
        assert main(["export", str(report.timeline), "-o", name, "--fail-on", "damaged"]) == 1
        assert f"{media.name} is damaged (its content has changed)" in capsys.readouterr().err
