"""Hold the first and the last frame of media that a timeline plays beyond.

Before: 15 frames at double speed from frame 220 of a file that holds 240. After: 10 of them, then 5
of frame 239, frozen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from ...media.media_info import MediaInfo
from .frame_content import VideoContent, advance, leaves, with_videos
from .media import nearest_frame
from .spans import Span

_HALF, _FROZEN = Fraction(1, 2), Fraction(0)


def hold_ends(
    spans: Sequence[Span], media: Mapping[Path, MediaInfo], fps: Fraction
) -> Iterator[Span]:
    """Yield spans whose videos lie within their media, or are frozen at one of its ends.

    Args:
        spans: of the reel.
        media: headers of all their files.
        fps: of the reel.
    """

    def held(content: VideoContent) -> VideoContent:
        video = media[content.path].video
        assert video is not None
        frame = nearest_frame(video, content.start)
        inside = min(max(frame, 0), video.frames - 1)
        if inside == frame or (content.speed and not video.is_constant):
            return content
        return replace(content, start=inside / video.fps, speed=_FROZEN)

    for span in spans:
        edges = {0, span.frames}
        for leaf in leaves(span.picture):
            if isinstance(leaf, VideoContent) and leaf.speed:
                edges.update(_crossings(leaf, media[leaf.path], fps))
        for first, end in pairwise(sorted(edge for edge in edges if 0 <= edge <= span.frames)):
            picture = with_videos(advance(span.picture, first, fps), held)
            yield Span(span.start + first, span.start + end, picture)


def _crossings(content: VideoContent, info: MediaInfo, fps: Fraction) -> Iterator[int]:
    """Yield the frames of a content from which on it is inside its media, or no longer."""
    video = info.video
    assert video is not None
    step = content.speed / fps
    for edge in (-_HALF, video.frames - _HALF) if video.is_constant else ():
        # Frame n is the nearest one in ((n - 1/2) / fps, (n + 1/2) / fps].
        crossing = (edge / video.fps - content.start) / step
        yield math.floor(crossing) + 1 if step > 0 else math.ceil(crossing)
