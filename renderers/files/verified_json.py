"""JSON in a cache, with a digest of itself: damaged files count as absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .atomic_file import atomic_file
from .digest import text_digest


def write_verified(path: Path, content: object) -> None:
    """Write JSON values.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(content)
    document = json.dumps({"sha256": text_digest(text), "content": text})
    with atomic_file(path) as temporary:
        temporary.write_text(document + "\n", encoding="utf-8", newline="\n")


def read_verified(path: Path) -> Any:
    """Return JSON values as they were written; None if there are none, or they are damaged."""
    try:
        document = json.loads(path.read_text("utf-8"))
        text = str(document["content"])
        return json.loads(text) if document["sha256"] == text_digest(text) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
