"""Notice that a disk which was full has space again."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problem

_LEAST_BYTES = 256 * 1024
"""Bytes to become free before another try."""


@dataclass(frozen=True, slots=True)
class FullDisk:
    """A disk that was full.

    Attributes:
        folder: on the disk.
        free: bytes that were free after the failure.
    """

    folder: Path
    free: int

    @classmethod
    def of(cls, problems: Iterable[Problem], folder: Path) -> FullDisk | None:
        """Return the disk of a folder if problems say that it is full."""
        full = os.strerror(errno.ENOSPC).casefold()
        is_full = any(full in str(one).casefold() for one in problems)
        return cls(folder, _free_bytes(folder)) if is_full else None

    def has_space(self) -> bool:
        """Whether there is more space than after the failure."""
        return _free_bytes(self.folder) >= self.free + _LEAST_BYTES


def _free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk of a folder, or of the closest one above that exists."""
    for one in (folder, *folder.parents):
        try:
            return shutil.disk_usage(one).free
        except FileNotFoundError:
            continue
        except OSError:
            break
    return 0
