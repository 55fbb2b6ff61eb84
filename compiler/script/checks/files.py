"""Check the files of a script: they exist, lie inside its folder, and can be decoded."""

from __future__ import annotations

import difflib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import PIL
from PIL import Image, ImageFont, UnidentifiedImageError

from ....renderers.error_text import one_line
from ....renderers.files.digest import file_digest
from ....renderers.files.json_cache import remembered
from ....renderers.image.open_image import FURTHEST_ASPECT, MOST_PIXELS, open_image
from ...errors import Problem, WorkError
from ...files.exists import refusal
from ...files.file_version import FileVersion, file_version
from ...files.font_tables import has_colour
from ...files.path_text import fault_of_locale
from ...media.media_info import MediaInfo
from ...media.probe import is_still, probe, probe_if_readable
from ...media.samples import check_sound, duration_of
from ..pictures import video_frame
from ..yaml_source import KeyPath, YamlSource

_Fault: TypeAlias = tuple[str, str] | None
"""The fact and the hint for a faulty file."""
_TOO_LARGE = f"the limit is {MOST_PIXELS // 1_000_000} million pixels"
_CLOSE = 0.75
"""Least likeness of a name that a hint guesses."""
AT_ONCE = 8
"""Most files checked in parallel, which bounds the memory of decoded stills."""


class ScriptFiles:
    """Resolves and decodes the files of a script, each once, in parallel threads.

    Decoding a hundred stills takes seconds.
    """

    def __init__(self, source: YamlSource, folder: Path, allow_outside: bool):
        self._source, self._folder, self._allow_outside = source, folder, allow_outside
        self._workers = ThreadPoolExecutor(min(AT_ONCE, os.cpu_count() or 1))
        self._faults: dict[tuple[Path, str], Future[_Fault]] = {}
        self._named: list[tuple[str, KeyPath, Future[_Fault]]] = []
        self._refused: list[Problem] = []

    def check(self, value: object, path: KeyPath, kind: str) -> Path | None:
        """Return the file of a value, and check it in the background; None if it is not allowed.

        Its faults are in `problems`.

        Args:
            value: a path as in the script.
            path: of the value.
            kind: ``image``, ``sound``, ``video``, ``font``, ``emoji font``, ``file`` or ``folder``.
        """
        if not isinstance(value, str) or not value:
            return None
        named = (self._folder / value).absolute()
        fault = fault_of_locale(named)
        if fault is None and (why := refusal(named)):
            fault = f"{value!r} is not a valid file name here", f"{why}; rename it"
        if fault is not None:
            self._refused.append(self._source.problem(path, *fault))
            return None
        resolved = named.resolve()
        if not self._allow_outside and not resolved.is_relative_to(self._folder.resolve()):
            what = f"{value!r} lies outside the script's folder"
            hint = "move it there, or allow it with --allow-outside"
            self._refused.append(self._source.problem(path, what, hint))
            return None
        if (named, kind) not in self._faults:
            self._faults[named, kind] = self._workers.submit(_fault, named, kind)
        self._named.append((value, path, self._faults[named, kind]))
        return named

    def sound(self, value: object, path: KeyPath) -> Path | None:
        """Return the sound file of a value; None if it cannot be read."""
        named = self.check(value, path, "sound")
        return None if named is None or self._faults[named, "sound"].result() else named

    def video(self, value: object, path: KeyPath) -> MediaInfo | None:
        """Return the headers of the video of a value; None if it cannot be read."""
        named = self.check(value, path, "video")
        return None if named is None or self._faults[named, "video"].result() else probe(named)

    def still(self, value: object, path: KeyPath) -> Problem | None:
        """Check a still, or the video that it is a frame of; return a fault of its time."""
        frame = video_frame(self._folder, value) if isinstance(value, str) else None
        if frame is None:
            self.check(value, path, "image")
            return None
        if is_still(Path(frame[0])):
            hint = f"leave out {str(value).removeprefix(frame[0])}"
            return self._source.problem(path, f"{frame[0]!r} is a still", hint)
        info = self.video(frame[0], path)
        if info is None or info.video is None:
            return None
        end = info.video.end
        if frame[1] < end:
            return None
        what = f"{float(frame[1]):g} s is past the end of the video, {float(end):.2f} s"
        return self._source.problem(path, what)

    def problems(self) -> list[Problem]:
        """Wait for all checks; return the faults of the files."""
        self._workers.shutdown()
        return self._refused + [
            self._source.problem(path, f"{value!r} {fault[0]}", fault[1])
            for value, path, check in self._named
            if (fault := check.result()) is not None
        ]


