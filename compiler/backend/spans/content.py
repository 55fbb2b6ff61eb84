"""What a frame of the reel can show, as plain data, and how it goes on in time.

Everything here is pure; media are known only by their paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class TransparentContent:
    """Nothing: what is below shows through, and below everything is black."""


@dataclass(frozen=True, slots=True)
class ColourContent:
    """One colour: red, green, blue and alpha, 0 to 255, as sRGB has them."""

    rgba: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Bars:
    """Colour bars for lining up: ``smpte`` (RP 219) or ``ebu`` (75 %)."""

    standard: str


@dataclass(frozen=True, slots=True)
class SlateContent:
    """A card that stands where media are missing, and says so in a few lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageContent:
    """One image, for as long as it is wanted."""

    path: Path
    opaque: bool = True


@dataclass(frozen=True, slots=True)
class VideoContent:
    """Moving media.

    Attributes:
        path: the file, or the name that an image sequence goes by.
        start: seconds into it that the span's first frame shows; before its first frame that one
            is seen, after its last the last one.
        speed: seconds of it that pass in a second of the reel; 0 holds one frame, negative ones
            run backwards.
        opaque: whether nothing below it shows through.
    """

    path: Path
    start: Fraction
    speed: Fraction = Fraction(1)
    opaque: bool = True


@dataclass(frozen=True, slots=True)
class TransitionContent:
    """A transition, or a part of one.

    Attributes:
        name: of the transition.
        outgoing, incoming: the pictures, from the span's first frame on.
        frames: of the whole transition.
        done: frames of it that lie before the span.
        rate: frames of it that pass in one of the reel: a retimed composition has others than 1.
    """

    name: str
    outgoing: Picture
    incoming: Picture
    frames: int
    done: Fraction | int = 0
    rate: Fraction | int = 1


@dataclass(frozen=True, slots=True)
class OverlayContent:
    """A picture that is not opaque, and what shows through it."""

    upper: Picture
    lower: Picture


Picture: TypeAlias = (
    TransparentContent
    | ColourContent
    | Bars
    | SlateContent
    | ImageContent
    | VideoContent
    | TransitionContent
    | OverlayContent
)


def advance(picture: Picture, frames: Fraction | int, fps: Fraction) -> Picture:
    """The same picture from some frames later (or, negative, earlier) on."""
    match picture:
        case VideoContent():
            return replace(picture, start=picture.start + frames * picture.speed / fps)
        case TransitionContent():
            return replace(
                picture,
                outgoing=advance(picture.outgoing, frames, fps),
                incoming=advance(picture.incoming, frames, fps),
                done=picture.done + frames * picture.rate,
            )
        case OverlayContent():
            return OverlayContent(
                advance(picture.upper, frames, fps), advance(picture.lower, frames, fps)
            )
    return picture


def retimed(picture: Picture, speed: Fraction) -> Picture:
    """The same picture from the same frame on, so much faster."""
    match picture:
        case VideoContent():
            return replace(picture, speed=picture.speed * speed)
        case TransitionContent():
            return replace(
                picture,
                outgoing=retimed(picture.outgoing, speed),
                incoming=retimed(picture.incoming, speed),
                rate=picture.rate * speed,
            )
        case OverlayContent():
            return OverlayContent(retimed(picture.upper, speed), retimed(picture.lower, speed))
    return picture


def reversed_content(picture: Picture, frames: int, fps: Fraction) -> Picture:
    """What some frames of a picture show when they are seen from the last to the first."""
    return retimed(advance(picture, frames - 1, fps), Fraction(-1))


def is_reversed(picture: Picture) -> bool:
    """Whether any of it has to be turned around in time."""
    match picture:
        case VideoContent():
            return picture.speed < 0
        case TransitionContent():
            inside = is_reversed(picture.outgoing) or is_reversed(picture.incoming)
            return picture.rate < 0 or inside
        case OverlayContent():
            return is_reversed(picture.upper) or is_reversed(picture.lower)
    return False


def composite(picture: Picture, below: Picture) -> Picture:
    """A picture with another one below it."""
    match picture:
        case TransparentContent():
            return below
        case TransitionContent():
            return replace(
                picture,
                outgoing=composite(picture.outgoing, below),
                incoming=composite(picture.incoming, below),
            )
        case OverlayContent():
            return replace(picture, lower=composite(picture.lower, below))
        case ImageContent() | VideoContent() if not picture.opaque:
            return OverlayContent(picture, below)
        case ColourContent() if picture.rgba[3] < 255:
            return OverlayContent(picture, below)
    return picture


def media_paths(picture: Picture) -> Iterator[Path]:
    """Every file that a picture shows."""
    for leaf in leaves(picture):
        if isinstance(leaf, ImageContent | VideoContent):
            yield leaf.path


def leaves(picture: Picture) -> Iterator[Picture]:
    """Every picture in it that holds no other."""
    match picture:
        case TransitionContent():
            yield from leaves(picture.outgoing)
            yield from leaves(picture.incoming)
        case OverlayContent():
            yield from leaves(picture.upper)
            yield from leaves(picture.lower)
        case _:
            yield picture
