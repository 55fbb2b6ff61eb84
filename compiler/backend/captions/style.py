"""How captions look: what a timeline states, with defaults that suit the shape of the picture.

All lengths are pixels of a picture whose shorter side is `SCALE`; they grow and shrink with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from PIL import ImageColor

from ...errors import InputError, WorkError
from .fonts import SUFFIXES, Face, face_of, rubik

SCALE = 1080
"""Pixels of the shorter side that lengths are stated for."""
Kind = Literal["plain", "karaoke", "word"]
Colour: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255."""
_TALL = {"top": 12.0, "right": 12.0, "bottom": 22.0, "left": 12.0}
_WIDE = {"top": 5.0, "right": 5.0, "bottom": 5.0, "left": 5.0}
"""Shares (percent) of the picture that stay free. In a tall one the apps put a name, a text and a
row of buttons over the lower fifth and the right edge; in others it is EBU R 95's margin."""
_MOST = 10_000
"""Pixels, or percent."""
_PLACES = {"top": 0.0, "middle": 50.0, "bottom": 100.0}


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """The look of captions.

    Attributes:
        style: ``plain`` lines, ``karaoke`` (the spoken word lights up) or ``word`` (a few big
            words at a time).
        font: a font file, or the name of a family that the machine has; empty for Rubik Bold.
        size: of the letters (an em); None for 72, and 120 where ``style`` is ``word``.
        colour, highlight_colour: of the letters, and of the word that is spoken.
        outline, outline_colour: the width of the line around letters, and its colour.
        shadow: how far the shadow falls; half as opaque as the outline.
        box_colour: of a box behind the lines; None for no box.
        position: ``top``, ``middle``, ``bottom``, or percent of the picture's height at which the
            middle of the lines is.
        safe_area: percent of the picture that stay free, by side; None for what suits its shape.
        capitals: show all letters as capitals.
        lines: at most that many, 1 or 2.
        words: of the style ``word``: at most that many at a time.
    """

    style: Kind = "plain"
    font: str = ""
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

    @property
    def size_px(self) -> float:
        """The size, also where it is not stated."""
        return self.size or (120.0 if self.style == "word" else 72.0)

    def face(self) -> Face:
        """The font file that letters are measured by: the stated one, else Rubik.

        Raises:
            WorkError: the stated file cannot be read.
        """
        return face_of(Path(self.font)) if is_font_file(self.font) else rubik()


@dataclass(frozen=True, slots=True)
class Area:
    """The picture that captions are laid out in (`SCALE` pixels its shorter side), and where."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float

    @property
    def room(self) -> float:
        """Pixels that a line may be wide; lines are centred in the picture."""
        return self.width - 2 * max(self.left, self.right)

    def middle(self, position: str | float, block: float) -> float:
        """Where the middle of a block of that height is: as asked for, but inside the area."""
        percent = _PLACES[position] if isinstance(position, str) else position
        low, high = self.top + block / 2, self.height - self.bottom - block / 2
        return min(max(percent / 100 * self.height, low), max(low, high))


def area_of(style: CaptionStyle, size: tuple[int, int]) -> Area:
    """Where captions may be in a picture of a size in pixels."""
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
    """The style that a timeline's metadata state under ``captions``.

    Raises:
        InputError: a value is not what it should be.
    """
    values = {name: _read(name, value) for name, value in stated.items() if name in _READERS}
    style = CaptionStyle(**values)
    try:
        style.face()
    except WorkError as error:
        raise InputError(f"captions.font: {error}") from error
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
    """A colour as CSS writes it: ``#fd0``, ``#ffd400``, ``#000000a0`` (with opacity) or a name.

    Raises:
        ValueError: it is none.
    """
    red, green, blue, *opacity = ImageColor.getrgb(text)
    return red, green, blue, opacity[0] if opacity else 255


def parse_position(value: str | float) -> str | float:
    """``top``, ``middle``, ``bottom``, or percent of the height: a number, or as in ``65%``.

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
    """Whether a font is stated as a file rather than as a family."""
    return font.lower().endswith(SUFFIXES)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "style": _kind,
    "font": str,
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
}