def _fault(path: Path, kind: str) -> _Fault:
    if not (path.is_dir() if kind == "folder" else path.is_file()):
        is_other = f"is not a {'folder' if kind == 'folder' else 'file'}"
        return ("does not exist" if not path.exists() else is_other, _sibling(path))
    match kind:
        case "image":
            return _image_fault(file_version(path))
        case "font" | "emoji font":
            return _font_fault(path, coloured=kind == "emoji font")
        case "video":
            return _video_fault(path)
        case "sound":
            return _sound_fault(path)
    return None


class _SizeError(Exception):
    """A still has a size that is not supported; its arguments are those of a `_Fault`."""


@lru_cache(4096)
def _image_fault(file: FileVersion) -> _Fault:
    """Decode a still, unless the same content was intact before."""
    try:
        key = f"{PIL.__version__}:{MOST_PIXELS}:{FURTHEST_ASPECT}:{file_digest(file.path)}"
        remembered("intact_stills.json", key, lambda: _decode(file.path))
    except _SizeError as error:
        what, hint = error.args
        return what, hint
    except Image.DecompressionBombError:
        return "is too large", _TOO_LARGE
    except UnidentifiedImageError:
        info = probe_if_readable(file.path)
        if info is not None and info.video is not None:
            return "is a video", f"name it as clip, or a frame of it as {file.path.name}@1.5s"
        return "is not a readable image", "PNG, JPEG, WebP and TIFF are"
    # Pillow's decoders raise undocumented errors for broken files.
    except Exception as error:
        why = one_line(error) or type(error).__name__
        return f"is a broken image: {why[:200]}", "save it again"
    return None


def _decode(path: Path) -> bool:
    """Decode a still at a reduced size if its format allows that; return True if it is intact.

    Raises:
        _SizeError: it is too large or too elongated.
        Exception: as Pillow's decoders raise it.
    """
    with open_image(path) as image:
        size = f"is {image.width}x{image.height}"
        if image.width * image.height > MOST_PIXELS:
            raise _SizeError(size, _TOO_LARGE)
        if max(image.size) > FURTHEST_ASPECT * min(image.size):
            what = f"one side may be {FURTHEST_ASPECT} times the other at the most"
            raise _SizeError(size, what)
        image.draft("RGB", (64, 64))
        image.load()
    return True


def _sound_fault(path: Path) -> _Fault:
    try:
        length = duration_of(path)
        check_sound(path)
    except WorkError as error:
        return (str(error).removeprefix(f"{path}: "), "is it a sound file?")
    return None if length > 0 else ("has no sound", "is it the right file?")


def _video_fault(path: Path) -> _Fault:
    try:
        info = probe(path)
    except WorkError as error:
        return (str(error).removeprefix(f"{path}: "), "is it a video?")
    if info.still:
        return "is a still", "name it as keyframe"
    if info.video is None:
        return "has no picture", "a clip is a video; name sound under sounds"
    if not (info.video.fps and info.video.frames):
        return "has no frame rate", "is it a whole video?"
    return None


def _font_fault(path: Path, coloured: bool) -> _Fault:
    try:
        if coloured:  # It may have a single size.
            kinds = "fonts with a table CBDT, sbix or COLR are"
            known = has_colour(path.read_bytes())
            return None if known else ("is not a font with emoji in colour", kinds)
        ImageFont.truetype(path, 24)
    except (OSError, ValueError):
        return "is not a readable font", "TrueType and OpenType fonts are"
    return None


def _sibling(path: Path) -> str:
    """Return a hint at a file, or at a folder, with nearly the same name."""
    if "\\" in str(path) and Path(str(path).replace("\\", "/")).exists():
        return "write / between folders"
    if not path.parent.is_dir():
        beside = path.parent.parent
        names = [e.name for e in beside.iterdir() if e.is_dir()] if beside.is_dir() else []
        close = difflib.get_close_matches(path.parent.name, names, 1, _CLOSE)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        return f"there is no folder {path.parent.name!r} either{guess}"
    files = {
        entry.stem.lower(): entry.name
        for entry in path.parent.iterdir()
        if entry.suffix.lower() == path.suffix.lower() and entry.is_file()
    }
    close = difflib.get_close_matches(path.stem.lower(), files, 1, _CLOSE)
    return f"did you mean {files[close[0]]!r}?" if close else "check the name"
