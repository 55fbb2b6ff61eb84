"""Atomic replacement of a file, retried on a sharing violation.

Windows refuses to replace a file that is open in a player or a virus scanner. A scanner closes it
soon; for a player the error states the way out.
"""

from __future__ import annotations

import errno
import time
from pathlib import Path

RETRY_S = 5.0
"""Seconds of retries for a file in use."""
_DENIED = 5
"""Windows' ERROR_ACCESS_DENIED: the target is open, read-only, or in a folder without rights."""
_IN_USE = (_DENIED, 32, 33)
"""That, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION."""


def replace_file(source: Path, target: Path) -> None:
    """Rename a file atomically, replacing ``target``.

    Raises:
        OSError: it cannot be renamed; ``strerror`` says so if ``target`` is open elsewhere.
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
                if error.winerror == _DENIED:  # type: ignore[attr-defined]
                    what = "it is open in another program, or may not be replaced; close it there"
                raise PermissionError(errno.EACCES, what, str(target)) from error
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, 0.5)
        else:
            return
