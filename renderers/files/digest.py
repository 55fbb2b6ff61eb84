"""SHA-256 of files and folders."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from ..base import RendererError

SAMPLED_ABOVE = 256 << 20
"""Bytes of a file above which its digest is taken from samples."""
_PIECES, _PIECE = 64, 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, or of a folder's: the names and contents of its files.

    A file is read again only when its size or time of change is another. Of files larger than
    `SAMPLED_ABOVE`, which are weights of models, it is that of their size and of pieces all over
    them: reading gigabytes would take longer than some renders.

    Raises:
        RendererError: the file cannot be read.
    """
    try:
        if path.is_dir():
            lines = [
                f"{_stat_digest(file)} {file.relative_to(path).as_posix()}"
                # By their parts: paths of Windows would be sorted without regard to case.
                for file in sorted(path.rglob("*"), key=lambda file: file.relative_to(path).parts)
                if file.is_file()
            ]
            return hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return _stat_digest(path)
    except OSError as error:
        raise RendererError(f"{path}: cannot be read: {error.strerror}") from error


def _stat_digest(path: Path) -> str:
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=65536)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as stream:
        if size <= SAMPLED_ABOVE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        sample = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            stream.seek((size - _PIECE) * piece // (_PIECES - 1))
            sample.update(stream.read(_PIECE))
        return sample.hexdigest()
