"""The system's limits on paths, checked before any work: length, characters, reserved names.

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
"""Most characters of a path on Windows without long paths."""
_WINDOWS_TOO_LONG = 206
"""Its error for paths that are too long, ERROR_FILENAME_EXCED_RANGE."""


def refuse_unusable(folder: Path, names: Iterable[str]) -> None:
    """Reject a folder whose outputs would have paths that the system rejects.

    Args:
        folder: of the outputs; need not exist.
        names: paths in it, with slashes.

    Raises:
        InputError: one is too long or invalid, or the folder's name is not text.
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
            what, hint = f"the name {long[0]!r} in it is too long", "give a shorter name"
        elif _is_too_long(path) or any(_length(part) > most for part in folder.parts):
            what, hint = "the path is too long", "give a shorter one with --output"
            if os.name == "nt":
                hint += ", or enable long paths in Windows"
        else:
            continue
        raise InputError(Problem.in_file(folder, what, hint))


def refuse_invalid(folder: PurePath, names: Iterable[str]) -> None:
    """Reject names with characters that Windows forbids, and device names.

    Raises:
        InputError: shows the first one beside a valid name.
    """
    parts = folder.parts[1:] if folder.anchor else folder.parts
    for part in (*parts, *(part for name in names for part in PurePath(name).parts)):
        if part not in (".", "..") and portable(part) != part:
            what = f"{part!r} is not a valid name on Windows"
            raise InputError(Problem.in_file(folder, what, f"{portable(part)!r} is"))


def names_of_file(path: Path) -> Iterator[str]:
    """Yield the paths of a file while it is written: its own and the temporary one."""
    yield path.name
    yield in_scratch(path.name)


def names_of_video(video: Path) -> Iterator[str]:
    """Yield the longest paths of a video while it is made: its own and temporary ones."""
    yield from names_of_file(video)
    yield f".otio-gvideo-{video.stem}.lock"
    yield f"{video.stem}.segments/{in_scratch(f'sound-{0:024}-{0:032}.json')}"
    yield in_scratch(f"{0:08}/sequence10/{0:08}.tiff")


def in_scratch(name: str) -> str:
    """Return a file's temporary path."""
    return f"{SCRATCH}{0:08}/{name}"


def nearest_folder(folder: Path) -> Path:
    """Return the nearest existing folder; if there is none, the drive or server."""
    existing = (above for above in (folder, *folder.parents) if os.path.lexists(above))
    return next(existing, Path(folder.anchor))


def _longest_name(folder: Path) -> int:
    """Return the longest name in a folder, as `_length` counts."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        return 255


def _length(name: str) -> int:
    """Return the bytes of a name; on Windows, its code units of UTF-16."""
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
        return False  # The system cannot encode the name; opening it reports that.
    return False


def exceeds_windows(path: str) -> bool:
    """Whether a path is too long for Windows without long paths.

    Windows counts in UTF-16. A path that begins with ``\\\\?\\`` may have any length.
    """
    is_free = path.startswith("\\\\?\\")
    return not is_free and len(path.encode("utf-16-le", "surrogatepass")) > 2 * _WINDOWS_LONGEST


def _long_paths_enabled() -> bool:
    """Whether Windows allows long paths in this process."""
    import ctypes  # noqa: PLC0415 - for Windows alone

    library = getattr(ctypes, "WinDLL", ctypes.CDLL)("ntdll")
    try:
        return bool(library.RtlAreLongPathsEnabled() & 0xFF)
    except AttributeError:  # Windows before 10, version 1607
        return False
