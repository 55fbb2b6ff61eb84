"""Atomic writes: a file gets its name only once it is complete, flushed and read back.

It is written under its name in a hidden scratch folder beside its target, then renamed. A scratch
folder holds a lock; if the lock is free, its process was killed, and the next run deletes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .lock_owner import LOST_AFTER_S, UNKNOWN
from .locks import Lock, owner_of, try_lock
from .replace import replace_file

SCRATCH = ".otio-gvideo-scratch-"
"""Prefix of scratch folders; eight hexadecimal digits follow."""
_LOCK = ".lock"
_ATTEMPTS = 100


@contextlib.contextmanager
def atomic_file(path: Path, check: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Yield a temporary path, and rename it to ``path`` unless the block raises.

    Args:
        path: of a file or folder.
        check: reads the flushed temporary file back, and raises if it is incomplete.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(path.parent) as folder:
        temporary = folder / path.name
        yield temporary
        finish(temporary, path, check)


def finish(temporary: Path, path: Path, check: Callable[[Path], None] = lambda _: None) -> None:
    """Flush and check a file or folder in a scratch folder, and rename it to ``path``.

    Arguments and errors as in `atomic_file`.
    """
    for file in temporary.rglob("*") if temporary.is_dir() else [temporary]:
        if file.is_file():
            with file.open("r+b") as stream:  # Windows flushes writable files only.
                os.fsync(stream.fileno())
    check(temporary)
    if temporary.is_dir() and path.is_dir() and not path.is_symlink():
        old = temporary.with_name(f"{temporary.name}.old")
        replace_file(path, old)
        try:
            replace_file(temporary, path)
        except BaseException:
            replace_file(old, path)
            raise
    else:
        replace_file(temporary, path)
    _flush_folder(path.parent)


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a hidden folder in ``parent`` and delete it afterwards; delete leftovers before.

    Raises:
        OSError: the folder cannot be created.
    """
    clear_scratch(parent)
    folder, lock = _new_folder(parent)
    try:
        yield folder
    finally:
        try:
            _remove(folder, lock)
        except KeyboardInterrupt:
            _remove(folder, lock)
            raise


def clear_scratch(parent: Path) -> None:
    """Delete the scratch folders of killed processes."""
    try:
        found = [entry.path for entry in os.scandir(parent) if entry.name.startswith(SCRATCH)]
    except OSError:
        return
    for folder in map(Path, found):
        with contextlib.suppress(OSError):
            # A lock may not reach other machines: keep their recent folders.
            owner, age_s = owner_of(folder / _LOCK), time.time() - folder.stat().st_mtime
            if owner != UNKNOWN and not owner.is_near and age_s < LOST_AFTER_S:
                continue
            lock = None if folder.is_symlink() else try_lock(folder / _LOCK)
            if lock is not None:
                _remove(folder, lock)


def _new_folder(parent: Path) -> tuple[Path, Lock]:
    for _ in range(_ATTEMPTS):
        folder = parent / f"{SCRATCH}{secrets.token_hex(4)}"
        try:
            folder.mkdir()
            lock = try_lock(folder / _LOCK)
        except FileExistsError:
            continue
        except FileNotFoundError:
            if not parent.is_dir():
                raise
            continue  # Another process deleted it as a leftover before it was locked.
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if lock is not None:
            return folder, lock
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(parent))


def _remove(folder: Path, lock: Lock) -> None:
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif not entry.name.startswith(_LOCK):
                entry.unlink(missing_ok=True)
    lock.release()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _flush_folder(folder: Path) -> None:
    """Flush a rename to disk, if the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
