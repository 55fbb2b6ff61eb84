"""Thumbnails of stills and video frames, as ``data:`` URLs."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...renderers.base import RendererError
from ...renderers.image.stills import load_still
from ..files.file_version import FileVersion, file_version
from ..media.containers import open_media
from ..media.media_info import VideoInfo

HEIGHT = 160
"""Pixels: twice the height of a track, and enough to recognise a shot."""
_WEBP_QUALITY = 62
_MOST_THREADS = 4
_MOST_DECODED = 600
"""Most frames to decode after a keyframe; a video with a longer GOP shows the last of these."""


@dataclass(frozen=True, slots=True)
class ThumbnailRequest:
    """A picture to decode.

    Attributes:
        path: a video or a still.
        at_s: seconds into a video.
        earliest_s, latest_s: a keyframe between them may replace the frame: decoding it is cheap.
        wanted: without such a keyframe, decode all frames from the one before.
        video: the stream's properties; None for a still.
    """

    path: Path
    at_s: Fraction = Fraction(0)
    earliest_s: Fraction = Fraction(0)
    latest_s: Fraction = Fraction(0)
    wanted: bool = True
    video: VideoInfo | None = None


def thumbnails(shots: Sequence[ThumbnailRequest]) -> list[str]:
    """Return a URL for each shot, empty if it cannot be decoded."""
    of_file: dict[Path, list[ThumbnailRequest]] = {}
    for shot in dict.fromkeys(shots):
        of_file.setdefault(shot.path, []).append(shot)
    made: dict[ThumbnailRequest, str] = {}
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        files = [(file_version(path), tuple(wanted)) for path, wanted in of_file.items()]
        for urls in pool.map(lambda file: _of_one(*file), files):
            made |= urls
    return [made.get(shot, "") for shot in shots]


def picture_url(rgb: NDArray[np.uint8], size: tuple[int, int], suffix: str, quality: int) -> str:
    """Scale a picture down, encode it, and return it as a ``data:`` URL.

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


@lru_cache(1024)
def _of_one(file: FileVersion, shots: tuple[ThumbnailRequest, ...]) -> dict[ThumbnailRequest, str]:
    """Decode the shots of one file; undecodable ones are left out."""
    if shots[0].video is None:
        return dict.fromkeys(shots, _still(file.path))
    ordered = sorted(shots, key=lambda shot: shot.at_s)
    return dict(zip(ordered, _frames(file.path, ordered), strict=False))


def _still(path: Path) -> str:
    try:
        picture = np.asarray(load_still(path))
    except RendererError:
        return ""
    return _url(picture, Fraction(picture.shape[1], picture.shape[0]))


def _url(rgb: NDArray[np.uint8], aspect: Fraction) -> str:
    return picture_url(rgb, (max(1, round(HEIGHT * aspect)), HEIGHT), ".webp", _WEBP_QUALITY)


def _frames(path: Path, shots: Iterable[ThumbnailRequest]) -> Iterator[str]:
    """Yield the URLs of a video's shots, which come in order of time."""
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
    """Decode the frame of a shot, or a keyframe near it.

    Args:
        container: the file.
        shot: the frame to decode.
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
    # Skip non-reference frames: that halves the time, and the picture is at most two frames off.
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
    """Yield the keyframes from here on, undecoded, with their times in seconds."""
    for packet in container.demux(stream):
        if packet.is_keyframe and packet.size and packet.pts is not None:
            yield float(packet.pts * packet.time_base), packet


def _frame_url(frame: av.VideoFrame, video: VideoInfo) -> str:
    """Encode a frame, upright and with square pixels."""
    turned = video.rotation % 180 != 0
    width, height = video.display_size
    size = (HEIGHT, max(1, round(HEIGHT * width / height)))
    across, down = size if turned else size[::-1]
    small = frame.reformat(across, down, "rgb24", interpolation="AREA")
    rgb = np.asarray(small.to_ndarray(), np.uint8)
    if video.rotation:
        rgb = np.ascontiguousarray(np.rot90(rgb, -video.rotation // 90))
    return _url(rgb, width / height)
