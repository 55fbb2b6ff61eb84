"""Where a reel's files go, and writing the small ones so that none is ever half written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ..renderers.replace import replace_file
from ..renderers.store import Store
from .errors import InputError, Problem, WorkError
from .frontend.model import reel_name
from .path_text import refuse_unnamable

REPORT = "report.json"
FILE_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".gif", ".webp", ".otio")
"""What is a file and no folder to whoever gives such a name."""
_LONGEST_ID, _LONGEST_THREAD = 4_194_304, 140_000_000_000_000
"""What numbers of processes and threads, which stand in temporary names, come to."""
_WHOLE_FILE_BYTES = 180
"""Of a name of a large file that stand in its temporary name."""
_WINDOWS_LONGEST = 259
"""Characters of a path that Windows takes where long paths are not enabled."""
_WINDOWS_TOO_LONG = 206
"""Its error for paths that are too long, ERROR_FILENAME_EXCED_RANGE."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one reel: ``folder/<name>.*`` and ``folder/media``."""

    folder: Path
    name: str
    suffix: str = ".mp4"

    @property
    def timeline(self) -> Path:
        """The OpenTimelineIO timeline."""
        return self.folder / f"{self.name}.otio"

    @property
    def media(self) -> Path:
        """The store of rendered media."""
        return self.folder / "media"

    @property
    def video(self) -> Path:
        """The reel."""
        return self.folder / f"{self.name}{self.suffix}"

    @property
    def srt(self) -> Path:
        """Captions as SubRip."""
        return self.folder / f"{self.name}.srt"

    @property
    def vtt(self) -> Path:
        """Captions as WebVTT."""
        return self.folder / f"{self.name}.vtt"

    @property
    def ass(self) -> Path:
        """Captions as Advanced SubStation Alpha, in the script's style."""
        return self.folder / f"{self.name}.ass"

    @property
    def report(self) -> Path:
        """What was made, from what, and how well."""
        return self.folder / REPORT


def outputs_beside(script: Path, folder: Path | None) -> Outputs:
    """The outputs of a script: in ``folder``, else in ``build/<name>/`` beside the script.

    Raises:
        InputError: a file lies where the folder is to be, the name is a file's, or no text.
    """
    name = reel_name(script)
    chosen = folder or script.parent / "build" / name
    refuse_unnamable([chosen])
    refuse_long(chosen, [_aside(f"{name}.otio")])
    if chosen.exists() and not chosen.is_dir():
        what, hint = "is a file, not a folder", "give another one with --output"
        raise InputError(Problem(str(chosen), 0, 0, "", what, hint))
    if chosen.suffix.lower() in FILE_SUFFIXES and not chosen.exists():
        what = f"is the name of a file, and {chosen.suffix} of one of several that are made"
        hint = f"give a folder with --output; in it the reel is called {name}"
        raise InputError(Problem(str(chosen), 0, 0, "", what, hint))
    return Outputs(chosen, name)


def refuse_unwritable(outputs: Outputs, slots: Iterable[str] = ()) -> None:
    """Before any work is done, see that its results can be written.

    Args:
        outputs: where they go.
        slots: the longest names of slots that will be rendered, as far as they are known.

    Raises:
        InputError: the folder can neither be written to nor made, or names in it are too long.
    """
    folder = outputs.folder
    refuse_long(folder, _names_in(outputs, slots))
    there = _nearest(folder)
    if not there.is_dir():
        what = f"cannot be made: {there} is a file"
    elif not os.access(there, os.W_OK | os.X_OK):
        what = "cannot be written to" if there == folder else f"cannot be made in {there}"
    else:
        return
    raise InputError(Problem(str(folder), 0, 0, "", what, "give another one with --output"))


def refuse_long(folder: Path, names: Iterable[str]) -> None:
    """Before any work is done, see that the system takes the names of files that will be written.

    Args:
        folder: where they will be; need not be there yet.
        names: paths in it, with slashes.

    Raises:
        InputError: one is too long, or the folder's name is no text.
    """
    refuse_unnamable([folder])
    there = _nearest(folder)
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
        raise InputError(Problem(str(folder), 0, 0, "", what, hint))


def _names_in(outputs: Outputs, slots: Iterable[str]) -> Iterator[str]:
    """The longest paths in the folder of outputs, those of temporary files among them."""
    small = (outputs.timeline, outputs.srt, outputs.report)
    yield from (_aside(path.name) for path in small)
    yield from names_of_video(outputs.video)
    media = Store(outputs.media)
    for slot in slots:
        path = media.path_for(slot, "0" * 64)
        yield f"{outputs.media.name}/{_aside(_aside(path.name), whole=True)}"


def names_of_file(path: Path) -> Iterator[str]:
    """The paths beside a small file while it is made, itself among them."""
    yield path.name
    yield _aside(path.name)


def names_of_video(video: Path) -> Iterator[str]:
    """The longest paths beside a video while it is made, itself among them."""
    yield video.name
    yield _aside(video.name, whole=True)
    yield f"{video.stem}.segments/{_aside(f'sound-{0:024}.json', whole=True)}"
    yield f".flatten-{_LONGEST_ID}-{0:08}/tmp{0:08}/sequence10/{0:08}.tiff"


def _aside(name: str, *, whole: bool = False) -> str:
    """The temporary name of a file; of a large one, that `whole_file` gives it."""
    if not whole:
        return f".{name}.{_LONGEST_ID}.tmp"
    kept = name.encode(errors="surrogateescape")[:_WHOLE_FILE_BYTES].decode(errors="ignore")
    return f".{kept}.{_LONGEST_ID}.{_LONGEST_THREAD}.tmp"


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(above for above in (folder, *folder.parents) if os.path.lexists(above))


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
    import ctypes  # noqa: PLC0415 - Windows alone has what is asked

    library = getattr(ctypes, "WinDLL", ctypes.CDLL)("ntdll")
    return bool(library.RtlAreLongPathsEnabled() & 0xFF)


def write_text(path: Path, text: str) -> None:
    """Write a file whole: under a temporary name in the same folder, flushed, then renamed.

    Raises:
        WorkError: the folder cannot be written to, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        replace_file(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_timeline(timeline: otio.schema.Timeline, path: Path) -> None:
    """Write a timeline as ``.otio``."""
    write_text(path, timeline.to_json_string(indent=2) + "\n")
