"""Caption style: read from a timeline's metadata, with a default safe area for the aspect ratio.

All lengths are pixels of a picture whose shorter side is `SCALE`, and scale with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from PIL import ImageColor

from ...errors import InputError, WorkError
from .colour_emoji import ColourFont, colour_font
from .fonts import SUFFIXES, FontFace, face_of, rubik

SCALE = 1080
"""Pixels of the shorter side at which lengths are stated."""
Kind = Literal["plain", "karaoke", "word"]
Colour: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255."""
_TALL = {"top": 12.0, "right": 12.0, "bottom": 22.0, "left": 12.0}
_WIDE = {"top": 5.0, "right": 5.0, "bottom": 5.0, "left": 5.0}
"""Safe area: percent of the picture that stay free. In a tall picture, apps overlay a name, a text
and buttons on the lower fifth and the right edge; for others it is that of EBU R 95."""
_MOST = 10_000
"""Pixels, or percent."""
_PLACES = {"top": 0.0, "middle": 50.0, "bottom": 100.0}


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """Style of captions.

    Attributes:
        style: ``plain`` lines, ``karaoke`` (the spoken word is highlighted) or ``word`` (a few big
            words at a time).
        font: a font file, or a family installed on the machine; empty for Rubik Bold.
        emoji_font: a colour font's file; empty for the system's.
        size: of an em; None for 72, or 120 if ``style`` is ``word``.
        colour, highlight_colour: of letters, and of the spoken word.
        outline, outline_colour: width and colour of the outline.
        shadow: offset of the shadow, which is half as opaque as the outline.
        box_colour: of a box behind the lines; None for no box.
        position: of the centre of the lines: ``top``, ``middle``, ``bottom``, or percent of the
            picture's height.
        safe_area: percent of the picture that stay free, by side; None for the aspect ratio's.
        capitals: convert to capitals.
        lines: maximum, 1 or 2.
        words: maximum at a time in the style ``word``.
        reading_speed: characters a second that captions aim for.
    """

    style: Kind = "plain"
    font: str = ""
    emoji_font: str = ""
    size: float | None = None
    colour: Colour = (255, 255, 255, 255)
    highlight_colour: Colour = (255, 212, 0, 255)
    outline: float = 6.0
    outline_colour: Colour = (0, 0, 0, 255)
    shadow: float = 3.0
    box_colour: Colour | None = None
    position: str | float = "bottom"
    safe_area: Mapping[str, float] | None = None
    capitals: bool = False
    lines: int = 2
    words: int = 3
    reading_speed: float = 17.0

    @property
    def size_px(self) -> float:
        """The size, or its default."""
        return self.size or (120.0 if self.style == "word" else 72.0)

    def face(self) -> FontFace:
        """Return the font for measuring text: the file in ``font``, else Rubik.

        Raises:
            WorkError: the file cannot be read.
        """
        return face_of(Path(self.font)) if is_font_file(self.font) else rubik()

    def colour_font(self) -> ColourFont | None:
        """Return the font of emoji in colour: the file in ``emoji_font``, else the system's.

        Raises:
            WorkError: the file cannot be drawn in colour.
        """
        return colour_font(Path(self.emoji_font) if self.emoji_font else None)


@dataclass(frozen=True, slots=True)
class Area:
    """A picture with a shorter side of `SCALE` pixels, and its margins around captions."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float

    @property
    def room(self) -> float:
        """Maximum width of a line, which is centred in the picture."""
        return self.width - 2 * max(self.left, self.right)

    def off_heads(
        self, position: str | float, block: float, heads: tuple[float, float]
    ) -> str | float:
        """Return the position of lines, for those at the bottom the one that hides least of heads.

        Args:
            position: of the style.
            block: height of the lines.
            heads: rows that heads reach, 0..1 of the picture's height.
        """
        if position != "bottom":
            return position
        top, bottom = (row * self.height for row in heads)

        def hidden(place: str) -> int:
            middle = self.middle(place, block)
            return max(0, round(min(bottom, middle + block / 2) - max(top, middle - block / 2)))

        return min(("bottom", "top", "middle"), key=hidden)

    def middle(self, position: str | float, block: float) -> float:
        """Return the vertical centre of a block of lines, clamped to the area."""
        percent = _PLACES[position] if isinstance(position, str) else position
        low, high = self.top + block / 2, self.height - self.bottom - block / 2
        return min(max(percent / 100 * self.height, low), max(low, high))


def area_of(style: CaptionStyle, size: tuple[int, int]) -> Area:
    """Return the area for captions in a picture of a size in pixels."""
    shorter = min(size)
    width, height = (round(side * SCALE / shorter) for side in size)
    share = {**(_TALL if height > width else _WIDE), **(style.safe_area or {})}
    return Area(
        width=width,
        height=height,
        left=width * share["left"] / 100,
        right=width * share["right"] / 100,
        top=height * share["top"] / 100,
        bottom=height * share["bottom"] / 100,
    )


def read_style(stated: Mapping[str, Any]) -> CaptionStyle:
    """Read a style from ``captions`` in a timeline's metadata.

    Raises:
        InputError: a value is invalid.
    """
    values = {name: _read(name, value) for name, value in stated.items() if name in _READERS}
    style = CaptionStyle(**values)
    try:
        style.face()
    except WorkError as error:
        raise InputError(f"captions.font: {error}") from error
    try:
        if style.emoji_font:
            style.colour_font()
    except WorkError as error:
        raise InputError(f"captions.emoji_font: {error}") from error
    return style


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _READERS[name](value)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(f"captions.{name}: {value!r} cannot be used ({error})") from error


def _kind(value: Any) -> str:
    if value not in get_args(Kind):
        raise ValueError(f"known: {', '.join(get_args(Kind))}")
    return str(value)


def parse_colour(text: str) -> Colour:
    """Parse a CSS colour: ``#fd0``, ``#ffd400``, ``#000000a0`` (with opacity) or a name.

    Raises:
        ValueError: it is not a colour.
    """
    red, green, blue, *opacity = ImageColor.getrgb(text)
    return red, green, blue, opacity[0] if opacity else 255


def parse_position(value: str | float) -> str | float:
    """Parse ``top``, ``middle``, ``bottom``, or percent of the height: a number, or ``65%``.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str) and value in _PLACES:
        return value
    return _number(value.removesuffix("%") if isinstance(value, str) else value)


def _number(value: Any) -> float:
    number = float(value)
    if not abs(number) <= _MOST:
        raise ValueError(f"it is more than {_MOST:,}")
    return number


def is_font_file(font: str) -> bool:
    """Whether a font is a file rather than a family."""
    return font.lower().endswith(SUFFIXES)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "style": _kind,
    "font": str,
    "emoji_font": str,
    "size": _number,
    "colour": parse_colour,
    "highlight_colour": parse_colour,
    "outline": _number,
    "outline_colour": parse_colour,
    "shadow": _number,
    "box_colour": parse_colour,
    "position": parse_position,
    "safe_area": lambda value: {side: _number(value[side]) for side in _TALL if side in value},
    "capitals": bool,
    "lines": lambda value: min(2, max(1, int(value))),
    "words": lambda value: max(1, int(value)),
    "reading_speed": lambda value: max(1.0, _number(value)),
}
