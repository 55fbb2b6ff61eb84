"""Where to look: the point of a picture that a narrower frame is laid around.

What stands out is told by the spectral residual of lightness and colours (Hou and Zhang, "Saliency
Detection: A Spectral Residual Approach", CVPR 2007), weighed towards the middle, where cameras are
pointed. One point holds for a whole file, so that nothing wanders within a shot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .picture import Reading
from .pictures import Still, Video, leaves
from .probe import MediaInfo, open_media

_SIDE = 64
"""Pixels of the longer side of the small picture that the spectrum is taken of."""
_SAMPLES = 5
"""Frames of a video that are looked at."""
_MIDDLE = 0.35
"""Spread of the weight towards the middle, in shares of the side."""
_CUT_OFF = 0.01
"""Share of a side from which on it matters what is cut off."""


def focus_of(
    reading: Reading, size: tuple[int, int], fps: Fraction
) -> dict[Path, tuple[float, float]]:
    """The point to keep in sight of every file that is cut off to fill a frame of a size.

    Args:
        reading: what the reel shows.
        size: width and height of the frame.
        fps: of the reel.

    Returns:
        Shares of width and height, by file. Files that fit as they are, are left out.
    """
    seen: dict[Path, list[Fraction]] = defaultdict(list)
    for span in reading.spans:
        for leaf in leaves(span.picture):
            if isinstance(leaf, Still):
                seen[leaf.path] = []
            elif isinstance(leaf, Video):
                end = leaf.start + span.frames * leaf.speed / fps
                seen[leaf.path] += [leaf.start, end]
    found = {}
    for path, times in seen.items():
        info = reading.media[path]
        if _is_cut(info, size):
            total: NDArray[np.float32] | None = None
            for picture in _samples(info, times):
                one = salience(picture)
                total = one if total is None or total.shape != one.shape else total + one
            if total is not None:
                found[path] = best_point(total, size[0] / size[1])
    return found


def salience(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much each place of a picture stands out; the sum is 1.

    Args:
        picture: RGB, of shape ``(height, width, 3)``.

    Returns:
        Shape ``(h, w)``, small, of the picture's shape.
    """
    height, width = picture.shape[:2]
    scale = _SIDE / max(height, width)
    small = (max(8, round(width * scale)), max(8, round(height * scale)))
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    reduced = cv2.resize(lab, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    found = np.zeros(reduced.shape[:2], np.float32)
    for channel in range(3):
        found += _residual(reduced[:, :, channel])
    rows = np.linspace(-0.5, 0.5, small[1])[:, None]
    columns = np.linspace(-0.5, 0.5, small[0])[None, :]
    found *= np.exp(-(rows**2 + columns**2) / (2 * _MIDDLE**2)).astype(np.float32)
    found /= max(float(found.sum()), 1e-9)
    shares: NDArray[np.float32] = (found / max(float(found.sum()), 1e-9)).astype(np.float32)
    return shares


def _residual(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    spectrum = np.fft.fft2(plane - plane.mean())
    amplitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_REFLECT)
    # A flat plane has no spectrum to speak of, only rounding.
    if float(plane.std()) < 0.5:
        return np.zeros_like(plane)
    back = np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))
    energy = (np.abs(back) ** 2).astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(energy, (0, 0), max(plane.shape) / 25), np.float32)
    return smooth * np.float32(float(plane.std()) / max(float(smooth.sum()), 1e-9))


def best_point(found: NDArray[np.float32], aspect: float) -> tuple[float, float]:
    """The middle of the window, as large as it can be, that holds most of what stands out.

    Of several windows that hold as much, the one nearest to the middle of the picture.

    Args:
        found: as `salience` gives it.
        aspect: width by height of the window.
    """
    height, width = found.shape
    wide = width / height > aspect
    length = width if wide else height
    part = (height * aspect if wide else width / aspect) / length
    along = found.sum(axis=0 if wide else 1)
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
            try:
                frame = next(container.decode(stream), None)
            except av.error.FFmpegError:
                return
            if frame is not None:
                upright = np.rot90(frame.to_ndarray(format="rgb24"), turns)
                yield cv2.resize(np.ascontiguousarray(upright), shape).astype(np.uint8)


def _image(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
