"""What was measured in a recording, as arrays in the user's cache: an edit measures nothing again.

The checksums of zip find damage; damaged files count as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...files.atomic_output import atomic_output

MOST_BYTES = 1 << 30
"""Size of the arrays in a folder, of those used last: an hour has some 20 MB."""
_SUFFIX = ".npz"


class KeptArrays:
    """Arrays of one recording, each in a file."""

    def __init__(self, path: Path):
        """Remember arrays.

        Args:
            path: what their files' names begin with: it stands for the recording and the code.
        """
        self._path = path

    def array(self, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return an array from its file, else make it and keep it."""
        path = self._path.with_name(f"{self._path.name}-{name}{_SUFFIX}")
        found = _read(path)
        if found is None:
            found = make()
            with suppress(WorkError, OSError):  # A cache that cannot be written breaks nothing.
                with atomic_output(path) as temporary, temporary.open("wb") as stream:
                    np.savez(stream, kept=found)
                _drop_oldest(path.parent)
        return found


def _read(path: Path) -> NDArray[Any] | None:
    try:
        with np.load(path, allow_pickle=False) as content:
            found: NDArray[Any] = content["kept"]
        path.touch()
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile):
        return None
    return found


def _drop_oldest(folder: Path) -> None:
    states = [(path, path.stat()) for path in folder.glob(f"*{_SUFFIX}")]
    total = 0
    for path, state in sorted(states, key=lambda entry: -entry[1].st_mtime):
        total += state.st_size
        if total > MOST_BYTES:
            path.unlink()
