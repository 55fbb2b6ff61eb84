"""Facts of error messages on one line."""

from __future__ import annotations

_LONGEST = 60


def one_line(error: BaseException) -> str:
    """Return the text of an error on one line; it may be empty."""
    return " ".join(str(error).split())


def shortened(value: object) -> str:
    """Return the `repr` of a value, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
