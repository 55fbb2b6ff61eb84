"""The files that the server sends: those that the page shows, and none outside the project.

A URL holds a hash, never a path, so that no request can name another file. The hash covers the
file's version: a browser may keep what it got.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np

from ...renderers.base import RendererError
from ...renderers.image.stills import load_still
from ..files.file_version import FileVersion, file_version

STILL_HEIGHT = 640
"""Greatest height of a small copy of a still, in pixels."""
_QUALITY = 85
_DIGITS = 24


class ServedFiles:
    """The files of the page, by the hash in their URL.

    Args:
        folders: of the project; files elsewhere are refused, also behind symbolic links.
        allow_outside: serve the files of a script that may name others.
    """

    def __init__(self, folders: Sequence[Path], *, allow_outside: bool = False):
        self._folders = [folder.resolve() for folder in folders]
        self._allow_outside = allow_outside
        self._files: dict[str, Path] = {}

    def url(self, path: Path) -> str:
        """Return the URL of a file, empty if it is missing or outside the project."""
        return f"./files/{name}/{quote(path.name)}" if (name := self._add(path)) else ""

    def still_url(self, path: Path) -> str:
        """Return the URL of a small copy of a still, empty as with `url`."""
        return f"./stills/{name}" if (name := self._add(path)) else ""

    def find(self, name: str) -> Path | None:
        """Return the file of a hash; None if there is none, or if it left the project."""
        path = self._files.get(name)
        return path if path is not None and self._may_send(path) else None

    def _add(self, path: Path) -> str:
        if not self._may_send(path):
            return ""
        version = "\0".join(map(str, file_version(path)))
        name = hashlib.sha256(version.encode(errors="surrogateescape")).hexdigest()[:_DIGITS]
        self._files[name] = path
        return name

    def _may_send(self, path: Path) -> bool:
        try:
            real = path.resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return False
        inside = any(real.is_relative_to(folder) for folder in self._folders)
        return real.is_file() and (inside or self._allow_outside)


def small_still(path: Path) -> bytes:
    """Return a small copy of a still as JPEG, upright, in sRGB; empty if it cannot be decoded."""
    return _small(file_version(path))


@lru_cache(256)
def _small(file: FileVersion) -> bytes:
    try:
        rgb = np.asarray(load_still(file.path))
    except RendererError:
        return b""
    height, width = rgb.shape[:2]
    share = min(1.0, STILL_HEIGHT / height)
    size = max(1, round(width * share)), max(1, round(height * share))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
