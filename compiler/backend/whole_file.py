"""Files that are there whole or not at all: written aside, flushed, then renamed."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from ...renderers.replace import replace_file
from ..errors import WorkError

_NAME_BYTES = 180


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; when the block ends well, it becomes ``path``.

    The temporary name ends in ``.<process>.<thread>.tmp``, so that leftovers of a process that was
    killed can be told from files in the making.

    Raises:
        WorkError: the folder cannot be written to, or the disk is full.
    """
    stem = path.name.encode()[:_NAME_BYTES].decode(errors="ignore")
    temporary = path.with_name(f".{stem}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with writing(path):
            with temporary.open("r+b") as stream:  # Windows flushes writable files only.
                os.fsync(stream.fileno())
            replace_file(temporary, path)
            _flush_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise WorkError(f"{path}: cannot be written: {error.strerror or error}") from error


def _flush_folder(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
