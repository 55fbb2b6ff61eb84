"""Tell versions of a file apart within one process, for results in memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileVersion(NamedTuple):
    """A file as it was; another file, or another content, compares unequal.

    Attributes:
        path: the file.
        modified_ns: time of its last modification, in nanoseconds; 0 if it is missing.
        size: in bytes; -1 if it is missing.
        inode: its number in the file system; 0 if it is missing.
    """

    path: Path
    modified_ns: int
    size: int
    inode: int


def file_version(path: Path) -> FileVersion:
    """Return the version of a file, which may be missing."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return FileVersion(path, 0, -1, 0)
    return FileVersion(path, found.st_mtime_ns, found.st_size, found.st_ino)
