"""Checks of an output folder: same bytes, every file complete, no leftovers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import av

from .runs import Result

_TEXT = (".otio", ".json")


@dataclass(frozen=True, slots=True)
class Expected:
    """The files of an undisturbed run.

    Attributes:
        folder: the output folder.
        files: contents by name, as from `contents`.
    """

    folder: Path
    files: dict[str, bytes]


def contents(folder: Path) -> dict[str, bytes]:
    """Read each file but the report and the segments; ``<folder>`` replaces the folder's path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and ".segments/" not in name and path.name != "report.json":
            data = path.read_bytes()
            if path.suffix in _TEXT:
                data = data.replace(str(folder).encode(), b"<folder>")
            found[name] = data
    return found


def hashes(folder: Path) -> dict[str, str]:
    """Hash each file below a folder."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def frames_of(path: Path) -> int:
    """Decode a video or audio file to its end, and count its frames."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams[0]))


def assert_finished(result: Result, folder: Path, expected: Expected) -> None:
    """Check that a run succeeded with the same files, and left nothing behind."""
    assert result.status == 0, f"status {result.status}: {result.err}"
    found = contents(folder)
    names = set(found) ^ set(expected.files)
    assert not names, f"more or fewer files than ever: {sorted(names)}"
    differing = [name for name in found if found[name] != expected.files[name]]
    assert not differing, f"other bytes than ever: {differing}"
    assert_valid(folder)
    assert_nothing_left(folder)


def assert_whole(folder: Path, expected: Expected) -> None:
    """Check that every file with a final name is complete, wherever the run ended.

    The timeline and the report are written several times, and only have to be valid.
    """
    if not folder.is_dir():
        return
    for name, data in contents(folder).items():
        if is_hidden(folder / name, folder):
            continue
        assert name in expected.files, f"a file that should not be: {name}"
        if not name.endswith(".otio"):
            assert data == expected.files[name], f"{name} is not whole"
    assert_valid(folder)


def assert_valid(folder: Path) -> None:
    """Check that JSON can be parsed and segments decoded."""
    for path in folder.rglob("*"):
        if is_hidden(path, folder):
            continue
        if path.suffix in _TEXT:
            json.loads(path.read_text("utf-8"))
        elif path.parent.suffix == ".segments" and path.suffix == ".mp4":
            assert frames_of(path) > 0, f"{path.name} has no frames"


def is_hidden(path: Path, folder: Path) -> bool:
    """Return whether a file, or a folder around it, is hidden."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def assert_nothing_left(folder: Path) -> None:
    """Check that there is no hidden, renamed or temporary file."""
    left = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.name.startswith(".")]
    left += [path.name for path in folder.rglob("*.edited-*")]
    temporary = folder.parent / "tmp"
    left += [str(path.relative_to(folder.parent)) for path in temporary.rglob("*")]
    assert not left, f"left behind: {left}"
