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

from ..base import Motion, RendererError, Shot
from ..camera.poses import MoveRoom, Pose
from ..image.pixel_rect import PixelRect
from ..image.resample import Floats
from ..image.yuv import Grid, Planes, planes_of, to_planes
from . import layers, mesh
from .depth.sources import Depth
from .extent import closer, measure, pose_in_depth
from .perspective import Place, Rays, Relief, view
from .upsample import denser, denser_matte, even
from .work_grid import WorkGrid

DEPTH = 0.35
"""Difference in relief between the farthest and the nearest: the far moves by a third less."""
LINEAR_DENSITY = 1.6
"""Samples of a layer to a pixel of the closest view, which is sampled linearly."""
WORK_WIDTH = 540
"""Samples of the work grid to a frame width, at the most."""
SPARED = 1.2
"""Times as fine as a frame can show are the details left in a still that do not shimmer: slices
through time keep an SSIM of 0.985 to ones computed from 16 times 16 samples a pixel."""
MARGIN_PX = 2.5
"""Pixels kept between what is seen and the still's edge, of the frame or of the still: whichever
are larger, so that no filter reaches over it."""
MOST_LAYERS = 3
"""That a picture is taken apart into."""
FAR = 1e6
"""Samples beyond any layer."""
LEAST_AREA = 3e-4
"""Share of the picture that a layer holds: for less, things are not taken apart."""

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RenderLayer:
    """A layer of a still.

    Attributes:
        layer: its samples: all of the picture's, or those where it is not empty.
        relief: of the picture.
        density: samples of the layer to a frame width, along x and along y.
        middle: the picture's middle as ``(x, y)`` among the layer's samples.
        rows: of the relief, between which the layer is not empty; None of the hindmost.
        heights: the lowest and the highest relief, less 1.
    """

    layer: mesh.Layer
    relief: Relief
    density: Pair
    middle: Pair
    rows: Pair | None = None
    heights: Pair = (0.0, 0.0)

    def nodes(self, rays: Rays, among: Rays) -> Floats:
        """The samples that are seen at points of the frame: see `mesh.draw`.

        Args:
            rays: the rays through them.
            among: the same among the samples of the relief.
        """
        if self.rows is None:
            return rays.among(self.density, self.middle).at(among.relief(self.relief))
        # Only where it is not empty, and a cell of chroma around that.
        first, last = among.between(*self.heights, *self.rows)
        first, last = max(0, first - 2), last + 2
        made = np.empty(rays.plain.shape, np.float32)
        made[:, :first], made[:, last:] = -FAR, FAR
        if first < last - 2:
            off = among.rows(first, last).relief(self.relief)
            made[:, first:last] = rays.rows(first, last).among(self.density, self.middle).at(off)
        return made


