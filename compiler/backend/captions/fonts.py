"""Fonts: the two bundled ones, and the metrics of a font file.

Rubik Bold (Latin, Cyrillic, Hebrew, Arabic) and Noto Emoji Bold are under the SIL Open Font
License. For other letters libass falls back to the fonts of the machine. Tables of a font file:
https://learn.microsoft.com/typography/opentype/spec/.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import ImageFont

from ...errors import WorkError
from ...files.file_version import FileVersion, file_version
from ...files.font_tables import font_tables

FOLDER = Path(__file__).parent.parent / "fonts"
RUBIK = FOLDER / "Rubik-Bold.ttf"
EMOJI = FOLDER / "NotoEmoji-Bold.ttf"
SUFFIXES = (".ttf", ".otf", ".ttc")
"""Suffixes of font files."""
_MEASURED_AT = 200
"""Size in pixels at which widths are measured, so that rounding is negligible."""
_NO_LETTER = "\U0010fffe"
"""A code point without a glyph in any font."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """A font file.

    Attributes:
        path: the file.
        family: its name in an ASS style.
        weight: 400 for regular, 700 for bold.
        em: share of the line height of libass (the Windows ascent and descent).
        middle: of that line above the baseline, in ems.
        digest: SHA-256 of the file, shortened.
    """

    path: Path
    family: str
    weight: int
    em: float
    middle: float
    digest: str

    def has(self, letter: str) -> bool:
        """Whether the font has a glyph for a letter; True for invisible letters."""
        return is_invisible(letter) or _has(self.path, self.digest)(letter)

    def width(self, text: str, size: float) -> float:
        """Return the width of a text at an em of ``size``; letters of other fonts are estimated."""
        return _ems(self.path, self.digest, text) * size

    def reach(self, text: str, size: float) -> float:
        """Return how far letters reach up or down from the middle of their line.

        Args:
            text: of one line; letters of other fonts are left out.
            size: of an em.
        """
        top, bottom = _ink(self.path, self.digest, text)
        return max(top - self.middle, bottom + self.middle, 0.0) * size


@functools.lru_cache(1 << 16)
def _ems(path: Path, digest: str, text: str) -> float:
    has = _has(path, digest)
    own = [is_invisible(letter) or has(letter) for letter in text]
    known = "".join(letter for letter, here in zip(text, own, strict=True) if here)
    foreign = sum(
        1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.65
        for letter, here in zip(text, own, strict=True)
        if not here
    )
    return float(_font(path, digest).getlength(known)) / _MEASURED_AT + foreign


@functools.lru_cache(1 << 12)
def _ink(path: Path, digest: str, text: str) -> tuple[float, float]:
    """Return how far letters reach above and below the baseline, in ems."""
    has = _has(path, digest)
    known = "".join(letter for letter in text if has(letter))
    _, top, _, bottom = _font(path, digest).getbbox(known, anchor="ls")
    return -top / _MEASURED_AT, bottom / _MEASURED_AT


def rubik() -> FontFace:
    """Return the default font of captions."""
    return face_of(RUBIK)


def emoji() -> FontFace:
    """Return the emoji font of outlines, for emoji that no colour font draws."""
    return face_of(EMOJI)


def face_of(path: Path) -> FontFace:
    """Read the metrics of a font file.

    Raises:
        WorkError: it is not a readable font.
    """
    return _face(file_version(path))


@functools.cache
def _face(file: FileVersion) -> FontFace:
    path = file.path
    try:
        data = path.read_bytes()
        tables = font_tables(data)
        units = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
        weight = struct.unpack_from(">H", data, tables[b"OS/2"] + 4)[0]
        ascent, descent = struct.unpack_from(">hh", data, tables[b"OS/2"] + 74)
        if not ascent + descent:
            ascent, descent = struct.unpack_from(">hh", data, tables[b"hhea"] + 4)
            descent = -descent
        digest = hashlib.sha256(data).hexdigest()[:16]
        family = _family(data, tables[b"name"]) or str(_font(path, digest).getname()[0])
        em, middle = units / (ascent + descent), (ascent - descent) / 2 / units
        return FontFace(path, family, weight, em, middle, digest)
    except (OSError, struct.error, KeyError, ZeroDivisionError) as error:
        raise WorkError(f"{path}: is not a readable font") from error


def is_invisible(letter: str) -> bool:
    """Whether a letter has no glyph of its own: blanks, joiners, variation selectors."""
    return unicodedata.category(letter) in ("Zs", "Cf") or "\ufe00" <= letter <= "\ufe0f"


def _family(data: bytes, table: int) -> str:
    """Return the English Windows family name (name ID 1), by which libass finds a font."""
    count, strings = struct.unpack_from(">HH", data, table + 2)
    for n in range(count):
        platform, _, language, name, length, offset = struct.unpack_from(
            ">6H", data, table + 6 + 12 * n
        )
        if (platform, language, name) == (3, 0x409, 1):
            start = table + strings + offset
            return data[start : start + length].decode("utf-16-be", "replace")
    return ""


@functools.cache
def _font(path: Path, _: str) -> ImageFont.FreeTypeFont:
    """Open the font with a digest; the path may hold another one later."""
    return ImageFont.truetype(path, _MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)


@functools.cache
def _has(path: Path, _: str) -> Callable[[str], bool]:
    font = ImageFont.truetype(path, 24, layout_engine=ImageFont.Layout.BASIC)
    missing = bytes(font.getmask(_NO_LETTER))

    @functools.cache
    def has(letter: str) -> bool:
        return bytes(font.getmask(letter)) != missing

    return has
