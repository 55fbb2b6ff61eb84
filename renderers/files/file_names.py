"""File names that are valid on every system.

Windows reserves some names for devices, with any suffix and in any case, and drops trailing spaces
and dots
(https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions).
"""

from __future__ import annotations

import re

_DIGITS = "0123456789¹²³"
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in _DIGITS}
)
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')


def is_reserved(name: str) -> bool:
    """Whether a file name is a device on Windows.

    >>> is_reserved("con.2-abc.mp4"), is_reserved("AUX"), is_reserved("con-abc.mp4")
    (True, True, False)
    """
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


def unreserved(name: str) -> str:
    """Return a file name that Windows neither shortens nor takes for a device.

    >>> unreserved("con.2-abc.mp4"), unreserved("teaser."), unreserved("teaser.v1")
    ('_con.2-abc.mp4', 'teaser', 'teaser.v1')
    """
    kept = name.rstrip(" .")
    return f"_{kept}" if not kept or is_reserved(kept) else kept


def portable(name: str) -> str:
    """Return a file name that is valid on every system.

    >>> portable("what?.mp4"), portable("a b.mp4")
    ('what_.mp4', 'a b.mp4')
    """
    return unreserved(_FORBIDDEN.sub("_", name))
