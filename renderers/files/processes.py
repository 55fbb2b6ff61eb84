"""Process liveness, on POSIX and Windows."""

from __future__ import annotations

import os

IS_WINDOWS = os.name == "nt"


def is_running(pid: int) -> bool:
    """Whether a process of this machine is alive; True if unknown."""
    if IS_WINDOWS:
        # Without a signal 0 on Windows, os.kill would end the process.
        try:
            import psutil  # noqa: PLC0415 - a dependency on Windows and macOS alone
        except ImportError:
            return True
        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
