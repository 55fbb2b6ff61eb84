"""Scratch: a folder for parts of a file in the making, which no run leaves behind for good."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import WorkError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
"""What the system says where nothing more can be written."""


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder for parts, gone afterwards; those that killed processes left are cleared away.

    Raises:
        WorkError: the folder cannot be written to, or the disk gets full.
    """
    prefix = ".flatten-"
    for old in parent.glob(f"{prefix}*"):
        owner = re.match(rf"{re.escape(prefix)}(\d+)-", old.name)
        if owner is not None and not _is_running(int(owner[1])):
            shutil.rmtree(old, ignore_errors=True)
    try:
        made = tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-", dir=parent)
    except OSError as error:
        raise WorkError(f"{parent}: cannot be written: {error.strerror or error}") from error
    with made as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno in FULL:
                raise WorkError(f"{parent}: cannot be written: {error.strerror}") from error
            raise


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
