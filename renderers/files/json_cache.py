"""Small tables in JSON in the user's cache, for any number of processes at once."""

from __future__ import annotations

import contextlib
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
    except (OSError, ValueError):
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
