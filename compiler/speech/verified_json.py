"""JSON in a cache, with a digest of itself: damaged files count as absent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..outputs.paths import write_text


def write_verified(path: Path, content: object) -> None:
    """Write JSON values.

    Raises:
        WorkError: the file cannot be written.
    """
    text = json.dumps(content)
    write_text(path, json.dumps({"sha256": text_digest(text), "content": text}) + "\n")


def read_verified(path: Path) -> Any:
    """Return JSON values as they were written; None if there are none, or they are damaged."""
    try:
        document = json.loads(path.read_text("utf-8"))
        text = str(document["content"])
        return json.loads(text) if document["sha256"] == text_digest(text) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
