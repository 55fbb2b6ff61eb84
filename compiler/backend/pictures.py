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
class Clear:
    """Nothing: what is below shows through, and below everything is black."""


@dataclass(frozen=True, slots=True)
class Solid:
    """One colour: red, green, blue and alpha, 0 to 255, as sRGB has them."""

    rgba: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Bars:
    """Colour bars for lining up: ``smpte`` (RP 219) or ``ebu`` (75 %)."""

    standard: str


@dataclass(frozen=True, slots=True)
class Slate:
    """A card that stands where media are missing, and says so in a few lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Still:
    """One image, for as long as it is wanted."""

    path: Path
    opaque: bool = True


@dataclass(frozen=True, slots=True)
class Video:
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
class Blend:
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
class Over:
    """A picture that is not opaque, and what shows through it."""

    upper: Picture
    lower: Picture


Picture: TypeAlias = Clear | Solid | Bars | Slate | Still | Video | Blend | Over


def later(picture: Picture, frames: Fraction | int, fps: Fraction) -> Picture:
    """The same picture from some frames later (or, negative, earlier) on."""
    match picture:
        case Video():
            return replace(picture, start=picture.start + frames * picture.speed / fps)
        case Blend():
            return replace(
                picture,
                outgoing=later(picture.outgoing, frames, fps),
                incoming=later(picture.incoming, frames, fps),
                done=picture.done + frames * picture.rate,
            )
        case Over():
            return Over(later(picture.upper, frames, fps), later(picture.lower, frames, fps))
    return picture


def retimed(picture: Picture, speed: Fraction) -> Picture:
    """The same picture from the same frame on, so much faster."""
    match picture:
        case Video():
            return replace(picture, speed=picture.speed * speed)
        case Blend():
            return replace(
                picture,
                outgoing=retimed(picture.outgoing, speed),
                incoming=retimed(picture.incoming, speed),
                rate=picture.rate * speed,
            )
        case Over():
            return Over(retimed(picture.upper, speed), retimed(picture.lower, speed))
    return picture


def mirrored(picture: Picture, frames: int, fps: Fraction) -> Picture:
    """What some frames of a picture show when they are seen from the last to the first."""
    return retimed(later(picture, frames - 1, fps), Fraction(-1))


def runs_backwards(picture: Picture) -> bool:
    """Whether any of it has to be turned around in time."""
    match picture:
        case Video():
            return picture.speed < 0
        case Blend():
            inside = runs_backwards(picture.outgoing) or runs_backwards(picture.incoming)
            return picture.rate < 0 or inside
        case Over():
            return runs_backwards(picture.upper) or runs_backwards(picture.lower)
    return False


def laid_over(picture: Picture, below: Picture) -> Picture:
    """A picture with another one below it."""
    match picture:
        case Clear():
            return below
        case Blend():
            return replace(
                picture,
                outgoing=laid_over(picture.outgoing, below),
                incoming=laid_over(picture.incoming, below),
            )
        case Over():
            return replace(picture, lower=laid_over(picture.lower, below))
        case Still() | Video() if not picture.opaque:
            return Over(picture, below)
        case Solid() if picture.rgba[3] < 255:
            return Over(picture, below)
    return picture


def media_of(picture: Picture) -> Iterator[Path]:
    """Every file that a picture shows."""
    for leaf in leaves(picture):
        if isinstance(leaf, Still | Video):
            yield leaf.path


def leaves(picture: Picture) -> Iterator[Picture]:
    """Every picture in it that holds no other."""
    match picture:
        case Blend():
            yield from leaves(picture.outgoing)
            yield from leaves(picture.incoming)
        case Over():
            yield from leaves(picture.upper)
            yield from leaves(picture.lower)
        case _:
            yield picture
