"""The media of a CapCut draft: copies in its folder, and their list."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from .....renderers.files.file_names import portable
from ....media.probe import is_still, probe
from ....media.still_frame import save_frame
from ..otio_json import free_stem
from .materials import STILL_US, DraftMaterials

_BLACK = "black.png"
_ASSETS = "assets"


@dataclass(frozen=True, slots=True)
class Medium:
    """A file in CapCut's list of a draft's media.

    Attributes:
        id: its identifier there.
        path: absolute.
        kind: ``video``, ``photo`` or ``music``.
        length_us: in microseconds.
        size: width and height in pixels; (0, 0) for sound.
    """

    id: str
    path: str
    kind: str
    length_us: int
    size: tuple[int, int]


class DraftMedia:
    """Copies media into a draft, each once.

    Args:
        folder: the draft's folder as it is written.
        place: where it will lie.
        parts: make the identifiers.
        size: of the frame, in pixels.
    """

    def __init__(self, folder: Path, place: Path, parts: DraftMaterials, size: tuple[int, int]):
        self._assets, self._place = folder / _ASSETS, place.absolute() / _ASSETS
        self._parts, self._size = parts, size
        self._found: dict[Path, Medium] = {}
        self._names: set[str] = set()
        self._assets.mkdir(parents=True)

    @property
    def listed(self) -> list[Medium]:
        """All media."""
        return list(self._found.values())

    def black(self) -> Medium:
        """Return a black still of the frame's size."""
        path = self._assets / _BLACK
        if path not in self._found:
            Image.new("RGB", self._size).save(path)
            self._names.add(_BLACK)
            self._found[path] = self._listed(_BLACK, "photo", STILL_US, self._size)
        return self._found[path]

    def frozen(self, video: Path, frame: int, fps: Fraction) -> Medium:
        """Save a frame of a video as a still, and return it."""
        name = self._free_name(f"{video.stem}-{frame}.png")
        target = self._assets / name
        save_frame(video, Fraction(frame) / fps, target)
        info = probe(target).video
        assert info is not None
        self._found[target] = self._listed(name, "photo", STILL_US, (info.width, info.height))
        return self._found[target]

    def missing(self, path: Path, length_us: int) -> Medium:
        """Return the entry of a missing file, which keeps its path."""
        kind, length = ("photo", STILL_US) if is_still(path) else ("video", length_us)
        if path not in self._found:
            name = self._parts.new_id()
            self._found[path] = Medium(name, str(path), kind, length, self._size)
        return self._found[path]

    def copied(self, path: Path) -> Medium:
        """Copy a file into the draft, and return its entry."""
        if path in self._found:
            return self._found[path]
        name = self._free_name(portable(path.name))
        shutil.copyfile(path, self._assets / name)
        info = probe(path)
        length = STILL_US if is_still(path) else math.floor(info.duration * 1_000_000)
        if info.video is None:
            made = self._listed(name, "music", length, (0, 0))
        else:
            width, height = (round(side) for side in info.video.display_size)
            kind = "photo" if length == STILL_US else "video"
            made = self._listed(name, kind, length, (width, height))
        self._found[path] = made
        return made

    def _listed(self, name: str, kind: str, length_us: int, size: tuple[int, int]) -> Medium:
        return Medium(self._parts.new_id(), str(self._place / name), kind, length_us, size)

    def _free_name(self, name: str) -> str:
        plain = Path(name)
        return f"{free_stem(plain.stem, [plain.suffix], self._names)}{plain.suffix}"
