"""Nothing is done twice: a compile that would change nothing looks for changes, and that is all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from otio_gvideo.compiler import Progress, compile_script
from otio_gvideo.compiler.api import compile_stages
from otio_gvideo.compiler.errors import InputError, Problem
from otio_gvideo.compiler.outputs import last_run
from otio_gvideo.compiler.script import read_script
from otio_gvideo.compiler.stages.output_options import OutputOptions
from PIL import Image


class FullRunError(Exception):
    """The script would be compiled with all its stages."""


SCRIPT = """\
version: 1
output: {width: 64, height: 112, fps: 24}
music: {audio: bed.wav}
scenes:
  - {id: sea, duration: 2, keyframe: sea.png, renderer: camera}
  - {id: sky, duration: 2, keyframe: sky.png, renderer: camera}
"""


@pytest.fixture
def project(tmp_path: Path, bed: Path) -> Path:
    """A script of two silent beats over music."""
    shutil.copy(bed, tmp_path / "bed.wav")
    for name, colour in (("sea", (30, 60, 90)), ("sky", (150, 180, 210))):
        Image.new("RGB", (128, 224), colour).save(tmp_path / f"{name}.png")
    script = tmp_path / "small.yaml"
    script.write_text(SCRIPT)
    return script


@pytest.fixture
def compiled(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., object]]:
    """Compile a project; return what runs it again, and raises if that is a full run."""
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(last_run, "SETTLED_S", -600.0)  # Its files are seconds old.
    compile_script(project)
    with monkeypatch.context() as patched:

        def refuse(*_: object) -> None:
            raise FullRunError

        patched.setattr(compile_stages, "compile_changed", refuse)
        yield lambda **options: compile_script(project, **options)


def damaged(content: bytes) -> bytes:
    content = content or b"-"
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_repetition_writes_the_report_alone(
    project: Path, compiled: Callable[..., object]
) -> None:
    folder = project.parent / "build" / "small"
    first = json.loads((folder / "report.json").read_text())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    scratch = folder / "media" / ".otio-gvideo-scratch-left-over"
    scratch.mkdir()
    steps: list[Progress] = []
    report = compiled(on_progress=steps.append)
    again = json.loads((folder / "report.json").read_text())
    assert again == report.as_json()  # type: ignore[attr-defined]
    assert all(slot["reused"] for slot in again["slots"])
    for document in (first, again):
        document["seconds"] = {}
        for slot in document["slots"]:
            slot |= {"reused": True, "seconds": 0}
    assert again == first
    assert not scratch.exists()
    kept = (path for path in before if path.name != "report.json" and path.is_file())
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)
    told = [step.stage for step in steps if step.message]
    assert told == ["read", "align", "timeline", "render", "flatten"]
    (folder / "report.json").unlink()
    compiled()
    assert json.loads((folder / "report.json").read_text())["files"] == first["files"]


def test_the_sound_is_encoded_once_while_slots_are_rendered(project: Path) -> None:
    segments = project.parent / "build" / "small" / "small.segments"
    before: list[str] = []

    def watch(step: Progress) -> None:
        if step.stage == "flatten" and not before:
            before.extend(path.name for path in segments.glob("sound-*"))

    compile_script(project, on_progress=watch)
    assert sorted(before) == sorted(path.name for path in segments.glob("sound-*"))
    assert len(before) == 2  # The sound, and its loudness.


def test_every_changed_file_is_noticed(project: Path, compiled: Callable[..., object]) -> None:
    """To the bit, with the size and the times of the file as they were."""
    folder = project.parent / "build" / "small"
    files = [
        project,
        project.with_name("bed.wav"),
        project.with_name("sea.png"),
        *folder.glob("small.*"),
        *folder.glob("media/*"),
        *folder.glob("small.segments/*"),
    ]
    files = [path for path in files if path.is_file()]
    assert len(files) >= 12
    for path in files:
        content, state = path.read_bytes(), path.stat()
        for change in (damaged(content), None):
            if change is None:
                path.unlink()
            else:
                path.write_bytes(change)
                os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
            with pytest.raises(FullRunError):
                compiled()
            path.write_bytes(content)
        compiled()


def test_new_settings_options_and_programs_are_noticed(
    project: Path, compiled: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project.with_name("video_config.yaml")
    config.write_text("encoder: {preset: medium}\n")
    with pytest.raises(FullRunError):
        compiled()
    config.unlink()
    options: dict[str, object] = {"quality": "draft", "force": True, "verify": True}
    for name, value in options.items():
        with pytest.raises(FullRunError):
            compiled(**{name: value})
    compiled()
    monkeypatch.setattr(last_run, "identity_of", lambda _: ["another"])
    with pytest.raises(FullRunError):
        compiled()


def test_captions_in_fonts_of_the_system_are_looked_at_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another font may be installed."""
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(last_run, "SETTLED_S", -600.0)
    project.write_text(f"{SCRIPT}captions: {{burn: true, font: DejaVu Sans}}\n")
    compile_script(project)
    monkeypatch.setattr(compile_stages, "compile_changed", lambda *_: "a full run")
    assert compile_script(project) == "a full run"


