"""Values of Advanced SubStation Alpha (ASS): texts, colours and numbers."""

from __future__ import annotations

from .style import Colour


def escape(text: str) -> str:
    r"""Escape braces, and separate backslashes from the next letter, so that nothing is a tag.

    >>> escape("{\\an8}")
    '\\{\\\u2060an8\\}'
    """
    return text.replace("\\", "\\\u2060").replace("{", r"\{").replace("}", r"\}")


def ass_colour(colour: Colour) -> str:
    """Return a colour as ``&HAABBGGRR``, where alpha 0 is opaque."""
    red, green, blue, opacity = colour
    return f"&H{255 - opacity:02X}{blue:02X}{green:02X}{red:02X}"


def ass_bgr(colour: Colour) -> str:
    """Return a colour as ``&HBBGGRR&``, for an override tag."""
    red, green, blue, _ = colour
    return f"&H{blue:02X}{green:02X}{red:02X}&"


def ass_number(value: float) -> str:
    """Return a number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
