"""Facts of messages on one line."""

from __future__ import annotations

_LONGEST = 60


def one_line(error: BaseException) -> str:
    """Return the text of an error on one line; it may be empty."""
    return " ".join(str(error).split())


def system_reason(error: BaseException) -> str:
    """Return the reason that the system or FFmpeg gives, without number and file."""
    return str(getattr(error, "strerror", None) or one_line(error))


def shortened(value: object) -> str:
    """Return the `repr` of a value, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def gigabytes(*sizes: float) -> str:
    """Return sizes in bytes as text such as ``1.2 of 6.3 GB`` or ``35.0 MB``."""
    units = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
    scale, unit = next((one for one in units if max(sizes) >= one[0]), units[-1])
    digits = 1 if max(sizes) / scale < 99.5 else 0
    return f"{' of '.join(f'{size / scale:.{digits}f}' for size in sizes)} {unit}"
