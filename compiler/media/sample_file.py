"""Samples of a long sound in a temporary file, which no name leads to: memory has what is read."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SampleSource(Protocol):
    """Mono samples at 16 kHz, in memory or in a file."""

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, part: slice, /) -> NDArray[np.int16]:
        """Return samples in a row."""
        ...


class SampleFile:
    """Samples in a file that is deleted with this object, or when the process ends."""

    def __init__(self, blocks: Iterable[NDArray[np.int16]], folder: Path):
        """Write samples.

        Args:
            blocks: of samples.
            folder: of the file.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `finalize`
        weakref.finalize(self, self._file.close)
        self._count, self._lock = 0, threading.Lock()
        for block in blocks:
            self._file.write(block.tobytes())
            self._count += len(block)
        self._file.flush()

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._count

    def __getitem__(self, part: slice, /) -> NDArray[np.int16]:
        """Return samples in a row."""
        first, last, _ = part.indices(self._count)
        with self._lock:
            self._file.seek(2 * first)
            found = self._file.read(2 * max(0, last - first))
        return np.frombuffer(found, np.int16)
