"""Hashes of files that were made beside timelines without a report, in the user's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...renderers.files.digest import sha256_of
from ...renderers.files.json_cache import read_entries, update_entries
from ..files.atomic_output import write_errors

_TABLE = "made_files.json"
_KEPT = 4096
"""Files in the table, the latest ones."""


def hash_when_made(path: Path) -> str:
    """Return the SHA-256 of the file that was last made by a name; empty if it is unknown."""
    return str(read_entries(_TABLE).get(str(path), ""))


def keep_hash(path: Path, temporary: Path) -> None:
    """Keep the SHA-256 of a finished file just before it gets its name.

    Raises:
        WorkError: it cannot be read.
    """
    with write_errors(path):
        sha256 = sha256_of(temporary)

    def add(entries: dict[str, Any]) -> None:
        entries.pop(str(path), None)
        entries[str(path)] = sha256
        for old in list(entries)[:-_KEPT]:
            del entries[old]

    update_entries(_TABLE, add)
