"""Limits of the system on paths, checked before any work: length, letters, reserved names.

Temporary names count: they are longer than the final ones.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

from ...renderers.files.atomic_file import SCRATCH
from ...renderers.files.file_names import portable
from ..errors import InputError, Problem
from .path_text import refuse_unnamable

_WINDOWS_LONGEST = 259
"""Characters of a path that Windows takes where long paths are not enabled."""
_WINDOWS_TOO_LONG = 206
"""Its error for paths that are too long, ERROR_FILENAME_EXCED_RANGE."""


def refuse_unusable(folder: Path, names: Iterable[str]) -> None:
    """Reject a folder in which the system would refuse the names of the outputs.

    Args:
        folder: of the outputs; need not exist yet.
        names: paths in it, with slashes.

    Raises:
        InputError: one is too long or invalid, or the folder's name is no text.
    """
    refuse_unnamable([folder])
    if os.name == "nt":
        refuse_invalid(folder, names := tuple(names))
    there = nearest_folder(folder)
    most = _longest_name(there)
    for name in names:
        path = folder / name
        long = [part for part in Path(name).parts if _length(part) > most]
        if long:
            what, hint = f"{long[0]!r} in it is too long a name", "give a shorter name"
        elif _is_too_long(path) or any(_length(part) > most for part in folder.parts):
            what, hint = "the path is too long", "give a shorter one with --output"
            if os.name == "nt":
                hint += ", or enable long paths in Windows"
        else:
            continue
        raise InputError(Problem.in_file(folder, what, hint))


def refuse_invalid(folder: PurePath, names: Iterable[str]) -> None:
    """Reject names with letters that Windows does not take, and those of its devices.

    Raises:
        InputError: shows the first of them beside a valid one.
    """
    parts = folder.parts[1:] if folder.anchor else folder.parts
    for part in (*parts, *(part for name in names for part in PurePath(name).parts)):
        if part not in (".", "..") and portable(part) != part:
            what = f"{part!r} is no valid name on Windows"
            raise InputError(Problem.in_file(folder, what, f"{portable(part)!r} is"))


def names_of_file(path: Path) -> Iterator[str]:
    """The paths beside a file while it is made, itself among them."""
    yield path.name
    yield in_scratch(path.name)


def names_of_video(video: Path) -> Iterator[str]:
    """The longest paths beside a video while it is made, itself among them."""
    yield from names_of_file(video)
    yield f".otio-gvideo-{video.stem}.lock"
    yield f"{video.stem}.segments/{in_scratch(f'sound-{0:024}-{0:032}.json')}"
    yield in_scratch(f"{0:08}/sequence10/{0:08}.tiff")


def in_scratch(name: str) -> str:
    """A file's path while it is made."""
    return f"{SCRATCH}{0:08}/{name}"


def nearest_folder(folder: Path) -> Path:
    """The nearest existing folder; the drive or server itself if it is missing, too."""
    existing = (above for above in (folder, *folder.parents) if os.path.lexists(above))
    return next(existing, Path(folder.anchor))


def _longest_name(folder: Path) -> int:
    """How long a name may be in a folder, as `_length` counts."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        return 255


def _length(name: str) -> int:
    """Bytes of a name; on Windows, code units of UTF-16."""
    if os.name == "nt":
        return len(name.encode("utf-16-le", "surrogatepass")) // 2
    return len(name.encode(errors="surrogateescape"))


def _is_too_long(path: Path) -> bool:
    if os.name == "nt" and exceeds_windows(str(path)) and not _long_paths_enabled():
        return True
    try:
        path.lstat()
    except OSError as error:
        too_long = getattr(error, "winerror", None) == _WINDOWS_TOO_LONG
        return too_long or error.errno == errno.ENAMETOOLONG
    except ValueError:
        return False  # The system's names lack some letter; whoever opens it says so.
    return False


def exceeds_windows(path: str) -> bool:
    """Whether Windows refuses a path for its length where long paths are not enabled.

    It counts in UTF-16. A path that begins with ``\\\\?\\`` may have any length.
    """
    is_free = path.startswith("\\\\?\\")
    return not is_free and len(path.encode("utf-16-le", "surrogatepass")) > 2 * _WINDOWS_LONGEST


def _long_paths_enabled() -> bool:
    """Whether Windows takes longer paths from this process."""
    import ctypes  # noqa: PLC0415 - for Windows alone

    library = getattr(ctypes, "WinDLL", ctypes.CDLL)("ntdll")
    try:
        return bool(library.RtlAreLongPathsEnabled() & 0xFF)
    except AttributeError:  # Windows before 10, version 1607
        return False
