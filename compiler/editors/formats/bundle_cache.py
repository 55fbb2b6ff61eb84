"""The cache of unpacked bundles, so that opening a bundle writes nothing beside it.

The key is the SHA-256 of the archive. Unpacking is atomic; a cache hit requires that every file has
its size and CRC; folders unused for `KEPT_S` are evicted.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from ....renderers.error_text import one_line
from ....renderers.files.digest import sha256_of
from ....renderers.files.file_names import portable
from ....renderers.files.replace import replace_file
from ....renderers.files.user_folders import CACHE_VARIABLE, cache_folder
from ...errors import InputError, Problem, WorkError
from ...files.atomic_output import scratch

CONTENT = "content.otio"
MOST_ENTRIES = 10_000
MOST_BYTES = 64 << 30
"""Limit of the unpacked size of a bundle, besides the free space of the disk."""
MOST_RATIO = 200
"""Limit of the compression ratio of a file. Media are stored; JSON compresses to a tenth."""
_RATIO_FROM = 1 << 20
"""Unpacked size in bytes below which any ratio is accepted."""
KEPT_S = 30 * 24 * 3600
"""Seconds after its last use at which a bundle is evicted."""
_BLOCK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DRIVE = re.compile(r"[A-Za-z]:")


def bundles_folder() -> Path:
    """Return the folder of unpacked bundles.

    Raises:
        RuntimeError: the user has no home folder.
    """
    return cache_folder() / "bundles"


def unpacked(path: Path) -> Path:
    """Unpack a bundle if necessary; return its folder, which has the layout of an ``.otiod``.

    Raises:
        InputError: it is not a bundle, holds an invalid entry, or is too large; or the cache is not
            writable.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            files = _files(path, archive)
            return _in_cache(path, archive, files, sha256_of(path))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _unreadable(path, error) from error


def media_name(name: str) -> str:
    """Return the unpacked name of a media file; ``C:a`` is invalid on Windows."""
    return portable(name) if os.name == "nt" else name


def _in_cache(
    path: Path, archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], digest: str
) -> Path:
    cache = ""
    try:
        cache = str(cache_folder())
        parent = bundles_folder()
        folder = parent / digest
        if not _is_whole(folder, files):
            parent.mkdir(parents=True, exist_ok=True)
            _refuse_larger(path, files, min(MOST_BYTES, shutil.disk_usage(parent).free))
            _unpack(path, archive, files, folder)
        with suppress(OSError):
            os.utime(folder)
        _evict(parent, folder)
    except (OSError, RuntimeError, WorkError) as error:
        why = getattr(error, "strerror", None) or error
        what = f"a bundle cannot be unpacked into the cache: {why}"
        hint = f"set {CACHE_VARIABLE} to a writable folder"
        raise InputError(Problem.in_file(cache, what, hint)) from error
    return folder


def _files(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries to unpack, by path below the folder.

    Raises:
        InputError: an entry is invalid.
    """
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        what = f"holds {len(entries)} files; a bundle may hold {MOST_ENTRIES}"
        raise InputError(Problem.in_file(path, what))
    files: dict[str, zipfile.ZipInfo] = {}
    taken: set[str] = set()
    for entry in entries:
        what = _fault(entry)
        name = entry.filename.replace("\\", "/")
        is_wanted = name == CONTENT or (name.startswith("media/") and name != "media/")
        if not what and is_wanted:
            folder, _, own = name.rpartition("/")
            name = f"{folder}/{media_name(own)}" if folder else name
            folded = unicodedata.normalize("NFC", name).casefold()
            if folded in taken:
                what = "occurs twice; names must differ by more than case"
            taken.add(folded)
            files[name] = entry
        if what:
            raise InputError(Problem.in_file(path, what, where=repr(entry.filename)[:200]))
    if CONTENT not in files:
        raise InputError(Problem.in_file(path, f"is not a bundle: it has no {CONTENT}"))
    return files


def _fault(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is invalid; empty if it is valid."""
    parts = entry.filename.replace("\\", "/").removesuffix("/").split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if not parts[0] or _DRIVE.match(parts[0]) or not {".", ".."}.isdisjoint(parts):
        return "leads out of the bundle"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if parts[0] == "media" and (len(parts) > 2 or (len(parts) == 2 and entry.is_dir())):
        return "is a folder within media, or lies in one; a bundle has none"
    if entry.file_size > max(_RATIO_FROM, MOST_RATIO * entry.compress_size):
        return f"unpacks to {entry.file_size} bytes from {entry.compress_size}"
    return ""


def _refuse_larger(path: Path, files: Mapping[str, zipfile.ZipInfo], most: int) -> None:
    total = sum(entry.file_size for entry in files.values())
    if total > most:
        what = f"unpacks to {total} bytes, of which {most} fit"
        raise InputError(Problem.in_file(path, what))


def _is_whole(folder: Path, files: Mapping[str, zipfile.ZipInfo]) -> bool:
    """Whether a folder has all files of a bundle, as regular files with their CRC."""
    return folder.is_dir() and all(_is_same(folder / name, entry) for name, entry in files.items())


def _is_same(path: Path, entry: zipfile.ZipInfo) -> bool:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != entry.file_size:
            return False
        found = 0
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                found = zlib.crc32(block, found)
    except OSError:
        return False
    return found == entry.CRC


def _unpack(
    path: Path, archive: zipfile.ZipFile, files: Mapping[str, zipfile.ZipInfo], folder: Path
) -> None:
    """Unpack atomically; in an existing folder, replace damaged files.

    Raises:
        InputError: the archive is broken.
        OSError, WorkError: the cache is not writable.
    """
    with scratch(folder.parent) as temporary:
        (temporary / "new" / "media").mkdir(parents=True)
        for name, entry in files.items():
            with (temporary / "new" / name).open("xb") as stream:
                for block in _blocks(path, archive, entry):
                    stream.write(block)
        try:
            (temporary / "new").rename(folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES):
                raise
            # Another process unpacked it first, or it is damaged; others may be reading it.
            (folder / "media").mkdir(exist_ok=True)
            for name, entry in files.items():
                if not _is_same(folder / name, entry):
                    replace_file(temporary / "new" / name, folder / name)


def _blocks(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of an entry; its CRC is verified at the end."""
    try:
        with archive.open(entry) as packed:
            yield from iter(lambda: _read(packed), b"")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from error


def _read(packed: IO[bytes]) -> bytes:
    return packed.read(_BLOCK)


def _evict(parent: Path, used: Path) -> None:
    """Remove bundles that were not used recently."""
    now = time.time()
    with suppress(OSError):
        for folder in parent.iterdir():
            is_ours = _DIGEST.fullmatch(folder.name)
            if is_ours and folder != used and now - folder.stat().st_mtime > KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def _unreadable(path: Path, error: Exception) -> InputError:
    why = getattr(error, "strerror", None) or one_line(error) or type(error).__name__
    return InputError(Problem.in_file(path, f"cannot be read as a bundle: {why}"))
