"""The point of a picture that a frame of another shape is laid around, so that it stays in sight.

One point holds for a whole file, so that nothing wanders within a shot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

from ....renderers.image.open_image import ImageFileError, image_file
from ...media.probe import MediaInfo, open_media
from ..spans.content import ImageContent, VideoContent, leaves
from ..spans.read_spans import SpanReading

_SIDE = 96
"""Pixels of the longer side of the copies that are looked at."""
_SAMPLES = 5
"""Frames of a video that are looked at."""
_CUT_OFF = 0.01
"""Share of a side from which on it matters what is cut off."""


Salience: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""How much each pixel of a small RGB picture stands out: ``(h, w, 3)`` to ``(h, w)``, from 0 up."""


def focus_of(
    reading: SpanReading, size: tuple[int, int], fps: Fraction, salience: Salience
) -> dict[Path, tuple[float, float]]:
    """The point to keep in sight of every file that is cut off to fill a frame of a size.

    Args:
        reading: what the reel shows.
        size: width and height of the frame.
        fps: of the reel.
        salience: tells what stands out.

    Returns:
        Shares of width and height, by file. Files that fit as they are, are left out.
    """
    seen: dict[Path, list[Fraction]] = defaultdict(list)
    for span in reading.spans:
        for leaf in leaves(span.picture):
            if isinstance(leaf, ImageContent):
                seen[leaf.path] = []
            elif isinstance(leaf, VideoContent):
                end = leaf.start + span.frames * leaf.speed / fps
                seen[leaf.path] += [leaf.start, end]
    found = {}
    for path, times in seen.items():
        info = reading.media[path]
        if _is_cut(info, size):
            total: NDArray[np.float32] | None = None
            # What cannot be read is said where it is shown.
            with suppress(av.error.FFmpegError, OSError, ValueError, ImageFileError):
                for picture in _samples(info, times):
                    one = salience(_small(picture))
                    total = one if total is None or total.shape != one.shape else total + one
            if total is not None:
                found[path] = best_point(total, size[0] / size[1])
    return found


def best_point(found: NDArray[np.float32], aspect: float) -> tuple[float, float]:
    """The middle of the window, as large as it can be, that holds most of what stands out.

    Of several windows that hold as much, the one nearest to the middle of the picture.

    Args:
        found: how much each place stands out.
        aspect: width by height of the window.
    """
    height, width = found.shape
    wide = width / height > aspect
    length = width if wide else height
    part = (height * aspect if wide else width / aspect) / length
    along = found.sum(axis=0 if wide else 1).astype(np.float64)
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


def _is_cut(info: MediaInfo, size: tuple[int, int]) -> bool:
    video = info.video
    if video is None:
        return False
    width, height = map(float, video.display_size)
    return abs(width / height / (size[0] / size[1]) - 1) > _CUT_OFF


def _samples(info: MediaInfo, times: list[Fraction]) -> Iterator[NDArray[np.uint8]]:
    """Pictures of a file, upright and with square pixels, within what is shown of it."""
    if info.images:
        there = [image for image in info.images if image is not None]
        yield from (_image(path) for path in there[:: max(1, len(there) // _SAMPLES)][:_SAMPLES])
        return
    if info.still:
        yield _image(info.path)
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
            if stream.time_base:
                place = round((time + video.start) / stream.time_base)
                container.seek(place, stream=stream)
            frame = next(container.decode(stream), None)
            if frame is not None:
                upright = np.rot90(frame.to_ndarray(format="rgb24"), turns)
                yield cv2.resize(np.ascontiguousarray(upright), shape).astype(np.uint8)


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    shape = (max(8, round(width * scale)), max(8, round(height * scale)))
    return cv2.resize(picture, shape, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _image(path: Path) -> NDArray[np.uint8]:
    with image_file(path) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
