"""Undecodable paths and unfit locales are rejected in one line, before any work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.timeline.rate import time_range

from ..conftest import LIGHTHOUSE

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
UTF8 = {"LC_ALL": "C.UTF-8"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform in ("win32", "darwin"), reason="the system has no names that are no text"
    ),
]


def run(
    locale: dict[str, str], *args: str | bytes | Path, cwd: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "otio_gvideo.compiler", *args],
        env=os.environ | locale,
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def odd(project: Path) -> bytes:
    """A project in a folder whose name is Latin-1."""
    folder = os.fsencode(project.parent.parent) + b"/caf\xe9 \xff"
    shutil.copytree(os.fsencode(project.parent), folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "plan ODD/small.yaml",
        "compile ODD/small.yaml",
        "compile PROJECT/small.yaml -o ODD/out",
        "init ODD/stills",
        "view ODD/reel.otio",
        "export ODD/reel.otio -o ODD/reel.fcpxml",
        "flatten ODD/reel.otio -o PROJECT/reel.mp4",
        "check ODD/reel.mp4 --against ODD/reel.otio",
        "transcript ODD/a.srt",
    ],
)
def test_names_that_are_not_utf8_are_rejected(command: str, odd: bytes, project: Path) -> None:
    before = sorted(Path(os.fsdecode(odd)).iterdir())
    words = command.encode().replace(b"PROJECT", os.fsencode(project.parent)).split()
    done = run(UTF8, *(word.replace(b"ODD", odd) for word in words))
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert lines
    for line in lines:
        assert r"/caf\xe9 \xff" in line
        assert line.endswith("; rename the file or folder")
    assert sorted(Path(os.fsdecode(odd)).iterdir()) == before


@pytest.mark.parametrize("locale", [UTF8, ASCII], ids=["utf-8", "ascii"])
def test_a_relative_path_is_checked_with_the_working_directory(
    locale: dict[str, str], odd: bytes
) -> None:
    done = run(locale, "plan", "small.yaml", cwd=odd)
    assert done.returncode == 2
    assert "not valid UTF-8" in done.stderr


def test_stills_of_a_folder_need_names_in_utf8(tmp_path: Path) -> None:
    shutil.copy(LIGHTHOUSE / "keyframes" / "stairs.jpg", os.fsencode(tmp_path) + b"/a\xe9.jpg")
    done = run(UTF8, "init", tmp_path)
    assert done.returncode == 2
    assert r"/a\xe9.jpg: its name is not valid UTF-8" in done.stderr


def test_files_unused_by_a_draft_may_have_any_name(tmp_path: Path) -> None:
    shutil.copy(LIGHTHOUSE / "keyframes" / "stairs.jpg", tmp_path / "a.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/Angebot\xe4.doc")).touch()
    assert run(UTF8, "init", tmp_path).returncode == 0


def test_media_that_this_locale_cannot_encode_are_not_taken_for_urls(tmp_path: Path) -> None:
    shutil.copy(LIGHTHOUSE / "keyframes" / "stairs.jpg", tmp_path / "é.jpg")
    clip = otio.schema.Clip("a", otio.schema.ExternalReference("é.jpg"), time_range(0, 12, 24))
    timeline = otio.schema.Timeline("a")
    timeline.tracks.append(otio.schema.Track("V1", [clip], kind=otio.schema.TrackKind.Video))
    timeline.to_json_file(str(tmp_path / "a.otio"))
    done = run(ASCII, "flatten", tmp_path / "a.otio", "-o", tmp_path / "a.mp4", "--size", "64x64")
    assert done.returncode == 1
    assert "have a name that this system or locale refuses" in done.stderr


def test_a_locale_that_cannot_encode_a_file_name_is_reported(project: Path) -> None:
    project.write_text(project.read_text("utf-8").replace("red.png", "rouge foncé.png"), "utf-8")
    (project.parent / "stills" / "red.png").rename(project.parent / "stills" / "rouge foncé.png")
    done = run(ASCII, "plan", project)
    assert done.returncode == 2
    assert done.stderr == (
        f"{project}:10:15: scenes[0].keyframe: cannot be named in this locale, whose encoding is "
        "ascii; set PYTHONUTF8=1, or LC_ALL=C.UTF-8\n"
    )
    assert run(UTF8, "plan", project).returncode == 0
