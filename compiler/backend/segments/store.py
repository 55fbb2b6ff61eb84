"""A cache of encoded segments, addressed by everything that decides their content.

A segment's key is the SHA-256 of its spans, of the identity of every file in them, and of the
encoding; its position in the reel is no part of it. A file's identity is its size, its time of
change and its first and last 64 KiB, so that large files need not be read. A segment's own SHA-256
is part of its name, and is verified on every use.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....renderers.files.atomic_file import clear_scratch, finish
from ....renderers.files.digest import sha256_of
from ...files.atomic_output import scratch, write_errors
from ...media.find_ffmpeg import ffmpeg_version
from ...media.media_info import MediaInfo
from ...notices import Notice

VERSION = 8
"""Raised whenever the same spans are to give other frames than before."""
_ENDS = 65536
_SPARE = 1.0
"""Bytes of unused segments to keep for an undo, as a share of those in use."""
_TAGS = {
    "TransparentContent": "Clear",
    "ColourContent": "Solid",
    "SlateContent": "Slate",
    "ImageContent": "Still",
    "VideoContent": "Video",
    "TransitionContent": "Blend",
    "OverlayContent": "Over",
}
"""Names of classes in keys, if not their own: a class may be renamed, but a key never changes."""
_SHA_DIGITS = 32
_OURS = re.compile(r"(?:headers-|sound-|fetched-)?[0-9a-f]{24}-([0-9a-f]{32})(?:\.\w+)?")


class SegmentStore:
    """Segments in a folder.

    Args:
        folder: created with the first segment; None keeps nothing.

    Attributes:
        damaged: segments that were damaged, and deleted.
    """

    def __init__(self, folder: Path | None):
        self._folder = folder
        self._used: set[str] = set()
        self.damaged: list[Path] = []

    @property
    def warnings(self) -> list[Notice]:
        """A warning for each damaged segment."""
        what = "was damaged; it is encoded again"
        return [Notice("damaged", f"{path.name} {what}") for path in self.damaged]

    def find(self, name: str) -> Path | None:
        """Return a segment by its name without SHA-256, if it is intact, and mark it as used."""
        if self._folder is None:
            return None
        stem, suffix = Path(name).stem, Path(name).suffix
        names: list[str] = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(f"{stem}-")]
        for path in (self._folder / each for each in sorted(names)):
            if path.suffix == suffix and _OURS.fullmatch(path.name) and self._is_whole(path):
                self._used.add(path.name)
                with suppress(OSError):
                    os.utime(path)
                return path
        return None

    def make(self, name: str, folder: Path, write: Callable[[Path], object]) -> Path:
        """Write a segment and add it to the store.

        Args:
            name: without SHA-256.
            folder: for the file if the store keeps nothing.
            write: writes the file and reads it back.

        Raises:
            WorkError: the folder cannot be written to, or the disk is full.
        """
        if self._folder is None:
            with scratch(folder) as place:  # Another thread may write the same.
                write(place / name)
                return (place / name).replace(folder / name)
        with write_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with scratch(self._folder) as place:
            part = place / name
            write(part)
            kept = self._folder / f"{part.stem}-{sha256_of(part)[:_SHA_DIGITS]}{part.suffix}"
            with write_errors(kept):
                finish(part, kept)
        self._used.add(kept.name)
        return kept

    def verify(self) -> None:
        """Verify all segments, and delete damaged ones."""
        for path in self._all():
            self._is_whole(path)

    def _is_whole(self, path: Path) -> bool:
        match = _OURS.fullmatch(path.name)
        with suppress(OSError):
            if match is not None and sha256_of(path).startswith(match[1]):
                return True
            self.damaged.append(path)
            path.unlink()
        return False

    def _all(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return [path for path in sorted(self._folder.iterdir()) if _OURS.fullmatch(path.name)]

    def evict(self) -> None:
        """Delete the least recently used segments once the unused outgrow those in use."""
        if self._folder is not None:
            clear_scratch(self._folder)
        files = []
        for path in self._all():
            with suppress(OSError):
                files.append((path, path.stat()))
        room = _SPARE * sum(stat.st_size for path, stat in files if path.name in self._used)
        spare = [(path, stat) for path, stat in files if path.name not in self._used]
        for path, stat in sorted(spare, key=lambda entry: entry[1].st_mtime, reverse=True):
            room -= stat.st_size
            if room < 0:
                with suppress(OSError):
                    path.unlink()


def key_of(media: Mapping[Path, MediaInfo], *parts: object) -> str:
    """Return the key of everything that decides a segment's content.

    Args:
        media: headers of the files in ``parts``.
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
                name = type(value).__name__
                return [_TAGS.get(name, name), fields]
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
