"""Draw text in a colour font with HarfBuzz, which joins its sequences.

Bitmaps (``CBDT``, ``sbix``) and layers of outlines (``COLR``) are drawn, not pictures in ``SVG``.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uharfbuzz as hb
from PIL import Image

from ....renderers.image.open_image import open_image

EM = 160
"""Pixels of an em."""
_UNITS = 64
"""HarfBuzz's units in a pixel."""
_MOST = 16
"""Most glyphs of a sequence, each of 3 ems on average."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A picture as RGBA, and its box in pixels, whose origin is on the baseline."""

    image: Image.Image
    box: tuple[int, int, int, int]

    @property
    def middle(self) -> float:
        """Its middle, in pixels below the baseline."""
        return (self.box[1] + self.box[3]) / 2


@functools.lru_cache(4)
def _load(path: Path, digest: str) -> hb.Font:
    loaded = hb.Font(hb.Face(hb.Blob(path.read_bytes())))
    loaded.scale = (EM * _UNITS, EM * _UNITS)
    return loaded


def draw_text(path: Path, digest: str, text: str) -> Glyph | None:
    """Draw a text; None if the font does not have all of it in colour, or is damaged there.

    Args:
        path: of the font.
        digest: of its content: a font that is replaced is loaded again.
        text: of at most `_MOST` glyphs.
    """
    try:
        loaded = _load(path, digest)
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        hb.shape(loaded, buffer)
        width = sum(abs(at.x_advance) + abs(at.x_offset) for at in buffer.glyph_positions)
        if len(buffer.glyph_infos) > _MOST or width > _MOST * 3 * EM * _UNITS:
            return None
        pen, parts = 0, []
        for info, at in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            drawn = _bitmap(loaded, info.codepoint) or _layers(loaded, info.codepoint)
            if drawn is not None:
                left = round((pen + at.x_offset) / _UNITS) + drawn.box[0]
                parts.append((drawn.image, left, drawn.box[1]))
            elif info.codepoint == 0 or not _is_blank(loaded, info.codepoint):
                return None
            pen += at.x_advance
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if not parts:
        return None
    edge, top = min(left for _, left, _ in parts), min(top for _, _, top in parts)
    width = max(left + image.width for image, left, _ in parts) - edge
    height = max(top + image.height for image, _, top in parts) - top
    canvas = Image.new("RGBA", (width, height))
    for image, left, upper in parts:
        canvas.alpha_composite(image, (left - edge, upper - top))
    box = canvas.getbbox()
    if box is None:
        return None
    return Glyph(canvas.crop(box), (box[0] + edge, box[1] + top, box[2] + edge, box[3] + top))


def _is_blank(font: hb.Font, glyph: int) -> bool:
    extents = font.get_glyph_extents(glyph)
    return extents is None or not extents.width or not extents.height


def _bitmap(font: hb.Font, glyph: int) -> Glyph | None:
    """Return a glyph that is a bitmap; None if it is none."""
    data, extents = font.get_glyph_color_png(glyph).data, font.get_glyph_extents(glyph)
    if not data or extents is None:
        return None
    left, top = round(extents.x_bearing / _UNITS), -round(extents.y_bearing / _UNITS)
    width, height = (round(abs(x) / _UNITS) for x in (extents.width, extents.height))
    if not 0 < width <= 3 * EM or not 0 < height <= 3 * EM:
        return None
    image = open_image(io.BytesIO(data)).convert("RGBA")
    scaled = image.resize((width, height), Image.Resampling.LANCZOS)
    return Glyph(scaled, (left, top, left + width, top + height))


def _layers(font: hb.Font, glyph: int) -> Glyph | None:
    """Return a glyph that is layers of outlines, in a frame of 3 ems; None if it is none."""
    side, low = 3 * EM, -EM
    paint = hb.RasterPaint()
    paint.scale_factor = (_UNITS, _UNITS)
    paint.extents = hb.RasterExtents(x_origin=low, y_origin=low, width=side, height=side, stride=0)
    if not paint.paint_glyph_or_fail(font, glyph):
        return None
    drawn = paint.render()
    if drawn is None:
        return None
    rows = np.frombuffer(drawn.buffer, np.uint8).reshape(side, -1, 4)[::-1, :side]
    alpha = rows[..., 3:].astype(np.float32)
    colours = rows[..., 2::-1] * (255 / np.maximum(alpha, 1))  # They are premultiplied.
    rgba = np.concatenate([colours.round().clip(0, 255), alpha], axis=2).astype(np.uint8)
    return Glyph(Image.fromarray(rgba), (low, -2 * EM, 2 * EM, EM))
