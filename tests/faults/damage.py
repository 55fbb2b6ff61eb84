"""Kinds of damage to a file after it was written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path


def flip(share: float) -> Callable[[Path], None]:
    """Flip one bit at a share of the file."""

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[min(int(share * len(data)), len(data) - 1)] ^= 0x10
        path.write_bytes(data)

    return damage


def zero_block(path: Path) -> None:
    """Zero a block of 4 KiB, like a lost disk block."""
    data = bytearray(path.read_bytes())
    start = len(data) // 2
    length = min(4096, len(data) - start)
    data[start : start + length] = bytes(length)
    path.write_bytes(data)


def truncate(path: Path) -> None:
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def empty(path: Path) -> None:
    """Truncate a file to zero bytes."""
    path.write_bytes(b"")


def swap(path: Path) -> None:
    """Swap a file with the next of its kind."""
    other = _other(path)
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one)


def replace_same_size(path: Path) -> None:
    """Replace a file with another valid one, adjusted to the same size and time.

    An MP4 stays valid with zeros (free space) at its end, or without the end of its data.
    """
    size, changed = path.stat().st_size, path.stat().st_mtime_ns
    data = _other(path).read_bytes()
    path.write_bytes(data[:size].ljust(size, b"\0"))
    os.utime(path, ns=(changed, changed))


def delete(path: Path) -> None:
    """Delete a file."""
    path.unlink()


def break_json(path: Path) -> None:
    """Cut the JSON of a sidecar in half."""
    path.write_text(path.read_text()[: path.stat().st_size // 2])


def drop_hashes(path: Path) -> None:
    """Keep only the fields of a sidecar that the first versions wrote."""
    document = json.loads(path.read_text())
    kept = {name: document[name] for name in ("key", "bytes", "recipe") if name in document}
    path.write_text(json.dumps(kept))


def _other(path: Path) -> Path:
    same = sorted(p for p in path.parent.glob(f"[!.]*{path.suffix}") if p != path)
    return same[0]
