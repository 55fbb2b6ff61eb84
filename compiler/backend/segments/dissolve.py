"""Pieces of the reel's own media, decoded and dissolved in this process: no filtergraph.

Most of what a compiled reel has to encode are dissolves between media that are encoded like the
reel itself. Their frames need no fitting, so decoding from the IDR frame that a handle starts with
and one weighted sum are all there is to do; the encoder is fed as a renderer feeds it. Everything
else is the filtergraph's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...errors import WorkError
from ...media.probe import MediaInfo, open_media
from ..encode.codecs import upload_filter
from ..encode.graph import Appearance
from ..encode.scale_crop import fit_of
from ..spans.content import Picture, TransitionContent, VideoContent
from ..spans.spans import Span
from .join import MOST_REORDER, shown_frame
from .plan import CopyPlaces, Encode

_PLANAR = "yuv420p"


class UndecodableError(WorkError):
    """A file does not hold the frames that its index promises, or they are damaged."""


def is_direct(
    piece: Encode,
    media: Mapping[Path, MediaInfo],
    look: Appearance,
    places_of: Callable[[Path], CopyPlaces | None],
) -> bool:
    """Whether a piece shows nothing but whole frames of media like the reel, and dissolves of them.

    Args:
        piece: what to show; nothing is drawn over it.
        media: what is known of every file in it.
        look: what it shares with the rest of the reel.
        places_of: where a file that is encoded like the reel can be cut; None for any other.
    """
    encoding = look.encoding
    planar = encoding.kind.pixel_format == _PLANAR and encoding.kind.suffix == ".mp4"
    if not planar or upload_filter(encoding.program):
        return False

    def shows_frames(picture: Picture, frames: int) -> bool:
        if not isinstance(picture, VideoContent) or picture.speed != 1 or not picture.opaque:
            return False
        place = picture.start * look.fps
        places = places_of(picture.path)
        info = media[picture.path].video
        if places is None or info is None or place.denominator != 1:
            return False
        fits = all(name == "format" for name, _ in fit_of(info, look.size).filters)
        return fits and 0 <= place <= places.frames - frames

    def is_plain(span: Span) -> bool:
        picture = span.picture
        if not isinstance(picture, TransitionContent):
            return shows_frames(picture, span.frames)
        return (
            picture.name == "dissolve"
            and picture.name not in look.style.expressions
            and not look.style.linear_light
            and picture.rate > 0
            and shows_frames(picture.outgoing, span.frames)
            and shows_frames(picture.incoming, span.frames)
        )

    return all(is_plain(span) for span in piece.spans)


def direct_frames(piece: Encode, fps: Fraction) -> Iterator[NDArray[np.uint8]]:
    """The frames of a piece that `is_direct`.

    Yields:
        Planar YUV 4:2:0, ``(height * 3 // 2, width)``, in BT.709 limited range.

    Raises:
        UndecodableError: a file does not hold the frames.
    """
    for span in piece.spans:
        picture, frames = span.picture, span.frames
        if isinstance(picture, TransitionContent):
            sides = (_decoded(side, frames, fps) for side in (picture.outgoing, picture.incoming))
            for number, (old, new) in enumerate(zip(*sides, strict=True)):
                shown = (picture.done + 1 + number * picture.rate) / Fraction(picture.frames + 1)
                yield _mixed(old, new, float(min(shown, Fraction(1))))
        else:
            for frame in _decoded(picture, frames, fps):
                yield _mixed(frame, frame, 0.0)


def _decoded(picture: Picture, frames: int, fps: Fraction) -> Iterator[VideoFrame]:
    """Some frames of a video, from the last IDR frame before them on."""
    assert isinstance(picture, VideoContent)
    first = int(picture.start * fps)
    awaited = first
    try:
        with open_media(picture.path, looked_into=False) as container:
            stream = container.streams.video[0]
            # Pieces are made side by side: threads in each would cost memory and win nothing.
            stream.thread_type = "NONE"
            for frame in _from(first, container, stream, fps):
                if shown_frame(frame, stream, fps) != awaited:
                    break
                yield frame
                awaited += 1
                if awaited == first + frames:
                    return
    except av.error.FFmpegError as error:
        raise UndecodableError(f"{picture.path}: cannot be decoded: {error}") from error
    raise UndecodableError(f"{picture.path}: has no frame {awaited}")


def _from(
    first: int, container: InputContainer, stream: VideoStream, fps: Fraction
) -> Iterator[VideoFrame]:
    """The frames of a stream from one of them on, decoded from no farther back than need be."""
    # A place is looked up among decoding times. Where the frame is no IDR frame, the next one may
    # be decoded before it is shown, and be found in place of the one before.
    for early in (0, MOST_REORDER) if first else (0,):
        if first and stream.time_base:
            place = max(Fraction(0), (first - early) / fps)
            container.seek(
                round(place / stream.time_base) + (stream.start_time or 0), stream=stream
            )
        found = False
        for frame in container.decode(stream):
            number = shown_frame(frame, stream, fps)
            if not found and number > first:
                break
            found = True
            if number >= first:
                yield frame
        if found:
            return


def _mixed(old: VideoFrame, new: VideoFrame, weight: float) -> NDArray[np.uint8]:
    """Two frames in one: ``weight`` is the new one's share; rounded to the nearest value."""
    width, height = old.width, old.height
    mixed = np.empty(width * height * 3 // 2, np.uint8)
    begin = 0
    for former, latter in zip(_planes(old), _planes(new), strict=True):
        end = begin + former.size
        plane = mixed[begin:end].reshape(former.shape)
        if weight:
            cv2.addWeighted(former, 1 - weight, latter, weight, 0, dst=plane)
        else:
            plane[:] = former
        begin = end
    return mixed.reshape(height * 3 // 2, width)


def _planes(frame: VideoFrame) -> Iterator[NDArray[np.uint8]]:
    """The planes of a frame where they lie, without what pads their lines."""
    for plane in frame.planes:
        padded = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        yield padded[: plane.height, : plane.width]
