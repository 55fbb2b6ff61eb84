"""Small pictures of media as ``data:`` URLs: of stills, and of single frames of videos."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...renderers.base import RendererError
from ...renderers.image.stills import load_still
from ..media.containers import open_media
from ..media.media_info import VideoInfo

HEIGHT = 160
"""Pixels: twice what a track shows, and enough to recognise a shot by."""
_WEBP_QUALITY = 62
_MOST_THREADS = 4
_MOST_DECODED = 600
"""Frames after a keyframe that are decoded for one picture; a video with fewer keyframes shows the
last of these."""


@dataclass(frozen=True, slots=True)
class ThumbnailRequest:
    """A picture that is wanted.

    Attributes:
        path: a video or a still.
        at_s: seconds into a video.
        earliest_s, latest_s: a keyframe between them may stand for the frame: it is decoded alone.
        wanted: whether it is worth decoding all frames up to it where there is no such keyframe.
        video: what is known of the video; None for a still.
    """

    path: Path
    at_s: Fraction = Fraction(0)
    earliest_s: Fraction = Fraction(0)
    latest_s: Fraction = Fraction(0)
    wanted: bool = True
    video: VideoInfo | None = None


def thumbnails(shots: Sequence[ThumbnailRequest]) -> list[str]:
    """A URL for each; empty where there is no picture to be had."""
    of_file: dict[Path, list[ThumbnailRequest]] = {}
    for shot in dict.fromkeys(shots):
        of_file.setdefault(shot.path, []).append(shot)
    made: dict[ThumbnailRequest, str] = {}
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        for urls in pool.map(_of_one, of_file.values()):
            made |= urls
    return [made.get(shot, "") for shot in shots]


def picture_url(rgb: NDArray[np.uint8], size: tuple[int, int], suffix: str, quality: int) -> str:
    """A picture, made small, as a URL that holds it.

    Args:
        rgb: shape ``(height, width, 3)``.
        size: width and height in pixels.
        suffix: ``.jpg`` or ``.webp``.
        quality: 0 to 100.
    """
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    option = cv2.IMWRITE_WEBP_QUALITY if suffix == ".webp" else cv2.IMWRITE_JPEG_QUALITY
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(suffix, bgr, [option, quality])
    kind = suffix[1:].replace("jpg", "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(coded.tobytes()).decode()}"


def _of_one(shots: Sequence[ThumbnailRequest]) -> dict[ThumbnailRequest, str]:
    """All pictures of one file that can be had."""
    if shots[0].video is None:
        return dict.fromkeys(shots, _still(shots[0].path))
    ordered = sorted(shots, key=lambda shot: shot.at_s)
    return dict(zip(ordered, _frames(shots[0].path, ordered), strict=False))


def _still(path: Path) -> str:
    try:
        picture = np.asarray(load_still(path))
    except RendererError:
        return ""
    return _url(picture, Fraction(picture.shape[1], picture.shape[0]))


def _url(rgb: NDArray[np.uint8], aspect: Fraction) -> str:
    return picture_url(rgb, (max(1, round(HEIGHT * aspect)), HEIGHT), ".webp", _WEBP_QUALITY)


def _frames(path: Path, shots: Iterable[ThumbnailRequest]) -> Iterator[str]:
    """Pictures of a video, whose shots come in the order of their times."""
    before: tuple[float, str] = (-1.0, "")
    try:
        with open_media(path) as container:
            began = float(Fraction(container.start_time or 0, av.time_base))
            for shot in shots:
                assert shot.video is not None
                frame = _frame(container, shot, began + float(shot.video.start))
                if frame is None:
                    yield ""
                    continue
                time = float(frame.time or 0.0)
                if time != before[0]:
                    before = time, _frame_url(frame, shot.video)
                yield before[1]
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        return


def _frame(container: InputContainer, shot: ThumbnailRequest, began: float) -> av.VideoFrame | None:
    """The frame that a shot wants, or a keyframe near it that stands for it.

    Args:
        container: the file.
        shot: what is wanted.
        began: time stamp of the first picture, in seconds.
    """
    assert shot.video is not None
    stream = container.streams.video[0]
    half = float(1 / (2 * shot.video.fps)) if shot.video.fps else 0.0
    wanted, earliest, latest = (
        max(0.0, float(time)) + began for time in (shot.at_s, shot.earliest_s, shot.latest_s)
    )
    place = int((wanted + half) / float(stream.time_base or 1))
    container.seek(place, stream=stream)
    for time, key in _keyframes(container, stream):
        if earliest - half <= time <= latest + half:
            found = [*key.decode(), *stream.codec_context.decode(None)]
            return found[0] if found else None
        if time > latest:
            break
    if not shot.wanted:
        return None
    container.seek(place, stream=stream)
    # What no other frame needs is left out: a picture a frame or two off is quicker by half.
    stream.codec_context.skip_frame = "NONREF"
    before: av.VideoFrame | None = None
    for count, frame in enumerate(container.decode(stream)):
        if float(frame.time or 0.0) > wanted + half and before is not None:
            break
        before = frame
        if float(frame.time or 0.0) >= wanted - half or count >= _MOST_DECODED:
            break
    return before


def _keyframes(
    container: InputContainer, stream: VideoStream
) -> Iterator[tuple[float, av.Packet[VideoStream]]]:
    """The keyframes from here on, not decoded, with their times in seconds."""
    for packet in container.demux(stream):
        if packet.is_keyframe and packet.size and packet.pts is not None:
            yield float(packet.pts * packet.time_base), packet


def _frame_url(frame: av.VideoFrame, video: VideoInfo) -> str:
    """A frame, upright and with square pixels."""
    turned = video.rotation % 180 != 0
    width, height = video.display_size
    size = (HEIGHT, max(1, round(HEIGHT * width / height)))
    across, down = size if turned else size[::-1]
    small = frame.reformat(across, down, "rgb24", interpolation="AREA")
    rgb = np.asarray(small.to_ndarray(), np.uint8)
    if video.rotation:
        rgb = np.ascontiguousarray(np.rot90(rgb, -video.rotation // 90))
    return _url(rgb, width / height)
