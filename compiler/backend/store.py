"""A store of what flattening has encoded, named by all that decides it: nothing is made twice.

A segment's key is the SHA-256 of what it shows, frame by frame, of the identity of every file in
it, and of how it is encoded; its place in the reel is no part of it. A file's identity is its size,
the time it was changed and its first and last 64 KiB, so that files of any size are told apart at
once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from .ffmpeg import ffmpeg_version
from .probe import MediaInfo

VERSION = 2
"""Counted up when the same plan is to give other frames than before."""
_ENDS = 65536
_SPARE = 1.0
"""Bytes that may be kept for a change that is taken back, by those that are in use."""


class SegmentStore:
    """Segments in a folder.

    Args:
        folder: made when the first segment is; None keeps nothing.
    """

    def __init__(self, folder: Path | None):
        self._folder = folder
        self._used: set[str] = set()

    def place(self, name: str) -> Path | None:
        """Where a segment belongs, and that it is in use; None where nothing is kept."""
        if self._folder is None:
            return None
        self._used.add(name)
        return self._folder / name

    def find(self, name: str) -> Path | None:
        """A segment that is there."""
        path = self.place(name)
        if path is None or not path.is_file():
            return None
        with suppress(OSError):
            os.utime(path)
        return path

    def tidy(self) -> None:
        """Remove what has not been in use for longest, until no more is spare than is in use."""
        if self._folder is None or not self._folder.is_dir():
            return
        files = [(path, path.stat()) for path in self._folder.iterdir() if path.is_file()]
        room = _SPARE * sum(stat.st_size for path, stat in files if path.name in self._used)
        spare = [(path, stat) for path, stat in files if path.name not in self._used]
        for path, stat in sorted(spare, key=lambda entry: entry[1].st_mtime, reverse=True):
            room -= stat.st_size
            if room < 0:
                with suppress(OSError):
                    path.unlink()


def key_of(media: Mapping[Path, MediaInfo], *parts: object) -> str:
    """The name that is common to all that looks the same.

    Args:
        media: what is known of files that ``parts`` name.
        parts: plain data, dataclasses and paths.
    """

    def plain(value: object) -> object:
        match value:
            case Path():
                info = media.get(value)
                images = info.images if info is not None else ()
                return [_identity(image) for image in images] if images else _identity(value)
            case Fraction():
                return str(value)
            case Mapping():
                return {str(plain(key)): plain(each) for key, each in value.items()}
            case list() | tuple():
                return [plain(each) for each in value]
            case _ if is_dataclass(value) and not isinstance(value, type):
                fields = {name: plain(getattr(value, name)) for name in _fields(type(value))}
                return [type(value).__name__, fields]
        return value

    text = json.dumps([VERSION, ffmpeg_version(), *map(plain, parts)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@lru_cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(kind.__dataclass_fields__)


def _identity(path: Path | None) -> str:
    if path is None:
        return "none"
    try:
        stat = path.stat()
    except OSError:
        return "missing"
    return _digest(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(65536)
def _digest(path: Path, size: int, changed_ns: int) -> str:
    with path.open("rb") as stream:
        ends = stream.read(_ENDS)
        if size > _ENDS:
            stream.seek(max(_ENDS, size - _ENDS))
            ends += stream.read()
    return f"{size}-{changed_ns}-{hashlib.sha256(ends).hexdigest()}"
