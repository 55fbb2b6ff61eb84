"""A still prepared for a flat camera move: float planes, cropped to the visible part, dense enough.

Upright views are sampled from planes as dense as the closest view; the resampler filters for the
wider views. Along an axis without motion or zoom, the samples are those of the frame itself, and
sampling is a copy.

Rolls and orbits are sampled linearly, from planes twice as dense as a frame and free of detail
finer than it, so that the sampler neither blurs nor aliases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base import Motion, RendererError, Shot
from ..image.stills import load_still
from ..image.yuv import Grid, Planes, to_planes
from .letterbox import letterbox
from .poses import Framing, Pose, cover_framing, pose_at, visible_bounds, zoom_range
from .sampling import even_length, presharpen, visible_grid

DENSITY = 1.2
"""Samples to a pixel of the closest view, for upright views of a still that has them."""
LINEAR_DENSITY = 2.0
"""Samples to a pixel of the closest view, for linear sampling."""


@dataclass(frozen=True, slots=True)
class StillPlanes:
    """A still prepared for a move.

    Attributes:
        planes: its visible part.
        density: samples of ``planes`` to a frame width at zoom 1, along x and along y.
        middle: the still's middle as ``(x, y)`` among the sample centres of ``planes``.
        framing: sizes of the still and the frame.
        is_linear: whether ``planes`` are made for linear sampling.
    """

    planes: Planes
    density: tuple[float, float]
    middle: tuple[float, float]
    framing: Framing
    is_linear: bool


def still_planes(path: Path, shot: Shot, motion: Motion) -> StillPlanes:
    """Prepare a still for a move of a shot; the result is the same for every slot of a scene.

    Raises:
        RendererError: the still cannot be loaded, or the move or easing is unknown.
    """
    still = np.asarray(load_still(path))
    height, width = still.shape[:2]
    aspect = shot.height / shot.width
    is_cover = shot.fit == "cover"
    framing = cover_framing(height / width, aspect) if is_cover else Framing(1.0, aspect, aspect)
    try:
        widest, closest = zoom_range(motion, framing)
        start, end = pose_at(motion, 0, framing), pose_at(motion, 1, framing)
    except ValueError as error:
        raise RendererError(str(error)) from error
    is_linear = not start.is_upright
    native = width / (framing.width if is_cover else min(1.0, aspect * width / height))
    density = shot.width * closest * (LINEAR_DENSITY if is_linear else DENSITY)
    if is_cover and not is_linear:
        density = min(native, density)
    # An orbit is closest in its middle; one anti-aliasing cutoff serves its whole zoom range.
    finest = shot.width * math.sqrt(widest * closest) if is_linear else density
    cutoff = max(1.0, native / finest)
    if is_cover:
        rgb = still
        visible = visible_bounds(motion, framing)
        columns = visible_grid(width, native, density, cutoff, visible[:, 0])
        rows = visible_grid(height, native, density, cutoff, visible[:, 1])
        if start.zoom == end.zoom and not is_linear:
            if start.x == end.x:
                columns = _frame_grid(width, native, shot.width, start.x, start, shot.width)
            if start.y == end.y:
                rows = _frame_grid(height, native, shot.height, start.y, start, shot.width)
        middle = (
            ((width - 1) / 2 - columns.start) / columns.step,
            ((height - 1) / 2 - rows.start) / rows.step,
        )
        densities = (native / columns.step, native / rows.step)
    else:
        size = (even_length(density), even_length(density * aspect))
        rgb = letterbox(still, size, native / density, cutoff, blur=shot.fit == "blur")
        columns, rows = (Grid(count, 0.0, 1.0, count, 1.0) for count in size)
        middle = ((size[0] - 1) / 2, (size[1] - 1) / 2)
        densities = (density, density)
    planes = to_planes(rgb, rows, columns)
    if is_linear:
        planes = Planes(*(presharpen(plane) for plane in (planes.y, planes.u, planes.v)))
    return StillPlanes(planes, densities, middle, framing, is_linear)


def _frame_grid(
    length: int, native: float, count: int, centre: float, pose: Pose, frame_width: int
) -> Grid:
    """Return the frame's own samples along a side without motion or zoom."""
    step = native / (frame_width * pose.zoom)
    start = (length - 1) / 2 + native * centre - step * (count - 1) / 2
    return Grid(count, start, step, length, max(1.0, step))
