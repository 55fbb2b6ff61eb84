"""Emoji in colour: pictures from a colour font.

libass draws no colour fonts; Pillow draws bitmaps
(``CBDT``, ``sbix``) and layers of outlines (``COLR``, version 0), and joins sequences if its
libraqm finds FriBidi.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from ...errors import WorkError
from ...files.font_tables import has_colour
from .emoji_sequences import SEQUENCE, TONE, is_joined

_INSTALLED = (
    "NotoColorEmoji.ttf",
    "Apple Color Emoji.ttc",
    "seguiemj.ttf",
    "Twemoji.Mozilla.ttf",
    "TwemojiMozilla.ttf",
    "JoyPixels.ttf",
    "OpenMoji-color-glyf_colr_0.ttf",
)
"""File names of colour fonts in the system's folders."""
_SIZES = (256, 160, 136, 128, 109, 96, 72, 64, 32)
"""Sizes in pixels to try: fonts of bitmaps have few."""
_USUAL = "\U0001f600"
"""An emoji that others are measured by: one em is its height."""
_MIDDLE = 0.35
"""Middle of an emoji above the baseline, in ems: that of a capital."""

_SELDOM = re.compile(rf"[0-9#*\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U000e0020-\U000e007f]|{TONE}")
"""Parts of sequences that may have no picture of their own."""
_NO_LETTER = "\U0010fffe"
"""A code point without a picture in any font."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A picture as RGBA, and its box in pixels, whose origin is on the baseline."""

    image: Image.Image
    box: tuple[int, int, int, int]

    @property
    def middle(self) -> float:
        """Its middle, in pixels below the baseline."""
        return (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class ColourFont:
    """A colour font.

    Attributes:
        path: of the file.
        size: in pixels.
        digest: SHA-256 of the file, shortened.
    """

    path: Path
    size: int
    digest: str

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the parts of a text, and whether they are emoji that this font draws.

        Each emoji is a part of its own.
        """
        place = 0
        for match in SEQUENCE.finditer(text):
            if self._draws(match[0]):
                if place < match.start():
                    yield text[place : match.start()], False
                yield match[0], True
                place = match.end()
        if place < len(text):
            yield text[place:], False

    def width(self, emoji: str) -> float:
        """Return the width of an emoji, in ems."""
        return self._glyph(emoji).image.width / self._em

    def picture(self, emoji: str, em: float) -> tuple[Image.Image, float]:
        """Return an emoji that `split` found as RGBA, and its middle in pixels below the baseline.

        Args:
            emoji: the sequence.
            em: in pixels.
        """
        glyph, scale = self._glyph(emoji), em / self._em
        size = tuple(max(1, round(side * scale)) for side in glyph.image.size)
        middle = (glyph.middle - self._glyph(_USUAL).middle) * scale - _MIDDLE * em
        return glyph.image.resize((size[0], size[1]), Image.Resampling.LANCZOS), middle

    @property
    def _em(self) -> int:
        """One em: the height of a usual emoji, in pixels of this font."""
        return self._glyph(_USUAL).image.height

    def _draws(self, emoji: str) -> bool:
        if is_joined(emoji) and not joins_sequences():
            return False
        missing = _glyph(self, _NO_LETTER)
        letters = [_glyph(self, x) for x in emoji if not _SELDOM.match(x)]
        absent = any(x is None or (missing and missing.image == x.image) for x in letters)
        return not absent and _glyph(self, emoji) is not None

    def _glyph(self, emoji: str) -> Glyph:
        found = _glyph(self, emoji)
        side = self.size
        return found or Glyph(Image.new("RGBA", (side, side)), (0, -side * 4 // 5, side, side // 5))


def joins_sequences() -> bool:
    """Whether Pillow draws a sequence as one picture: its libraqm needs the system's FriBidi."""
    return bool(features.check("raqm"))


def colour_font(stated: Path | None = None) -> ColourFont | None:
    """Return the stated colour font, else one of the system's; None if there is none.

    Raises:
        WorkError: the stated one cannot be drawn in colour.
    """
    if stated is not None and not stated.is_file():
        raise WorkError(f"{stated}: is not a file")
    for path in _installed() if stated is None else (stated,):
        for size in _SIZES:
            with suppress(OSError):
                # Not `ImageFont.truetype`, which looks for the name in other folders too.
                ImageFont.FreeTypeFont(path, size)
                data = path.read_bytes()
                if not has_colour(data):
                    break
                return ColourFont(path, size, hashlib.sha256(data).hexdigest()[:16])
    if stated is None:
        return None
    raise WorkError(f"{stated}: has no emoji in colour that can be drawn (CBDT, sbix, COLR 0)")


def _installed() -> Iterator[Path]:
    """Yield the system's fonts of `_INSTALLED`, in its order."""
    found: dict[str, Path] = {}
    for folder in filter(Path.is_absolute, _folders()):
        for parent, _, names in os.walk(folder):
            for name in set(_INSTALLED).intersection(names):
                found.setdefault(name, Path(parent, name))
    return (found[name] for name in _INSTALLED if name in found)


def _folders() -> list[Path]:
    """Return the system's folders of fonts; those of Linux: freedesktop's base directories."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path's raises an error without a home)
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", ""), "Fonts")]
    if sys.platform == "darwin":
        return [Path("/Library/Fonts"), Path("/System/Library/Fonts"), home / "Library/Fonts"]
    own = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [Path(folder, "fonts") for folder in (own, *shared.split(":"))]


@functools.lru_cache(4)
def _load(font: ColourFont) -> ImageFont.FreeTypeFont:
    return ImageFont.FreeTypeFont(font.path, font.size)


@functools.lru_cache(4096)
def _glyph(font: ColourFont, text: str) -> Glyph | None:
    """Draw a text; None if nothing shows, or the font is damaged there."""
    size = font.size
    try:
        face = _load(font)
        reach, down = round(face.getlength(text)) + 2 * size, 2 * size
        canvas = Image.new("RGBA", (reach + size, 3 * size))
        ImageDraw.Draw(canvas).text((size, down), text, font=face, anchor="ls", embedded_color=True)
    except (OSError, ValueError):
        return None
    box = canvas.getbbox()
    if box is None:
        return None
    left, top, right, bottom = box
    return Glyph(canvas.crop(box), (left - size, top - down, right - size, bottom - down))
