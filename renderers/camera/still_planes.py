"""A still made ready for a move: as float planes, cropped to what the move sees, dense enough.

For a view whose rows are rows of the picture, planes are as dense as the closest view; the
resampler filters what the wider views of the move are too coarse for. Along an axis on which such a
view neither moves nor zooms, the samples are those of the frame themselves, and cost nothing later.
For turned views, which are sampled linearly, planes are twice as dense as a frame and hold no
detail finer than it, so that a linear sampler is sharp and does not alias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Motion, RendererError, Shot
from ..image.resample import Axis, axis, resample
from ..image.stills import load_still
from ..image.yuv import Grid, Planes, to_planes
from .poses import MoveRoom, Pose, bounds, pose_at, room_for, zoom_range

DENSITY = 1.2
"""Pixels of an upright picture to one of the closest view, where the still has them."""
LINEAR_DENSITY = 2.0
"""Pixels of a picture to one of the closest view, where it is sampled linearly."""
LINEAR_LOSS = 0.1
"""What undoes the softness of linear samples of such a picture, on average over their phases: a
kernel of ``-LOSS, 1 + 2 LOSS, -LOSS``. Half way between two samples a frequency of ``w`` radians
keeps ``cos(w / 2)``, on average ``sqrt(1 - (1 - cos w) / 3)``; at half of what a frame can show
(w = pi / 4) that is 0.95, and the kernel gives 1.06 back; at three quarters, 0.89 and 1.12."""
REACH = 16
"""Pixels kept around what a move sees, for the kernels of luma and chroma to reach into."""
BLUR_WIDTH = 96
"""Pixels of the small copy that is blurred to fill a frame beside its picture."""
BLUR_SIGMA = 4.0
"""Of that blur, in pixels of the small copy."""
BLUR_LIGHT = 0.55
"""Brightness of that fill."""


@dataclass(frozen=True, slots=True)
class StillPlanes:
    """A still ready for a move.

    Attributes:
        planes: the part that the move sees.
        density: pixels of ``planes`` to a frame width at zoom 1, along x and along y.
        middle: the picture's middle as ``(x, y)`` among the pixel centres of ``planes``.
        room: the picture's size.
        is_linear: whether it is dense enough for linear sampling.
    """

    planes: Planes
    density: tuple[float, float]
    middle: tuple[float, float]
    room: MoveRoom
    is_linear: bool


def prepare(path: Path, shot: Shot, motion: Motion) -> StillPlanes:
    """Make a still ready for a move of a shot. Any slot of a scene gets the same picture.

    Raises:
        RendererError: the still cannot be loaded, or there is no such move.
    """
    still = np.asarray(load_still(path))
    height, width = still.shape[:2]
    aspect = shot.height / shot.width
    room = (
        room_for(height / width, aspect) if shot.fit == "cover" else MoveRoom(1.0, aspect, aspect)
    )
    try:
        widest, closest = zoom_range(motion, room)
        start, end = pose_at(motion, 0, room), pose_at(motion, 1, room)
    except ValueError as error:
        raise RendererError(str(error)) from error
    is_linear = not start.is_upright
    shown = shot.width * closest
    native = width / (room.width if shot.fit == "cover" else min(1.0, aspect * width / height))
    density = shown * (LINEAR_DENSITY if is_linear else DENSITY)
    if shot.fit == "cover" and not is_linear:
        density = min(native, density)
    # An orbit comes nearer in its middle; one limit must do for all of it.
    finest = shot.width * math.sqrt(widest * closest) if is_linear else density
    cutoff = max(1.0, native / finest)
    if shot.fit == "cover":
        rgb = still
        seen = bounds(motion, room)
        columns = _stretch(width, native, density, cutoff, seen[:, 0])
        rows = _stretch(height, native, density, cutoff, seen[:, 1])
        if start.zoom == end.zoom and not is_linear:
            if start.x == end.x:
                columns = _frame_side(width, native, shot.width, start.x, start, shot.width)
            if start.y == end.y:
                rows = _frame_side(height, native, shot.height, start.y, start, shot.width)
        middle = (
            ((width - 1) / 2 - columns.start) / columns.step,
            ((height - 1) / 2 - rows.start) / rows.step,
        )
        densities = (native / columns.step, native / rows.step)
    else:
        size = (_even(density), _even(density * aspect))
        rgb = on_canvas(still, size, native / density, cutoff, blur=shot.fit == "blur")
        columns, rows = (Grid(count, 0.0, 1.0, count, 1.0) for count in size)
        middle = ((size[0] - 1) / 2, (size[1] - 1) / 2)
        densities = (density, density)
    planes = to_planes(rgb, rows, columns)
    if is_linear:
        planes = Planes(*(_sharpened(plane) for plane in (planes.y, planes.u, planes.v)))
    return StillPlanes(planes, densities, middle, room, is_linear)


def _stretch(
    length: int, native: float, density: float, cutoff: float, seen: NDArray[np.float64]
) -> Grid:
    """Samples over what a move sees of one side, and some more for kernels to reach into.

    Args:
        length: of the side, in pixels of the still.
        native, density: pixels of the still, and wanted, to a frame width at zoom 1.
        cutoff: width of the kernel in pixels of the still.
        seen: from where to where, in frame widths from the middle.
    """
    step = native / density
    centre = (length - 1) / 2
    start = max(0, math.floor(centre + native * float(seen[0]) - REACH * step))
    end = min(length - 1, math.ceil(centre + native * float(seen[1]) + REACH * step))
    return Grid(_even((end - start) / step + 1), float(start), step, length, cutoff)


def _frame_side(
    length: int, native: float, count: int, looks_at: float, pose: Pose, frame_width: int
) -> Grid:
    """The very samples of a frame along a side on which nothing changes."""
    step = native / (frame_width * pose.zoom)
    start = (length - 1) / 2 + native * looks_at - step * (count - 1) / 2
    return Grid(count, start, step, length, max(1.0, step))


def _sharpened(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    kernel = np.array([-LINEAR_LOSS, 1 + 2 * LINEAR_LOSS, -LINEAR_LOSS], np.float32)
    return np.asarray(cv2.sepFilter2D(plane, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE))


def on_canvas(
    still: NDArray[np.uint8], size: tuple[int, int], step: float, cutoff: float, *, blur: bool
) -> NDArray[np.float32]:
    """The whole still in the middle of a canvas that is black or a blurred copy of it."""
    height, width = still.shape[:2]
    canvas = _blurred(still, size) if blur else np.zeros((size[1], size[0], 3), np.float32)
    axes = []
    places = []
    for length, source in ((size[1], height), (size[0], width)):
        # Bars of a pixel or so are the canvas's rounding, not the still's shape.
        beside = round((length - source / step) / 2)
        first = beside if beside > 1 else 0
        count = max(1, length - 2 * first)
        # Sample positions put the still's middle on the canvas's, to a fraction of a pixel.
        start = (source - 1) / 2 + (first - (length - 1) / 2) * step
        axes.append(axis(count, start, step, source, cutoff=cutoff))
        places.append(slice(first, first + count))
    for channel in range(3):
        canvas[places[0], places[1], channel] = resample(still[..., channel], axes[0], axes[1])
    return canvas


def _blurred(still: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """A darkened blur of the still's middle that fills a canvas.

    Blurring a small copy costs little; what is enlarged from it in floats is smooth to the eye.
    """
    height, width = still.shape[:2]
    small = (BLUR_WIDTH, max(2, round(BLUR_WIDTH * size[1] / size[0])))
    step = min(width / small[0], height / small[1])
    channels = []
    for channel in range(3):
        copy = resample(
            still[..., channel], _centred(small[1], step, height), _centred(small[0], step, width)
        )
        dark = copy * np.float32(BLUR_LIGHT)
        cv2.GaussianBlur(dark, (0, 0), BLUR_SIGMA, dst=dark, borderType=cv2.BORDER_REPLICATE)
        enlarged = [_centred(size[n], small[n] / size[n], small[n]) for n in (1, 0)]
        channels.append(resample(dark, enlarged[0], enlarged[1]))
    return np.asarray(cv2.merge(channels))


def _centred(count: int, step: float, source: int) -> Axis:
    """Samples about the middle of a side."""
    return axis(count, (source - 1) / 2 - step * (count - 1) / 2, step, source)


def _even(length: float) -> int:
    """The even number of pixels that holds a length."""
    return max(2, 2 * math.ceil(length / 2 - 1e-9))
