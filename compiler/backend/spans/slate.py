"""Draw the slate for missing media, in stripes that no one takes for footage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..encode.scale_crop import write_pam

_GROUND, _STRIPE, _INK = (38, 38, 42), (58, 50, 24), (255, 196, 0)
_SMALLEST_PX = 8


def draw_slate(lines: Sequence[str], size: tuple[int, int], path: Path) -> None:
    """Draw a slate.

    Args:
        lines: of text, the first one largest; long ones are shortened in the middle.
        size: width and height of the frame, in pixels.
        path: written as PAM.

    Raises:
        WorkError: the file cannot be written.
    """
    width, height = size
    card = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(card)
    band = max(4, min(size) // 12)
    for left in range(-height, width, 2 * band):
        corners = [(left, height), (left + band, height), (left + band + height, 0),
                   (left + height, 0)]  # fmt: skip
        draw.polygon(corners, fill=_STRIPE)
    edge = max(1, band // 6)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_INK, width=edge)
    middle = (len(lines) - 1) / 2
    pitch = max(_SMALLEST_PX, width // 14) * 1.6
    for number, line in enumerate(lines):
        font = ImageFont.load_default(max(_SMALLEST_PX, width // (12 if number == 0 else 18)))
        shown = _fitting(" ".join(line.split()), font, width * 0.9)
        place = (width / 2, height / 2 + (number - middle) * pitch)
        draw.text(
            place, shown, fill=_INK, font=font, anchor="mm", stroke_width=edge, stroke_fill="black"
        )
    write_pam(np.asarray(card.convert("RGBA")), path)


def _fitting(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    shown, kept = line, len(line)
    while kept > 4 and font.getlength(shown) > width:
        kept -= 1
        shown = f"{line[: (kept + 1) // 2]}…{line[len(line) - kept // 2 :]}"
    return shown
