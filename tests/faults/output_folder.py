"""What an output folder holds: the same bytes as ever, every file whole, nothing left behind."""

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
    """What an undisturbed run makes.

    Attributes:
        folder: where it lies.
        files: the content of each by its name in the folder, as in `contents`.
    """

    folder: Path
    files: dict[str, bytes]


def contents(folder: Path) -> dict[str, bytes]:
    """Each file but the report and the segments, with ``<folder>`` for the folder's own path."""
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
    """The SHA-256 of each file in a folder, at any depth."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def frames_of(path: Path) -> int:
    """Decode a video, or a sound, to its end and count its frames."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams[0]))


def assert_finished(result: Result, folder: Path, expected: Expected) -> None:
    """A run was done, its files are the same as ever, and nothing else is there."""
    assert result.status == 0, f"status {result.status}: {result.err}"
    found = contents(folder)
    names = set(found) ^ set(expected.files)
    assert not names, f"more or fewer files than ever: {sorted(names)}"
    differing = [name for name in found if found[name] != expected.files[name]]
    assert not differing, f"other bytes than ever: {differing}"
    assert_valid(folder)
    assert_nothing_left(folder)


def assert_whole(folder: Path, expected: Expected) -> None:
    """Whatever has a final name is whole, wherever the run ended.

    Only the timeline and the report are written more than once, and need to be valid alone.
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
    """JSON can be parsed, and segments decoded."""
    for path in folder.rglob("*"):
        if is_hidden(path, folder):
            continue
        if path.suffix in _TEXT:
            json.loads(path.read_text("utf-8"))
        elif path.parent.suffix == ".segments" and path.suffix == ".mp4":
            assert frames_of(path) > 0, f"{path.name} has no frames"


def is_hidden(path: Path, folder: Path) -> bool:
    """Whether a file in a folder is hidden, or in a hidden folder."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def assert_nothing_left(folder: Path) -> None:
    """No hidden file, no file that was set aside, and nothing in the folder for temporary files."""
    left = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.name.startswith(".")]
    left += [path.name for path in folder.rglob("*.edited-*")]
    temporary = folder.parent / "tmp"
    left += [str(path.relative_to(folder.parent)) for path in temporary.rglob("*")]
    assert not left, f"left behind: {left}"
