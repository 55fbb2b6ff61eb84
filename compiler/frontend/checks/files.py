"""Files that a script names: that they are there, inside its folder, and what they should be."""

from __future__ import annotations

import difflib
from pathlib import Path

import av
from PIL import Image, ImageFont, UnidentifiedImageError

from ...errors import Problem, WorkError
from ..audio import duration_of
from ..yaml_source import Path_, Source

MOST_PIXELS = 200_000_000
"""A still with more is refused before it is decoded."""


class Files:
    """Resolves and tries the files that a script names, each once."""

    def __init__(self, source: Source, folder: Path, allow_outside: bool):
        self._source, self._folder, self._allow_outside = source, folder, allow_outside
        self._faults: dict[tuple[Path, str], tuple[str, str] | None] = {}
        self.problems: list[Problem] = []

    def check(self, value: object, path: Path_, kind: str) -> Path | None:
        """The file that a value names, or None; what is wrong with it becomes a problem.

        Args:
            value: a path as the script has it.
            path: where it stands.
            kind: ``image``, ``sound``, ``font`` or ``file``.
        """
        if not isinstance(value, str) or not value:
            return None
        named = (self._folder / value).absolute()
        resolved = named.resolve()
        if not self._allow_outside and not resolved.is_relative_to(self._folder.resolve()):
            hint = "move it there, or allow it with --allow-outside"
            self._refuse(path, f"{value!r} lies outside the script's folder", hint)
            return None
        if (named, kind) not in self._faults:
            self._faults[named, kind] = self._fault(named, kind)
        fault = self._faults[named, kind]
        if fault is not None:
            self._refuse(path, f"{value!r} {fault[0]}", fault[1])
            return None
        return named

    def _refuse(self, path: Path_, what: str, hint: str) -> None:
        self.problems.append(self._source.problem(path, what, hint))

    def _fault(self, path: Path, kind: str) -> tuple[str, str] | None:
        if not path.is_file():
            return ("does not exist" if not path.exists() else "is no file", _sibling(path))
        if kind == "image":
            return _image_fault(path)
        if kind == "font":
            return _font_fault(path)
        if kind == "sound":
            try:
                length = duration_of(path)
                _first_sound(path)
            except WorkError as error:
                return (str(error).removeprefix(f"{path}: "), "is it a sound file?")
            return None if length > 0 else ("holds no sound", "is it the right file?")
        return None


def _image_fault(path: Path) -> tuple[str, str] | None:
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                size = f"is {image.width}x{image.height}"
                return size, f"no more than {MOST_PIXELS // 1_000_000} million pixels are taken"
            image.draft("RGB", (64, 64))
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return "is no image that can be read", "PNG, JPEG, WebP and TIFF are"
    except (OSError, ValueError, SyntaxError) as error:
        return f"is a broken image: {error}", "save it again"
    return None


def _font_fault(path: Path) -> tuple[str, str] | None:
    try:
        ImageFont.truetype(path, 24)
    except (OSError, ValueError):
        return "is no font that can be read", "TrueType and OpenType fonts are"
    return None


def _first_sound(path: Path) -> None:
    """Decode the first block, so that a file with a good header and nothing behind it is found."""
    try:
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            next(container.decode(container.streams.audio[0]))
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise WorkError(f"{path}: cannot be decoded") from error


def _sibling(path: Path) -> str:
    """A hint at a file of nearly that name in the same folder."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent.name!r} either"
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    close = difflib.get_close_matches(path.name, names, 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else "check the name"
