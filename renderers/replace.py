"""Renaming a finished file over the one that has its name, also where another program reads that.

Windows refuses to replace a file that is open in a player or being looked at by a virus scanner.
The scanner is through in a moment; the player's owner is told.
"""

from __future__ import annotations

import errno
import time
from pathlib import Path

RETRY_S = 5.0
"""Seconds for which a file that is in use is tried again."""
_IN_USE = (5, 32, 33)
"""Windows: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""


def replace_file(source: Path, target: Path) -> None:
    """Rename a file, over another one where there is one: never half of either is seen.

    Raises:
        OSError: it cannot be renamed; where that is because ``target`` is open elsewhere, its
            ``strerror`` says so.
    """
    deadline = time.monotonic() + RETRY_S
    wait_s = 0.01
    while True:
        try:
            source.replace(target)
        except OSError as error:
            if getattr(error, "winerror", None) not in _IN_USE:
                raise
            if time.monotonic() + wait_s > deadline:
                what = "it is open in another program; close it there and run again"
                raise PermissionError(errno.EACCES, what, str(target)) from error
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, 0.5)
        else:
            return
