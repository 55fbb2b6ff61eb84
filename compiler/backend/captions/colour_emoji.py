"""Emoji in colour: pictures from a colour font, since libass draws none."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ...errors import WorkError
from ...files.font_tables import has_colour
from .emoji_sequences import SEQUENCE

if TYPE_CHECKING:
    from .emoji_glyphs import Glyph

_INSTALLED = (
    "NotoColorEmoji.ttf",
    "Noto-COLRv1.ttf",
    "Apple Color Emoji.ttc",
    "seguiemj.ttf",
    "Twemoji.Mozilla.ttf",
    "TwemojiMozilla.ttf",
    "JoyPixels.ttf",
    "OpenMoji-color-glyf_colr_1.ttf",
    "OpenMoji-color-glyf_colr_0.ttf",
)
"""File names of colour fonts in the system's folders."""
_USUAL = "\U0001f600"
"""An emoji that others are measured by: one em is its height."""
_MIDDLE = 0.35
"""Middle of an emoji above the baseline, in ems: that of a capital."""


@dataclass(frozen=True, slots=True)
class ColourFont:
    """A colour font.

    Attributes:
        path: of the file.
        digest: SHA-256 of the file, shortened.
    """

    path: Path
    digest: str

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the parts of a text, and whether they are emoji that this font draws.

        Each emoji is a part of its own.
        """
        place = 0
        for match in SEQUENCE.finditer(text):
            if _glyph(self, match[0]) is not None:
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

    def _glyph(self, emoji: str) -> Glyph:
        from .emoji_glyphs import EM, Glyph  # noqa: PLC0415 - see `_glyph`

        blank = Image.new("RGBA", (EM, EM))
        return _glyph(self, emoji) or Glyph(blank, (0, -EM * 4 // 5, EM, EM // 5))


def colour_font(stated: Path | None = None) -> ColourFont | None:
    """Return the stated colour font, else one of the system's; None if there is none.

    Raises:
        WorkError: the stated one cannot be drawn in colour.
    """
    if stated is not None and not stated.is_file():
        raise WorkError(f"{stated}: is not a file")
    for path in _installed() if stated is None else (stated,):
        with suppress(OSError):
            data = path.read_bytes()
            if has_colour(data):
                return ColourFont(path, hashlib.sha256(data).hexdigest()[:16])
    if stated is None:
        return None
    raise WorkError(f"{stated}: has no emoji in colour that can be drawn (CBDT, sbix, COLR)")


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


@functools.lru_cache(4096)
def _glyph(font: ColourFont, text: str) -> Glyph | None:
    """Return a text drawn in one font; None if the font does not have all of it in colour."""
    from .emoji_glyphs import draw_text  # noqa: PLC0415 - loads HarfBuzz for emoji alone

    return draw_text(font.path, font.digest, text)
