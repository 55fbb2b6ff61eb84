"""Values in messages, and the nearest of the known ones as a hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

_JOINER = re.compile(r"(?<!\\)((?:\\\\)*)\\u200([cd])")
"""A joiner of emoji or of letters as `repr` writes it, after whole backslashes."""


def show(value: object) -> str:
    """Return a value for a message: short, numbers as written."""
    if isinstance(value, Fraction):
        return f"{float(value):.12g}"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = _JOINER.sub(_letter, repr(value)) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:56] + "…'"


def _letter(match: re.Match[str]) -> str:
    return match[1] + chr(0x2000 + int(match[2], 16))


def nearest(value: object, known: Sequence[object]) -> str:
    """Return a hint with the nearest known value, or with all of them."""
    words = [str(word) for word in known]
    close = difflib.get_close_matches(str(value).replace("-", "_").lower(), words, 1, 0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = ", ".join(words[:12]) + (", …" if len(words) > 12 else "")
    return f"known: {listed}"
