"""A still in depth, made ready for a move: its layers, the relief of each, and where to look from.

Made once for a still, and the same for every slot of a scene:

    still, depth -> how far the move shifts things -> overscan -> layers -> planes to draw
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import layers, mesh
from .base import Motion, RendererError, Shot
from .denser import denser, denser_matte, even
from .depth.sources import Depth
from .matte import Matte
from .moves import Pose, Room
from .perspective import Floats, Place, Relief, seen, view
from .reach import closer, measure, pose_in_depth
from .work import Work
from .yuv import Grid, Planes, planes_of, to_planes

DEPTH = 0.35
"""Difference in relief between the farthest and the nearest: the far moves by a third less."""
LINEAR_DENSITY = 1.6
"""Samples of a layer to a pixel of the closest view, which is sampled linearly."""
WORK_WIDTH = 540
"""Samples of the work grid to a frame width, at the most."""
MARGIN_PX = 2.5
"""Pixels kept between what is seen and the still's edge, of the frame or of the still: whichever
are larger, so that no filter reaches over it."""
MOST_LAYERS = 3
"""That a picture is taken apart into."""


@dataclass(frozen=True, slots=True)
class Diorama:
    """A still ready for a move in depth.

    Attributes:
        layers: the hindmost first, each with its relief; one where no jump of depth can be seen.
        density: samples of a layer to a frame width.
        middle: the picture's middle as ``(x, y)`` among a layer's samples.
        room: of the picture.
        overscan: zoom beyond that of the move.
        rest: where the camera stood that took the picture.
    """

    layers: tuple[tuple[mesh.Layer, Relief], ...]
    density: tuple[float, float]
    middle: tuple[float, float]
    room: Room
    overscan: float
    rest: Place

    def pose(self, motion: Motion, share: float) -> Pose:
        """The view at ``share`` 0..1 of a move."""
        return closer(pose_in_depth(motion, share, self.room), self.overscan)

    def draw(self, pose: Pose, out: NDArray[np.uint8]) -> None:
        """Draw a view as planar YUV 4:2:0."""
        view_ = view(pose, self.rest)
        frame = mesh.node_places(out.shape[1], out.shape[0] * 2 // 3)
        mesh.draw(
            out,
            [(layer, self._nodes(*seen(view_, frame, relief))) for layer, relief in self.layers],
        )

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        """A view as planes of ``uint8``."""
        frame = np.empty((height * 3 // 2, width), np.uint8)
        self.draw(pose, frame)
        return planes_of(frame)

    def _nodes(self, x: Floats, y: Floats) -> Floats:
        made = np.stack([x, y])
        for axis_, (density, middle) in enumerate(zip(self.density, self.middle, strict=True)):
            made[axis_] *= np.float32(density)
            made[axis_] += np.float32(middle)
        return made


@dataclass(frozen=True, slots=True)
class Ground:
    """A still with its depth, before anything is known of the move.

    Attributes:
        rgb: shape ``(height, width, 3)``, levels 0..255.
        depth: how near everything in it is.
        room: its size in frame widths.
    """

    rgb: NDArray[Any]
    depth: Depth
    room: Room

    @property
    def native(self) -> float:
        """Pixels to a frame width."""
        return float(self.rgb.shape[1] / self.room.width)


def prepare(ground: Ground, shot: Shot, motion: Motion) -> Diorama:
    """Make a still ready for a move of a shot.

    Raises:
        RendererError: there is no such move.
    """
    values = ground.depth.values
    relief = (values - np.float32(_pivot(values))) * np.float32(DEPTH) + 1
    lowest, highest = float(relief.min()), float(relief.max())
    try:
        margin = MARGIN_PX / min(shot.width, ground.native)
        reach = measure(motion, ground.room, (lowest, highest), ground.depth.most_shift, margin)
    except ValueError as error:
        raise RendererError(str(error)) from error
    relief = (relief - 1) * np.float32(reach.strength) + 1
    # The picture, as dense as it is or as dense as the closest view can show.
    height, width = ground.rgb.shape[:2]
    native, dense = ground.native, shot.width * reach.zooms[1] * LINEAR_DENSITY
    base = min(native, dense)
    cutoff = max(1.0, native / (shot.width * math.sqrt(reach.zooms[0] * reach.zooms[1])))
    columns = _part(width, native, base, cutoff, reach.seen[:, 0])
    rows = _part(height, native, base, cutoff, reach.seen[:, 1])
    planes = to_planes(ground.rgb, rows, columns)
    luma = np.clip((planes.y - 16) / np.float32(219), 0, 1)
    coarse = min(1.0, min(WORK_WIDTH, shot.width) / base)
    work = Work(columns, rows, (_at_least_2(columns, coarse), _at_least_2(rows, coarse)))
    taken_apart = _taken_apart(planes, luma, work, relief, reach.shift * work.density(native)[0])
    finer = max(1.0, dense / base)
    drawn = [
        mesh.layer(
            denser(colours, finer),
            None if matte is None else denser_matte(matte.fine(luma), finer),
        )
        for colours, _, matte in taken_apart
    ]
    middle = tuple(
        ((side - 1) / 2 - grid.start) / grid.step
        for side, grid in ((width, columns), (height, rows))
    )
    reliefs = [work.relief(values, native, middle) for _, values, _ in taken_apart]
    grown = [even(grid.count * finer) / grid.count for grid in (columns, rows)]
    return Diorama(
        layers=tuple(zip(drawn, reliefs, strict=True)),
        density=(native / columns.step * grown[0], native / rows.step * grown[1]),
        middle=(
            (middle[0] + 0.5) * grown[0] - 0.5 + mesh.PAD,
            (middle[1] + 0.5) * grown[1] - 0.5 + mesh.PAD,
        ),
        room=ground.room,
        overscan=reach.overscan,
        rest=reach.rest,
    )


def _taken_apart(
    planes: Planes, luma: Floats, work: Work, relief: Floats, shift_px: float
) -> list[tuple[Planes, Floats, Matte | None]]:
    """Layers of a picture, the hindmost first: colours, relief on the work grid, matte."""
    apart: list[tuple[Planes, Floats, Matte | None]] = []
    behind, settled = work.over(relief), None
    while len(apart) < MOST_LAYERS - 1:
        small = np.asarray(cv2.resize(luma, work.size, interpolation=cv2.INTER_AREA))
        split = layers.split(behind, small, shift_px, settled)
        if split is None:
            break
        apart.insert(0, (split.front.hole.filled(planes), split.front.relief, split.matte))
        planes, behind, settled = split.back.hole.filled(planes), split.back.relief, split.settled
        luma = np.clip((planes.y - 16) / np.float32(219), 0, 1)
    return [(planes, layers.smoothed(behind), None), *apart]


def _at_least_2(grid: Grid, factor: float) -> int:
    return max(2, round(grid.count * factor))


def _pivot(depth: Floats) -> float:
    """The depth that moves as the move says: that of the middle of the picture, in the main."""
    rows, columns = depth.shape
    inner = depth[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return float(np.median(inner))


def _part(
    length: int, native: float, density: float, cutoff: float, seen_: NDArray[np.float64]
) -> Grid:
    """Samples over what a move sees of one side, and some more for filters to reach into."""
    step = native / density
    centre = (length - 1) / 2
    start = max(0, math.floor(centre + native * float(seen_[0]) - 16 * step))
    end = min(length - 1, math.ceil(centre + native * float(seen_[1]) + 16 * step))
    return Grid(even((end - start) / step + 1), float(start), step, length, cutoff)
