"""Atomic writes with one-line errors."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ...renderers.files.atomic_file import atomic_file, scratch_folder
from ..errors import WorkError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)
"""Error codes of a full, read-only or failing disk."""
_NO_ROOM_BYTES = 1 << 16


@contextlib.contextmanager
def atomic_output(path: Path, check: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Yield a temporary path; after the block it is renamed to ``path``.

    Args:
        path: of a file or folder.
        check: called with the flushed file before the rename; raises if it is torn.

    Raises:
        WorkError: the folder cannot be written to, or the disk is full.
    """
    with _one_line(path, atomic_file(path, check)) as temporary:
        yield temporary


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Yield a temporary folder in ``parent``.

    Raises:
        WorkError: the folder cannot be written to, or the disk gets full.
    """
    with _one_line(parent, scratch_folder(parent)) as folder:
        yield folder


@contextlib.contextmanager
def _one_line(path: Path, made: AbstractContextManager[Path]) -> Iterator[Path]:
    """Turn the system's errors into one line; those of the caller only if the disk is full."""
    of_caller: OSError | None = None
    try:
        with made as temporary:
            try:
                yield temporary
            except OSError as error:
                of_caller = error
                raise
    except OSError as error:
        if error is of_caller and error.errno not in FULL:
            raise
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error


def torn_reason(path: Path) -> str:
    """Return the likely reason for a torn file that was just written."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(path.parent).free < _NO_ROOM_BYTES:
            return "no space left on device"
    return "the program that wrote it reported no error"