@dataclass(frozen=True, slots=True)
class LayeredImage:
    """A still ready for a move in depth.

    Attributes:
        layers: the hindmost first, their reliefs all on one grid; one where no jump of depth can
            be seen.
        room: of the picture.
        overscan: zoom beyond that of the move.
        rest: where the camera stood that took the picture.
    """

    layers: tuple[RenderLayer, ...]
    room: MoveRoom
    overscan: float
    rest: Place

    def pose(self, motion: Motion, share: float) -> Pose:
        """The view at ``share`` 0..1 of a move."""
        return closer(pose_in_depth(motion, share, self.room), self.overscan)

    def draw(self, pose: Pose, out: NDArray[np.uint8]) -> None:
        """Draw a view as planar YUV 4:2:0."""
        frame = mesh.node_places(out.shape[1], out.shape[0] * 2 // 3)
        rays = Rays.of(view(pose, self.rest), frame)
        relief = self.layers[0].relief
        among = rays.among(relief.density, relief.middle)
        mesh.draw(out, [(drawn.layer, drawn.nodes(rays, among)) for drawn in self.layers])

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        """A view as planes of ``uint8``."""
        frame = np.empty((height * 3 // 2, width), np.uint8)
        self.draw(pose, frame)
        return planes_of(frame)


@dataclass(frozen=True, slots=True)
class DepthImage:
    """A still with its depth, before anything is known of the move.

    Attributes:
        rgb: shape ``(height, width, 3)``, levels 0..255.
        depth: how near everything in it is.
        room: its size in frame widths.
    """

    rgb: NDArray[Any]
    depth: Depth
    room: MoveRoom

    @property
    def native(self) -> float:
        """Pixels to a frame width."""
        return float(self.rgb.shape[1] / self.room.width)


def prepare(ground: DepthImage, shot: Shot, motion: Motion) -> LayeredImage:
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
    cutoff = max(1.0, native / (shot.width * _sharpest(*reach.zooms)))
    columns = _part(width, native, base, cutoff, reach.seen[:, 0])
    rows = _part(height, native, base, cutoff, reach.seen[:, 1])
    planes = to_planes(ground.rgb, rows, columns)
    coarse = min(1.0, min(WORK_WIDTH, shot.width) / base)
    work = WorkGrid(columns, rows, (_at_least_2(columns, coarse), _at_least_2(rows, coarse)))
    apart = _taken_apart(planes, work, relief, reach.shift * work.density(native)[0])
    middle = tuple(
        ((side - 1) / 2 - grid.start) / grid.step
        for side, grid in ((width, columns), (height, rows))
    )
    density = native / columns.step, native / rows.step
    finer = max(1.0, dense / base)
    return LayeredImage(
        layers=tuple(
            _drawn(cut, density, middle, finer, work.relief(cut.relief, native, middle))
            for cut in apart
        ),
        room=ground.room,
        overscan=reach.overscan,
        rest=reach.rest,
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    """A layer cut out of a picture.

    Attributes:
        planes: its colours.
        matte: how opaque it is, 0..255; None of the hindmost layer.
        relief: of the whole picture, on the work grid.
        box: the part of the picture that it is.
        rows: between which it lies on the work grid.
    """

    planes: Planes
    matte: NDArray[np.uint8] | None
    relief: Floats
    box: PixelRect
    rows: Pair | None = None


def _taken_apart(planes: Planes, work: WorkGrid, relief: Floats, shift_px: float) -> list[_Cut]:
    """Layers of a picture, the hindmost first."""
    apart: list[_Cut] = []
    behind, settled = work.over(relief), None
    while len(apart) < MOST_LAYERS - 1:
        small = Planes(
            *(
                np.asarray(cv2.resize(plane, work.size, interpolation=cv2.INTER_AREA))
                for plane in (planes.y, planes.u, planes.v)
            )
        )
        split = layers.split(behind, _light(small.y), shift_px, settled)
        if split is None:
            break
        support = split.matte.support()
        if support is None or np.count_nonzero(split.matte.mask) < LEAST_AREA * behind.size:
            break
        shape = planes.y.shape
        box = support.among(behind.shape, shape)
        front = split.front.hole.filled(planes, small, box)
        opaque = split.matte.fine(_light(planes.y[box.part]), box, shape)
        apart.insert(0, _Cut(front, opaque, split.front.relief, box, (support.top, support.bottom)))
        planes = split.back.hole.filled(planes, small)
        behind, settled = split.back.relief, split.settled
    last = _Cut(planes, None, layers.smoothed(behind), PixelRect.whole(planes.y.shape))
    return [last, *apart]


def _drawn(
    cut: _Cut, density: Pair, middle: tuple[float, ...], finer: float, relief: Relief
) -> RenderLayer:
    """A layer ready to be drawn, of a picture with a density and a middle."""
    shape = cut.planes.y.shape
    grown = [even(count * finer) / count for count in reversed(shape)]
    return RenderLayer(
        mesh.layer(
            denser(cut.planes, finer),
            None if cut.matte is None else denser_matte(cut.matte, finer),
        ),
        relief,
        (density[0] * grown[0], density[1] * grown[1]),
        (
            (middle[0] - cut.box.left + 0.5) * grown[0] - 0.5 + mesh.PAD,
            (middle[1] - cut.box.top + 0.5) * grown[1] - 0.5 + mesh.PAD,
        ),
        cut.rows,
        (float(cut.relief.min()) - 1, float(cut.relief.max()) - 1),
    )


def _light(luma: Floats) -> Floats:
    """Levels of luma as 0..1."""
    return np.asarray(np.clip((luma - np.float32(16)) * np.float32(1 / 219), 0, 1))


def _sharpest(widest: float, closest: float) -> float:
    """The zoom for which a still is filtered that is seen at zooms from one to another.

    That of the closest view, which so has all that the still holds, as long as the widest does not
    shimmer; else no more than one half way between them.
    """
    ratio = closest / widest
    return widest * max(math.sqrt(ratio), min(ratio, SPARED))


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
