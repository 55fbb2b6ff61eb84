"""Reduce spans of the picture to a playlist: one file or one colour at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ..backend.spans.frame_content import (
    Bars,
    ColourContent,
    ImageContent,
    OverlayContent,
    Picture,
    TransitionContent,
    VideoContent,
    advance,
)
from ..backend.spans.media import nearest_frame
from ..backend.spans.spans import Span
from ..media.media_info import MediaInfo
from .view_model import PlaylistEntry

_BARS = "#7f7f7f"


def playlist_of(
    spans: Iterable[Span], media: Mapping[Path, MediaInfo], fps: Fraction
) -> list[PlaylistEntry]:
    """Return the playlist of spans; spans that continue each other are joined.

    A transition shows its outgoing picture up to its middle, then the incoming one; of pictures
    over each other the upper one shows.
    """
    joined: list[PlaylistEntry] = []
    for span in spans:
        for part in _plain(span, fps):
            one = _one(part, media)
            last = joined[-1] if joined else None
            if last is not None and _goes_on(last, one, fps):
                joined[-1] = replace(last, end=one.end)
            elif one.start < one.end:
                joined.append(one)
    return joined


def _plain(span: Span, fps: Fraction) -> Iterator[Span]:
    """Yield a span as spans of a single picture each, without blends and overlays."""
    match span.picture:
        case TransitionContent() as blend:
            left = (Fraction(blend.frames, 2) - blend.done) / (blend.rate or 1)
            middle = span.start + min(span.frames, max(0, math.ceil(left)))
            yield from _plain(Span(span.start, middle, blend.outgoing), fps)
            incoming = advance(blend.incoming, middle - span.start, fps)
            yield from _plain(Span(middle, span.end, incoming), fps)
        case OverlayContent() as over:
            yield from _plain(replace(span, picture=over.upper), fps)
        case _:
            yield span


def _one(span: Span, media: Mapping[Path, MediaInfo]) -> PlaylistEntry:
    picture: Picture = span.picture
    match picture:
        case VideoContent():
            info = media[picture.path]
            if not info.images:
                return PlaylistEntry(
                    span.start, span.end, picture.path, picture.start, picture.speed, True
                )
            assert info.video is not None
            number = min(max(0, nearest_frame(info.video, picture.start)), len(info.images) - 1)
            near = (info.images[number], *info.images)
            return PlaylistEntry(
                span.start, span.end, next(image for image in near if image is not None)
            )
        case ImageContent():
            return PlaylistEntry(span.start, span.end, picture.path)
        case ColourContent():
            colour = f"#{bytes(picture.rgba[:3]).hex()}"
            return PlaylistEntry(span.start, span.end, colour=colour)
        case Bars():
            return PlaylistEntry(span.start, span.end, colour=_BARS)
        case _:
            return PlaylistEntry(span.start, span.end)


def _goes_on(last: PlaylistEntry, one: PlaylistEntry, fps: Fraction) -> bool:
    same = (last.path, last.speed, last.is_video, last.colour) == (
        one.path, one.speed, one.is_video, one.colour
    )  # fmt: skip
    return (
        last.end == one.start
        and same
        and (not last.is_video or last.at(one.start, fps) == one.at_s)
    )
