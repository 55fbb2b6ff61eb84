"""Existence of files by any name: one that the system rejects, as too long, does not exist."""

from __future__ import annotations

import os
from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether a path names a file."""
    return os.path.isfile(path)  # noqa: PTH113 - it does not raise


def is_folder(path: Path) -> bool:
    """Whether a path names a folder."""
    return os.path.isdir(path)  # noqa: PTH112 - it does not raise


def is_there(path: Path) -> bool:
    """Whether a path names anything."""
    return os.path.exists(path)  # noqa: PTH110 - it does not raise


def refusal(path: Path) -> str:
    """Return the system's reason to reject a path, as ``File name too long``; else empty."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return str(error)
    return ""