def test_a_file_saved_while_it_is_compiled_is_read_by_the_next_run(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times cannot tell whether the run has read the old or the new content."""
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    compile_script(project)
    monkeypatch.setattr(compile_stages, "compile_changed", lambda *_: "a full run")
    assert compile_script(project) == "a full run"


def test_a_script_saved_while_it_is_checked_is_compiled_by_the_next_run(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(last_run, "SETTLED_S", -600.0)
    check = read_script.check_script

    def save(*args: Any) -> list[Problem]:
        project.write_text(
            SCRIPT.replace("duration: 2, keyframe: sky", "duration: 3, keyframe: sky")
        )
        return list(check(*args))

    with monkeypatch.context() as patched:
        patched.setattr(read_script, "check_script", save)
        assert compile_script(project).frames == 4 * 24
    assert compile_script(project).frames == 5 * 24


def test_damaged_sound_is_reported_beside_a_slot_to_render(project: Path) -> None:
    folder = compile_script(project).timeline.parent
    (sound,) = folder.glob("small.segments/sound-*.mp4")
    for removed in ([], folder.glob("media/sea-*.mp4")):
        sound.write_bytes(damaged(sound.read_bytes()))
        for path in removed:
            path.unlink()
        (warning,) = compile_script(project).warnings
        assert warning.code == "damaged"
        assert warning == f"{sound.name} was damaged; it is encoded again"
        assert compile_script(project).warnings == []


def test_damaged_sound_is_reported_under_a_size_limit(project: Path) -> None:
    limited = OutputOptions(max_mb=8)
    folder = compile_script(project, output_options=limited).timeline.parent
    (sound,) = folder.glob("small.segments/sound-*.mp4")
    sound.write_bytes(damaged(sound.read_bytes()))
    (warning,) = compile_script(project, output_options=limited).warnings
    assert warning == f"{sound.name} was damaged; it is encoded again"


def test_a_cache_that_the_system_rejects_is_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / ("long" * 80)))
    assert compile_script(project).warnings == []


def test_a_repetition_into_a_folder_that_cannot_be_written_is_refused(
    project: Path, compiled: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so that the system's answer is stated here."""
    folder, access = project.parent / "build" / "small", os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and access(path, mode))
    with pytest.raises(InputError, match="cannot be written to"):
        compiled()


def test_small_files_are_compared_first_and_a_file_of_another_size_is_not_read(
    project: Path, compiled: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    digest = last_run.sha256_of
    monkeypatch.setattr(
        last_run, "sha256_of", lambda path: (read.append(path.name), digest(path))[1]
    )
    compiled()
    assert read[0] == "small.yaml"
    assert {*read[1:4]} == {"bed.wav", "sea.png", "sky.png"}
    for text, needed in ((SCRIPT.replace("sky,", "air,"), ["small.yaml"]), (f"{SCRIPT}\n", [])):
        project.write_text(text)
        read.clear()
        with pytest.raises(FullRunError):
            compiled()
        assert read == needed


@pytest.mark.skipif(os.name == "nt", reason="links are a privilege there")
def test_a_file_that_became_a_link_out_of_the_folder_is_noticed(
    project: Path, compiled: Callable[..., object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    still = project.with_name("sea.png")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "sea.png"
    still.rename(elsewhere)
    still.symlink_to(elsewhere)
    with pytest.raises(FullRunError):
        compiled()


@pytest.mark.skipif(os.name == "nt", reason="no program is a text there")
def test_another_synthesizer_is_noticed(
    compiled: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It decides where words of other languages are."""
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    compiled()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with pytest.raises(FullRunError):
        compiled()
