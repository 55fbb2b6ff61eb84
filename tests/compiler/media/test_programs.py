"""Only programs on the PATH are run, never ones in the current folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from otio_gvideo.compiler.media.programs import find_program


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / (f"{name}.exe" if os.name == "nt" else name)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_first_folder_of_the_path_wins(tmp_path: Path) -> None:
    one, other = program(tmp_path / "1", "tool"), program(tmp_path / "2", "tool")
    path = os.pathsep.join(map(str, (tmp_path / "0", one.parent, other.parent)))
    assert find_program("tool", path) == str(one)
    assert find_program("other", path) is None


@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin"])
def test_a_program_in_the_current_folder_is_not_run(
    entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "tool")
    program(tmp_path / "bin", "tool")
    monkeypatch.chdir(tmp_path)
    assert find_program("tool", entry) is None
    monkeypatch.setenv("PATH", entry)
    assert find_program("tool") is None


@pytest.mark.posix
def test_a_file_that_is_not_executable_is_skipped(tmp_path: Path) -> None:
    good = program(tmp_path / "good", "tool")
    bad = program(tmp_path / "bad", "tool")
    bad.chmod(0o644)
    path = os.pathsep.join(map(str, (bad.parent, good.parent)))
    assert find_program("tool", path) == str(good)
