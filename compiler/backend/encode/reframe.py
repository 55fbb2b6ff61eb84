"""Focus points: where to crop pictures to a frame of another shape (reframe).

One point holds for a whole file, so that the crop never moves within a shot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import ImageOps

from ....renderers.image.open_image import ImageFileError, image_file
from ....renderers.image.stills import to_8_bits
from ...media.containers import open_media
from ...media.media_info import MediaInfo
from ..spans.frame_content import ImageContent, VideoContent, leaves
from ..spans.read_spans import SpanReading
from .scale_crop import Focus

_SIDE = 96
"""Pixels of the longer side of the analysed copies."""
_SAMPLES = 5
"""Frames of a video that are analysed."""
_MIN_CROP = 0.01
"""Share of a side below which a crop is ignored."""


Salience: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""How much each pixel of a small RGB picture stands out: ``(h, w, 3)`` to ``(h, w)``, from 0 up."""


def focus_points(
    reading: SpanReading, size: tuple[int, int], fps: Fraction, salience: Salience
) -> dict[Path, Focus]:
    """Return the focus point of every file that must be cropped to fill the frame.

    Args:
        reading: the spans of the reel.
        size: width and height of the frame.
        fps: of the reel.
        salience: finds what stands out.
    """
    used: dict[Path, list[Fraction]] = defaultdict(list)
    for span in reading.spans:
        for leaf in leaves(span.picture):
            if isinstance(leaf, ImageContent):
                used[leaf.path] = []
            elif isinstance(leaf, VideoContent):
                end = leaf.start + span.frames * leaf.speed / fps
                used[leaf.path] += [leaf.start, end]
    points = {}
    for path, times in used.items():
        info = reading.media[path]
        if _is_cropped(info, size):
            total: NDArray[np.float32] | None = None
            # Unreadable files are reported by the encode.
            with suppress(av.error.FFmpegError, OSError, ValueError, ImageFileError):
                for picture in sample_frames(info, times):
                    one = salience(_small(picture))
                    total = one if total is None or total.shape != one.shape else total + one
            if total is not None:
                points[path] = best_point(total, size[0] / size[1])
    return points


def best_point(salience: NDArray[np.float32], aspect: float) -> Focus:
    """Return the centre of the largest window that holds the most salience.

    Of several equal windows, the one nearest to the centre of the picture.

    Args:
        salience: of each pixel, ``(h, w)``.
        aspect: width by height of the window.
    """
    height, width = salience.shape
    wide = width / height > aspect
    length = width if wide else height
    part = (height * aspect if wide else width / aspect) / length
    along = salience.sum(axis=0 if wide else 1).astype(np.float64)
    along /= max(float(along.sum()), 1e-9)
    fine = np.interp(
        np.linspace(0, length, 512), np.arange(length + 1), np.concatenate([[0], np.cumsum(along)])
    )
    starts = np.linspace(0, 1 - part, 101)
    grid = np.linspace(0, 1, 512)
    held = np.interp(starts + part, grid, fine) - np.interp(starts, grid, fine)
    middles = starts + part / 2
    best = held >= held.max() - 0.005
    point = float(middles[best][np.argmin(np.abs(middles[best] - 0.5))])
    return (point, 0.5) if wide else (0.5, point)


def _is_cropped(info: MediaInfo, size: tuple[int, int]) -> bool:
    video = info.video
    if video is None:
        return False
    width, height = map(float, video.display_size)
    return abs(width / height / (size[0] / size[1]) - 1) > _MIN_CROP


def sample_frames(info: MediaInfo, times: Sequence[Fraction]) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures of a file, upright, with square pixels, from its used range."""
    if info.images:
        images = [image for image in info.images if image is not None]
        step = max(1, len(images) // _SAMPLES)
        yield from (_read_image(path) for path in images[::step][:_SAMPLES])
        return
    if info.still:
        yield _read_image(info.path)
        return
    video = info.video
    assert video is not None
    low, high = max(Fraction(0), min(times)), max(times)
    high = max(low, min(high, video.frames / video.fps - 1 / video.fps))
    turns = {90: 3, 180: 2, 270: 1}.get(video.rotation, 0)
    shape = tuple(max(2, round(float(side))) for side in video.display_size)
    with open_media(info.path) as container:
        stream = container.streams.video[0]
        for number in range(_SAMPLES):
            time = low + (high - low) * (2 * number + 1) / (2 * _SAMPLES)
            began = Fraction(container.start_time or 0, av.time_base)
            frame = _frame_near(container, stream, began + video.start + time, video.lead)
            if frame is not None:
                upright = np.rot90(frame.to_ndarray(format="rgb24"), turns)
                yield cv2.resize(np.ascontiguousarray(upright), shape).astype(np.uint8)


def _frame_near(
    container: InputContainer, stream: VideoStream, time: Fraction, lead: Fraction
) -> av.VideoFrame | None:
    """Return the key frame before a time; with a lead the frame at the time."""
    if not stream.time_base:
        return next(container.decode(stream), None)
    place = round(time / stream.time_base)
    container.seek(round((time - lead) / stream.time_base), stream=stream)
    frame = None
    for frame in container.decode(stream):
        if not lead or (frame.pts is not None and frame.pts >= place):
            break
    return frame


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    shape = (max(8, round(width * scale)), max(8, round(height * scale)))
    return cv2.resize(picture, shape, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _read_image(path: Path) -> NDArray[np.uint8]:
    with image_file(path) as opened:
        return np.asarray(to_8_bits(ImageOps.exif_transpose(opened)).convert("RGB"))
