"""The rung of the offload ladder that worked after others failed, in the user's cache."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from ..files.atomic_file import atomic_file
from ..files.locks import locked
from ..files.user_folders import cache_folder

NAME = "offload.json"
TOLERANCE = 1.1
"""A rung is used again as long as the device has at most so much more memory than it had then."""


def recall_rung(key: str, free_gb: float) -> str | None:
    """Return the rung that worked for a shape on a card; None if none failed there before.

    Args:
        key: of the card, the model and the shape of the call.
        free_gb: memory to plan for. With more than there was, the estimate is tried again.
    """
    found = _read(cache_folder() / NAME).get(key)
    if not isinstance(found, dict) or free_gb > found.get("free_gb", 0) * TOLERANCE:
        return None
    return str(found.get("rung"))


def remember_rung(key: str, rung: str, free_gb: float) -> None:
    """Note the rung that worked. Without a writable cache, the next run finds out again."""
    path = cache_folder() / NAME
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f"{NAME}.lock")):
            entries = {**_read(path), key: {"rung": rung, "free_gb": round(free_gb, 2)}}
            with atomic_file(path) as temporary:
                temporary.write_text(json.dumps(entries, indent=1), encoding="utf-8", newline="\n")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
