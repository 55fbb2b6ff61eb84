"""What was measured in a recording, as arrays in the user's cache: an edit measures nothing again.

A SHA-256 precedes each array; damaged files count as absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...files.atomic_output import atomic_output

MOST_BYTES = 1 << 30
"""Size of the arrays in a folder, of those used last: an hour has some 20 MB."""
_SUFFIX = ".array"
_DIGEST_BYTES = 32


class KeptArrays:
    """Arrays of one recording, each in a file."""

    def __init__(self, path: Path, is_same: Callable[[], bool] = lambda: True):
        """Remember arrays.

        Args:
            path: what their files' names begin with: it stands for the recording and the code.
            is_same: whether the recording is still that one; of another one nothing is kept.
        """
        self._path = path
        self._is_same = is_same

    def array(self, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return an array from its file, else make it and keep it."""
        path = self._path.with_name(f"{self._path.name}-{name}{_SUFFIX}")
        found = _read(path)
        if found is None:
            found = make()
            if not self._is_same():
                return found
            with suppress(WorkError, OSError):  # A cache that cannot be written breaks nothing.
                with atomic_output(path) as temporary, temporary.open("w+b") as stream:
                    _write(stream, found)
                _drop_oldest(path.parent)
        return found


def _write(stream: BufferedRandom, array: NDArray[Any]) -> None:
    stream.write(bytes(_DIGEST_BYTES))
    np.save(stream, array, allow_pickle=False)
    digest = _digest(stream)
    stream.seek(0)
    stream.write(digest)


def _read(path: Path) -> NDArray[Any] | None:
    try:
        with path.open("rb") as stream:
            if stream.read(_DIGEST_BYTES) != _digest(stream):
                return None
            stream.seek(_DIGEST_BYTES)
            found: NDArray[Any] = np.load(stream, allow_pickle=False)
    except (OSError, ValueError):
        return None
    with suppress(OSError):  # A cache that cannot be written is still read.
        path.touch()
    return found


def _digest(stream: BufferedReader | BufferedRandom) -> bytes:
    """Return the SHA-256 of the array in a file."""
    stream.seek(_DIGEST_BYTES)
    return hashlib.file_digest(stream, "sha256").digest()


def _drop_oldest(folder: Path) -> None:
    states = [(path, path.stat()) for path in folder.glob(f"*{_SUFFIX}")]
    total = 0
    for path, state in sorted(states, key=lambda entry: -entry[1].st_mtime):
        total += state.st_size
        if total > MOST_BYTES:
            path.unlink()
