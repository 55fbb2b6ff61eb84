"""Plain names in a scratch folder for files elsewhere."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path


def stand_in(source: Path, target: Path) -> None:
    """Link a file or folder into a scratch folder; copy it if links are not permitted (Windows).

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
