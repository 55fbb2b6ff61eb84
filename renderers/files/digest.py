"""SHA-256 of files and folders."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from ..base import RendererError

SAMPLED_ABOVE = 256 << 20
"""Size in bytes above which a file is hashed by samples."""
_PIECES, _PIECE = 64, 1 << 20


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, or of the names and contents of a folder's files.

    It is cached by size, times and inode, for the life of the process. Files larger than
    `SAMPLED_ABOVE`, weights of models, are hashed by their size and 64 samples of 1 MiB: reading
    gigabytes would take longer than some renders.

    Raises:
        RendererError: the file cannot be read.
    """
    try:
        if path.is_dir():
            lines = [
                f"{_stat_digest(file)} {file.relative_to(path).as_posix()}"
                # By parts: Windows paths are sorted regardless of case.
                for file in sorted(path.rglob("*"), key=lambda file: file.relative_to(path).parts)
                if file.is_file()
            ]
            return hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return _stat_digest(path)
    except OSError as error:
        raise RendererError(f"{path}: cannot be read: {error.strerror}") from error


def _stat_digest(path: Path) -> str:
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


@functools.lru_cache(maxsize=65536)
def _digest(path: Path, size: int, *_state: int) -> str:
    with path.open("rb") as stream:
        if size <= SAMPLED_ABOVE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        sample = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            stream.seek((size - _PIECE) * piece // (_PIECES - 1))
            sample.update(stream.read(_PIECE))
        return sample.hexdigest()
