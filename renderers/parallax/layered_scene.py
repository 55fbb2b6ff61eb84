"""A still in depth prepared for a move, as a layered depth image (Shade et al., 1998).

It is made once for a still, and is the same for every slot of a scene:

    still, depth -> extent of the move -> overscan -> split at depth edges -> layers to draw
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base import Motion, RendererError, Shot
from ..camera.poses import Framing, Pose
from ..camera.sampling import even_length, visible_grid
from ..image.resample import Floats
from ..image.yuv import Grid, Planes, planes_of, to_planes
from . import mesh
from .depth.sources import Depth
from .depth_image import DepthImage
from .depth_of_field import IN_FOCUS, WIDEST, Lens, depth_at
from .layer_cuts import LayerCut, cut_layers
from .move_extent import measure_extent, pose_in_depth, zoomed
from .perspective import Rays, Relief, Vector, camera_view
from .upsample import upsample_matte, upsample_planes
from .work_grid import WorkGrid

DEPTH = 0.35
"""Difference in relief between the farthest and the nearest: the far moves by a third less."""
LINEAR_DENSITY = 1.6
"""Samples of a layer to a pixel of the closest view, for linear sampling."""
WORK_WIDTH = 540
"""Samples of the work grid to a frame width, at most; thin things are lost in fewer than 300."""
SAFE_ALIASING = 1.2
"""Detail this many times finer than a frame can show does not shimmer: slices through time keep an
SSIM of 0.985 to ones computed from 16 times 16 samples a pixel."""
MARGIN_PX = 2.5
"""Pixels between the visible part and the still's edge, for filters: of the frame or of the still,
whichever are larger."""
OUTSIDE = 1e6
"""A sample position outside any layer."""

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RenderLayer:
    """A layer ready to be drawn.

    Attributes:
        layer: its samples: all of the still's, or those of its bounding rectangle.
        relief: of the still.
        density: samples of the layer to a frame width, along x and along y.
        middle: the still's middle as ``(x, y)`` among the layer's samples.
        rows: rows of the relief that bound the layer; None for the background.
        relief_range: the lowest and the highest relief, less 1.
    """

    layer: mesh.Layer
    relief: Relief
    density: Pair
    middle: Pair
    rows: Pair | None = None
    relief_range: Pair = (0.0, 0.0)

    def node_samples(self, rays: Rays, relief_rays: Rays) -> Floats:
        """Return the layer's samples behind the nodes of a mesh; see `mesh.draw`.

        Args:
            rays: through the nodes.
            relief_rays: the same in samples of the relief.
        """
        if self.rows is None:
            off = relief_rays.intersect(self.relief)
            return rays.in_samples(self.density, self.middle).points(off)
        # Only rows that may show the layer, and a cell of chroma around them.
        first, last = relief_rays.rows_between(*self.relief_range, *self.rows)
        first, last = max(0, first - 2), last + 2
        samples = np.empty(rays.base.shape, np.float32)
        samples[:, :first], samples[:, last:] = -OUTSIDE, OUTSIDE
        if first < last - 2:
            off = relief_rays.rows(first, last).intersect(self.relief)
            visible = rays.rows(first, last).in_samples(self.density, self.middle)
            samples[:, first:last] = visible.points(off)
        return samples


@dataclass(frozen=True, slots=True)
class LayeredImage:
    """A still prepared for a move in depth.

    Attributes:
        layers: back to front, with their reliefs on one grid; one layer if no depth edge shows.
        framing: sizes of the still and the frame.
        overscan: zoom beyond that of the move.
        rest: centre of the reference camera, which took the still.
    """

    layers: tuple[RenderLayer, ...]
    framing: Framing
    overscan: float
    rest: Vector

    def pose(self, motion: Motion, t: float) -> Pose:
        """Return the pose at time ``t`` 0..1 of a move."""
        return zoomed(pose_in_depth(motion, t, self.framing), self.overscan)

    def draw(self, pose: Pose, out: NDArray[np.uint8]) -> None:
        """Draw a view as planar YUV 4:2:0."""
        nodes = mesh.node_places(out.shape[1], out.shape[0] * 2 // 3)
        rays = Rays.of(camera_view(pose, self.rest), nodes)
        relief = self.layers[0].relief
        relief_rays = rays.in_samples(relief.density, relief.middle)
        mesh.draw(
            out, [(drawn.layer, drawn.node_samples(rays, relief_rays)) for drawn in self.layers]
        )

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        """Return a view as planes of ``uint8``."""
        frame = np.empty((height * 3 // 2, width), np.uint8)
        self.draw(pose, frame)
        return planes_of(frame)


def layered_image(image: DepthImage, shot: Shot, motion: Motion) -> LayeredImage:
    """Prepare a still for a move of a shot.

    Raises:
        RendererError: the move or the easing is unknown.
    """
    values = image.depth.values
    relief = (values - np.float32(_pivot(values))) * np.float32(DEPTH) + 1
    lowest, highest = float(relief.min()), float(relief.max())
    try:
        margin = MARGIN_PX / min(shot.width, image.native)
        extent = measure_extent(
            motion, image.framing, (lowest, highest), image.depth.most_shift, margin
        )
    except ValueError as error:
        raise RendererError(str(error)) from error
    relief = (relief - 1) * np.float32(extent.strength) + 1
    lens = _lens(motion, image.depth, extent.strength)
    # Planes as dense as the still, or as the closest view can show.
    height, width = image.rgb.shape[:2]
    native, dense = image.native, shot.width * extent.zooms[1] * LINEAR_DENSITY
    density = min(native, dense)
    cutoff = max(1.0, native / (shot.width * _anti_alias_zoom(*extent.zooms)))
    columns = visible_grid(width, native, density, cutoff, extent.visible[:, 0])
    rows = visible_grid(height, native, density, cutoff, extent.visible[:, 1])
    planes = to_planes(image.rgb, rows, columns)
    coarse = min(1.0, WORK_WIDTH / density)
    work_grid = WorkGrid(
        columns, rows, (_coarse_count(columns, coarse), _coarse_count(rows, coarse))
    )
    cuts = cut_layers(planes, work_grid, native, relief, extent.shift, lens)
    middle = tuple(
        ((side - 1) / 2 - grid.start) / grid.step
        for side, grid in ((width, columns), (height, rows))
    )
    densities = native / columns.step, native / rows.step
    factor = max(1.0, dense / density)
    return LayeredImage(
        layers=tuple(
            _render_layer(
                cut, densities, middle, factor, work_grid.relief(cut.relief, native, middle)
            )
            for cut in cuts
        ),
        framing=image.framing,
        overscan=extent.overscan,
        rest=extent.rest,
    )


def _lens(motion: Motion, depth: Depth, strength: float) -> Lens | None:
    """Return the lens of a motion over a relief whose depth is scaled; None for all in focus."""
    if not motion.depth_of_field:
        return None
    focus = depth_at(depth.values, motion.focus) if depth.subject is None else depth.subject
    scale = DEPTH * strength
    return Lens(
        focus=(focus - _pivot(depth.values)) * scale + 1,
        tolerance=IN_FOCUS * scale,
        blur=WIDEST * motion.depth_of_field / scale,
    )


def _render_layer(
    cut: LayerCut, density: Pair, middle: tuple[float, ...], factor: float, relief: Relief
) -> RenderLayer:
    """Upsample a layer and pad it for drawing; density and middle are the still's."""
    shape = cut.planes.y.shape
    scale = [even_length(count * factor) / count for count in reversed(shape)]
    return RenderLayer(
        mesh.make_layer(
            upsample_planes(cut.planes, factor),
            None if cut.matte is None else upsample_matte(cut.matte, factor),
        ),
        relief,
        (density[0] * scale[0], density[1] * scale[1]),
        (
            (middle[0] - cut.rect.left + 0.5) * scale[0] - 0.5 + mesh.PAD,
            (middle[1] - cut.rect.top + 0.5) * scale[1] - 0.5 + mesh.PAD,
        ),
        cut.rows,
        (float(cut.relief.min()) - 1, float(cut.relief.max()) - 1),
    )


def _anti_alias_zoom(widest: float, closest: float) -> float:
    """Return the zoom that the still is filtered for.

    That of the closest view, for full detail, unless the widest would shimmer; else their
    geometric mean.
    """
    ratio = closest / widest
    return widest * max(math.sqrt(ratio), min(ratio, SAFE_ALIASING))


def _coarse_count(grid: Grid, factor: float) -> int:
    return max(2, round(grid.count * factor))


def _pivot(depth: Floats) -> float:
    """Return the depth that moves exactly as the move says: the median of the still's middle."""
    rows, columns = depth.shape
    inner = depth[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return float(np.median(inner))
