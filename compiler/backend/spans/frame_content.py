"""The content of a frame as plain data: media, colours, transitions, overlays.

Pure: media are known only by their paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class TransparentContent:
    """Nothing: lower tracks show through; below the lowest one is black."""


@dataclass(frozen=True, slots=True)
class ColourContent:
    """One colour: sRGB red, green, blue and alpha, 0 to 255."""

    rgba: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Bars:
    """Test bars: ``smpte`` (RP 219) or ``ebu`` (75 %)."""

    standard: str


@dataclass(frozen=True, slots=True)
class SlateContent:
    """A slate in place of missing media, with a few lines of text."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageContent:
    """A still, of any length."""

    path: Path
    opaque: bool = True


@dataclass(frozen=True, slots=True)
class VideoContent:
    """A video or an image sequence.

    Attributes:
        path: the file, or the pattern of the image sequence.
        start: offset of the span's first frame into it, in seconds. Beyond its ends the first or
            the last frame is held.
        speed: playback speed; 0 holds a frame, negative is reversed.
        opaque: whether it has no alpha.
        fit: ``cover`` crops it, ``contain`` letterboxes it, ``blur`` on a blurred copy.
        focus: point to crop around, 0..1 of width and height; None is the salient part.
    """

    path: Path
    start: Fraction
    speed: Fraction = Fraction(1)
    opaque: bool = True
    fit: str = "cover"
    focus: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TransitionContent:
    """A transition, or a part of one.

    Attributes:
        name: of the transition.
        outgoing, incoming: the contents, from the span's first frame on.
        frames: length of the whole transition.
        done: frames of it before the span.
        rate: playback speed of the transition; not 1 in a retimed composition.
    """

    name: str
    outgoing: Picture
    incoming: Picture
    frames: int
    done: Fraction | int = 0
    rate: Fraction | int = 1


@dataclass(frozen=True, slots=True)
class OverlayContent:
    """A content with alpha over another one."""

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
    """Return a content as it is some frames later; earlier if negative."""
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
    """Return a content from the same frame on at a speed."""
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


def with_videos(picture: Picture, change: Callable[[VideoContent], VideoContent]) -> Picture:
    """Return a content with each video in it changed."""
    match picture:
        case VideoContent():
            return change(picture)
        case TransitionContent():
            return replace(
                picture,
                outgoing=with_videos(picture.outgoing, change),
                incoming=with_videos(picture.incoming, change),
            )
        case OverlayContent():
            return OverlayContent(
                with_videos(picture.upper, change), with_videos(picture.lower, change)
            )
    return picture


def reversed_content(picture: Picture, frames: int, fps: Fraction) -> Picture:
    """Return the first ``frames`` frames of a content in reverse."""
    return retimed(advance(picture, frames - 1, fps), Fraction(-1))


def is_reversed(picture: Picture) -> bool:
    """Whether any part of a content plays in reverse."""
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
    """Return a content over another one."""
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
    """Yield the paths of all media in a content."""
    for leaf in leaves(picture):
        if isinstance(leaf, ImageContent | VideoContent):
            yield leaf.path


def leaves(picture: Picture) -> Iterator[Picture]:
    """Yield the contents in a transition or overlay, or the content itself."""
    match picture:
        case TransitionContent():
            yield from leaves(picture.outgoing)
            yield from leaves(picture.incoming)
        case OverlayContent():
            yield from leaves(picture.upper)
            yield from leaves(picture.lower)
        case _:
            yield picture
