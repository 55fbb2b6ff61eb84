"""Full disks and read-only folders, on real file systems."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .output_folder import Expected, assert_finished, assert_whole, frames_of
from .runs import assert_one_line, each, run

FULL = ("No space left on device", "disk is full", "cannot be written")
SIZES = 5


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a file system on a folder; skip the test without permission."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no program `mount`")
    if made.returncode:
        pytest.skip(f"mounting takes root: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Remount a file system with another size, or read-only."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_keeps_finished_files(
    script: Path, expected: Expected, tmp_path: Path, tries: int | None
) -> None:
    with mounted(tmp_path / "probe", "size=1m"):
        pass
    needed = sum(path.stat().st_size for path in expected.folder.rglob("*") if path.is_file())
    count = tries or SIZES
    statuses = set()

    def check(number: int, size: int) -> None:
        disk = tmp_path / str(number)
        with mounted(disk, f"size={size}"):
            folder = disk / "out"
            result = run(tmp_path / f"{number}.case", "compile", script, "-o", folder)
            statuses.add(result.status)
            assert_whole(folder, expected)
            if result.status == 0:
                assert frames_of(folder / "reel.mp4") == frames_of(expected.folder / "reel.mp4")
            else:
                assert_one_line(result, *FULL)
            remount(disk, "size=64m")
            result = run(tmp_path / f"{number}.case", "compile", script, "-o", folder)
            assert_finished(result, folder, expected)

    # While the reel is joined, temporary files take about as much space as the stored ones.
    shares = [0.05 + 1.9 * number / (count - 1) for number in range(count)]
    each([int(share * needed) for share in shares], check)
    assert statuses == {0, 1}


@pytest.mark.parametrize("there_already", [False, True])
def test_a_folder_that_is_read_only_is_refused(
    script: Path, expected: Expected, tmp_path: Path, there_already: bool
) -> None:
    disk = tmp_path / "disk"

    def refused(folder: Path) -> None:
        result = run(tmp_path / "case", "compile", script, "-o", folder)
        assert result.status in (1, 2)
        assert len(result.errors) == 1
        assert str(folder) in result.err
        assert list(folder.iterdir() if folder.exists() else ()) == []

    def taken(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        result = run(tmp_path / "case", "compile", script, "-o", folder)
        assert_finished(result, folder, expected)

    if os.geteuid() == 0:
        with mounted(disk, "size=8m"):
            folder = disk / "out"
            if there_already:
                folder.mkdir()
            remount(disk, "ro")
            refused(folder)
            remount(disk, "rw")
            taken(folder)
    else:
        folder = disk / "out"
        disk.mkdir()
        if there_already:
            folder.mkdir(mode=0o555)
        disk.chmod(0o555)
        refused(folder)
        disk.chmod(0o755)
        if there_already:
            folder.chmod(0o755)
        taken(folder)


def test_a_limit_of_the_file_size_is_a_one_line_error(
    script: Path, expected: Expected, tmp_path: Path
) -> None:
    def check(number: int, size: int) -> None:
        case = tmp_path / str(number)
        limit = ("prlimit", f"--fsize={size}:unlimited")
        result = run(case, "compile", script, "-o", case / "out", prefix=limit)
        assert_whole(case / "out", expected)
        assert_one_line(result, "File too large", "cannot be written", "SIGXFSZ")
        assert_finished(run(case, "compile", script, "-o", case / "out"), case / "out", expected)

    largest = (expected.folder / "reel.mp4").stat().st_size
    each([100, 8000, largest - 2000], check)
