"""Paths as text: timelines, reports and scripts hold valid UTF-8 only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, Problem
from ..printing import is_text

_LOCALE_FAULT = f"cannot be named in this locale, whose encoding is {sys.getfilesystemencoding()}"
_LOCALE_HINT = "set PYTHONUTF8=1, or LC_ALL=C.UTF-8"


def refuse_unnamable(paths: Iterable[Path]) -> None:
    """Reject paths that are not valid text; relative paths with the working directory.

    Raises:
        InputError: lists all of them, with escaped bytes.
    """
    wrong = [path for path in map(Path.absolute, paths) if not is_text(str(path))]
    if wrong:
        raise InputError(map(_problem, wrong))


def fault_of_locale(path: Path) -> tuple[str, str] | None:
    """Return fact and hint if this locale cannot encode a path; else None."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return _LOCALE_FAULT, _LOCALE_HINT
    return None


def _problem(path: Path) -> Problem:
    name = os.fsencode(path)
    shown = name.decode("utf-8", "backslashreplace")
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        what = "its name is not valid UTF-8, which timelines and reports require"
        return Problem.in_file(shown, what, "rename the file or folder")
    return Problem.in_file(shown, _LOCALE_FAULT, _LOCALE_HINT)
