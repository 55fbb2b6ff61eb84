"""Colours as editors state them in generators."""

from __future__ import annotations

import math

from PIL import ImageColor


def parse_colour(value: object) -> tuple[int, int, int, int] | None:
    """Return a colour of a generator as red, green, blue and alpha; None if it is none.

    A name, ``#rrggbb``, ``#rrggbbaa``, or three or four numbers: floats from 0 to 1, or integers up
    to 255.

    >>> parse_colour("#ff800080"), parse_colour([1.0, 0.5, 0.0]), parse_colour([255, 0, 0])
    ((255, 128, 0, 128), (255, 128, 0, 255), (255, 0, 0, 255))
    """
    if isinstance(value, str):
        try:
            named = ImageColor.getcolor(value, "RGBA")
        except ValueError:
            return None
        return named if isinstance(named, tuple) and len(named) == 4 else None
    try:
        numbers = [*value]  # type: ignore[misc]
        parts = [float(number) for number in numbers]
    except (TypeError, ValueError):
        return None
    if len(parts) not in (3, 4) or not all(math.isfinite(part) for part in parts):
        return None
    if all(isinstance(number, float) for number in numbers) or max(parts) <= 1:
        parts = [part * 255 for part in parts]
        parts += [255.0] * (4 - len(parts))
    else:
        parts += [255.0] * (4 - len(parts))
    red, green, blue, alpha = (min(255, max(0, math.floor(part + 0.5))) for part in parts)
    return red, green, blue, alpha
