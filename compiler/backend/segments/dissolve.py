"""Decode and dissolve the reel's own media in-process, without a filtergraph.

Most encoded segments of a compiled reel are dissolves between media that are encoded like the reel
itself. Their frames need no scaling: it is enough to decode from the IDR frame at the start of a
handle and to compute a weighted sum. All other segments go through the filtergraph.
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
from ...media.containers import open_media
from ...media.media_info import MediaInfo
from ..encode.codecs import upload_filter
from ..encode.scale_crop import Canvas, fit_filters
from ..output_spec import OutputSpec
from ..spans.frame_content import Picture, TransitionContent, VideoContent
from ..spans.spans import Span
from .join import MAX_REORDER, display_number
from .plan import CutPoints, Encode

_PLANAR = "yuv420p"


class UndecodableError(WorkError):
    """A file lacks frames of its index, or they are damaged."""


def can_mix(
    segment: Encode,
    media: Mapping[Path, MediaInfo],
    spec: OutputSpec,
    canvas: Canvas,
    cut_points_of: Callable[[Path], CutPoints | None],
) -> bool:
    """Whether a segment consists of whole frames of media like the reel, and dissolves of them.

    Args:
        segment: the spans, without captions.
        media: headers of all files in them.
        spec: encoding and transition style.
        canvas: the frame of the reel.
        cut_points_of: returns where a file can be cut; None if it is encoded unlike the reel.
    """
    details = spec.encoding.details
    planar = details.pixel_format == _PLANAR and details.suffix == ".mp4"
    if not planar or upload_filter(spec.encoding.program):
        return False

    def shows_frames(picture: Picture, frames: int) -> bool:
        if not isinstance(picture, VideoContent) or picture.speed != 1 or not picture.opaque:
            return False
        place = picture.start * canvas.fps
        points = cut_points_of(picture.path)
        info = media[picture.path].video
        if points is None or info is None or place.denominator != 1:
            return False
        fits = all(name == "format" for name, _ in fit_filters(info, canvas.size))
        return fits and 0 <= place <= points.frames - frames

    def is_plain(span: Span) -> bool:
        picture = span.picture
        if not isinstance(picture, TransitionContent):
            return shows_frames(picture, span.frames)
        return (
            picture.name == "dissolve"
            and picture.name not in spec.transitions.expressions
            and not spec.transitions.linear_light
            and picture.rate > 0
            and shows_frames(picture.outgoing, span.frames)
            and shows_frames(picture.incoming, span.frames)
        )

    return all(is_plain(span) for span in segment.spans)


def mix_frames(segment: Encode, fps: Fraction) -> Iterator[NDArray[np.uint8]]:
    """Decode and mix the frames of a segment that `can_mix` accepts.

    Yields:
        Planar YUV 4:2:0, ``(height * 3 // 2, width)``, in BT.709 limited range.

    Raises:
        UndecodableError: a file lacks frames, or they are damaged.
    """
    for span in segment.spans:
        picture, frames = span.picture, span.frames
        if isinstance(picture, TransitionContent):
            sides = (_decoded(side, frames, fps) for side in (picture.outgoing, picture.incoming))
            for number, (old, new) in enumerate(zip(*sides, strict=True)):
                progress = (picture.done + 1 + number * picture.rate) / Fraction(picture.frames + 1)
                yield _mixed(old, new, float(min(progress, Fraction(1))))
        else:
            for frame in _decoded(picture, frames, fps):
                yield _mixed(frame, frame, 0.0)


def _decoded(picture: Picture, frames: int, fps: Fraction) -> Iterator[VideoFrame]:
    """Decode ``frames`` frames of a video."""
    assert isinstance(picture, VideoContent)
    first = int(picture.start * fps)
    awaited = first
    try:
        with open_media(picture.path, analyse=False) as container:
            stream = container.streams.video[0]
            # Segments are made in parallel: threads in each would cost memory and gain nothing.
            stream.thread_type = "NONE"
            for frame in _from(first, container, stream, fps):
                if display_number(frame, stream, fps) != awaited:
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
    """Yield the frames of a stream from ``first`` on, decoded from the IDR frame before it."""
    # A seek goes by decoding times: if ``first`` is no IDR frame, the next IDR frame may be decoded
    # before ``first`` is displayed, and be found in place of the one before.
    for early in (0, MAX_REORDER) if first else (0,):
        if first and stream.time_base:
            place = max(Fraction(0), (first - early) / fps)
            container.seek(
                round(place / stream.time_base) + (stream.start_time or 0), stream=stream
            )
        found = False
        for frame in container.decode(stream):
            number = display_number(frame, stream, fps)
            if not found and number > first:
                break
            found = True
            if number >= first:
                yield frame
        if found:
            return


def _mixed(old: VideoFrame, new: VideoFrame, weight: float) -> NDArray[np.uint8]:
    """Mix two frames, rounded to the nearest value; ``weight`` is the share of the new one."""
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
    """Yield views of the planes of a frame, without the padding of their lines."""
    for plane in frame.planes:
        padded = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        yield padded[: plane.height, : plane.width]
