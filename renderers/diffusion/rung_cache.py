"""The rung of the offload ladder that worked after others failed, in the user's cache."""

from __future__ import annotations

from ..files.json_cache import read_entries, update_entries

NAME = "offload.json"
TOLERANCE = 1.1
"""A rung is used again as long as the device has at most so much more memory than it had then."""


def recall_rung(key: str, free_gb: float) -> str | None:
    """Return the rung that worked for a shape on a card; None if none failed there before.

    Args:
        key: of the card, the model and the shape of the call.
        free_gb: memory to plan for. With more than there was, the estimate is tried again.
    """
    found = read_entries(NAME).get(key)
    if not isinstance(found, dict) or free_gb > found.get("free_gb", 0) * TOLERANCE:
        return None
    return str(found.get("rung"))


def remember_rung(key: str, rung: str, free_gb: float) -> None:
    """Note the rung that worked. Without a writable cache, the next run finds out again."""
    entry = {"rung": rung, "free_gb": round(free_gb, 2)}
    update_entries(NAME, lambda entries: entries.update({key: entry}))
