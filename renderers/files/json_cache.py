"""Small tables in JSON in the user's cache, for any number of processes at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

from .atomic_file import atomic_file
from .locks import locked
from .user_folders import cache_folder


def read_entries(name: str) -> dict[str, Any]:
    """Return the entries of a table; none if it is missing or damaged."""
    try:
        found = json.loads((cache_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def update_entries(name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Let a function change the entries of a table. Without a writable cache, nothing is kept."""
    path = cache_folder() / name
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f"{name}.lock")):
            entries = read_entries(name)
            change(entries)
            with atomic_file(path) as temporary:
                temporary.write_text(json.dumps(entries, indent=1), encoding="utf-8", newline="\n")


def remembered(name: str, key: str, make: Callable[[], Any], kept: int = 4096) -> Any:
    """Return a JSON value from a table, else make and keep it.

    Args:
        name: of the table.
        key: of everything that decides the value: content, not names and times of files.
        make: makes the value; its exceptions are not cached.
        kept: entries to keep, the latest ones.
    """
    entry = read_entries(name).get(key)
    if isinstance(entry, list) and len(entry) == 2 and entry[1] == _checksum(key, entry[0]):
        return entry[0]
    value = make()

    def add(entries: dict[str, Any]) -> None:
        entries.pop(key, None)
        entries[key] = [value, _checksum(key, value)]
        for old in list(entries)[:-kept]:
            del entries[old]

    update_entries(name, add)
    return value


def _checksum(key: str, value: Any) -> str:
    return hashlib.sha256(json.dumps([key, value], sort_keys=True).encode()).hexdigest()[:16]
