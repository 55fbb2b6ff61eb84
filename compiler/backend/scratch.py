"""Scratch: a folder for parts of a file in the making, which no run leaves behind for good."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...renderers.processes import is_running
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
        if owner is not None and not is_running(int(owner[1])):
            shutil.rmtree(old, ignore_errors=True)
    try:
        made = tempfile.TemporaryDirectory(
            prefix=f"{prefix}{os.getpid()}-", dir=parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise WorkError(f"{parent}: cannot be written: {error.strerror or error}") from error
    with made as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno in FULL:
                raise WorkError(f"{parent}: cannot be written: {error.strerror}") from error
            raise


def stand_in(source: Path, target: Path) -> None:
    """Give a file, or a folder of files, a name in the scratch folder.

    A link, or a copy if links are not permitted, as for most users of Windows.

    Raises:
        OSError: it can neither be linked nor copied, or the name is taken.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with suppress(OSError, NotImplementedError):
        target.symlink_to(source.absolute(), target_is_directory=source.is_dir())
        return
    if source.is_dir():
        shutil.copytree(source, target)
        return
    with suppress(OSError, NotImplementedError):
        target.hardlink_to(source)
        return
    shutil.copyfile(source, target)
