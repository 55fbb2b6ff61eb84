"""Split a still at its depth edges into a front and a back layer, without disocclusion holes.

No single depth can split a still: a sea runs from near to far without an edge, and a mast is in
front of the sail that is in front of the sky. So the split is local. Along every depth edge the
near side is extended over the far side, as far as the camera can shift the one against the other,
and the far side is extended under the near side:

    relief             front: the upper envelope       back: the lower envelope
         ____               ______ _ _                       ____
        |                         ` .                      .'
    ____|               ______________`_              ____.'

The front's matte is clear over its extension; the back's extension is occluded, and its colours are
inpainted. Elsewhere both are equal, so that it does not matter which one shows. Edges that remain
in the back, at crossings of edges, split it once more.

All maps here are on the *work grid*, coarser than the rendered planes; lengths are in its samples.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats
from . import matte
from .depth_edges import MIN_SHIFT_PX, DepthEdges, NearestSeed, clean_relief, find_depth_edges
from .inpaint import InpaintRegion

HEIGHT_STEPS = 4
"""Ranges of relief that are extended one by one, so that the nearest object wins."""
SAME_OBJECT = 0.2
"""Share of an edge's height within which relief still belongs to its near side."""
MIXED_PX = 1.0
"""Samples beside an edge whose colours mix both sides."""
EXTENSION = 1.25
"""Length of an extension in units of the edge's shift; layers fold over if it is shorter."""
DIRECTION_SIGMA_PX = 4.0
"""Sigma that smooths the direction of mirroring."""
OVERLAP_PX = 6.0
"""Samples that both layers share where an object continues from front to back."""
CONTEXT_PX = 24
"""Samples around all extensions for edges, filters and mirrored texture."""
SMOOTH_PX = 2.0
"""Sigma that smooths relief within a layer, so that no layer folds or tears."""


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer of a still: its relief, and the region to inpaint."""

    relief: Floats
    region: InpaintRegion


@dataclass(frozen=True, slots=True)
class Split:
    """The two layers of a still.

    Attributes:
        front, back: the layers.
        matte: of the front.
        occluded: mask of the back that never shows, whatever its depth.
    """

    front: ImageLayer
    back: ImageLayer
    matte: matte.Matte
    occluded: NDArray[np.bool_]

    def pasted(self, rect: PixelRect, relief: Floats) -> Split:
        """Return this split, of a part of an image, in full-image coordinates.

        Args:
            rect: the part.
            relief: of the full image.
        """
        shape, front, back = relief.shape, smooth_relief(relief), relief.copy()
        front[rect.part], back[rect.part] = self.front.relief, self.back.relief
        occluded = np.zeros(shape, np.bool_)
        occluded[rect.part] = self.occluded
        return Split(
            ImageLayer(front, self.front.region.pasted(rect, shape)),
            ImageLayer(back, self.back.region.pasted(rect, shape)),
            self.matte.pasted(rect, shape),
            occluded,
        )


def split(
    relief: Floats, luma: Floats, shift_px: float, occluded: NDArray[np.bool_] | None = None
) -> Split | None:
    """Split a still into two layers; None if no depth edge is large enough to show.

    Args:
        relief: of each sample, 1 on the still's plane.
        luma: of each sample, 0..1.
        shift_px: largest shift for a difference in relief of 1.
        occluded: samples whose edges are ignored; None for a relief that was not split before.
    """
    if occluded is None:
        relief = clean_relief(relief, shift_px)
    edges = find_depth_edges(relief, shift_px, occluded)
    if edges is None:
        return None
    is_edge = edges.near | edges.far
    most = float((edges.high - edges.low)[is_edge].max()) * shift_px
    rect = PixelRect.around(is_edge, _extension_px(most) + CONTEXT_PX)
    assert rect is not None
    part = _split(relief[rect.part], luma[rect.part], edges.within(rect.part), shift_px)
    return part.pasted(rect, relief)


def _split(relief: Floats, luma: Floats, edges: DepthEdges, shift_px: float) -> Split:
    relief = np.ascontiguousarray(relief)
    over = _extend(relief, edges, shift_px, None, is_over=True)
    is_over = over.share > 0
    # Edges that a nearer object is extended over stay in the back.
    edges = edges.without(is_over)
    near, far = NearestSeed(edges.near), NearestSeed(edges.far)
    # Both layers share an object for a while that continues from front to back.
    rim = np.asarray(cv2.dilate(is_over.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    rim &= ~is_over & (near.distance > 3)
    to_rim = cv2.distanceTransform((~rim).view(np.uint8), cv2.DIST_L2, 3)
    free = np.clip((to_rim - OVERLAP_PX) / OVERLAP_PX, 0, 1) * ~is_over
    under = _extend(relief, edges, shift_px, free, is_over=False)
    height = (edges.high - edges.low) * np.float32(shift_px)
    inside = np.where(near.distance < far.distance, far.distance, -near.distance)
    inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), 1.5))
    # The front shows where the layers differ, and as far around that as smoothing extends.
    margin = np.ones((13, 13), np.uint8)
    differs = cv2.dilate(((under.share > 0) & ~is_over).view(np.uint8), margin) > 0
    is_front = (differs & ~is_over).astype(np.float32)
    front_edge = np.clip(1 - inside, 0, 1) * _edge_fade(far.of(height)) * _beside(far)
    back_edge = np.clip(inside + MIXED_PX + 1, 0, 1) * _edge_fade(near.of(height)) * _beside(near)
    return Split(
        ImageLayer(smooth_relief(over.relief), _inpaint_region(over.share, front_edge, ~is_over)),
        ImageLayer(under.relief, _inpaint_region(under.share, back_edge, is_front == 0, 5)),
        matte.matte(is_front, luma, np.minimum(near.distance, far.distance)),
        (under.share > 0) & (under.share < 0.9),
    )


@dataclass(frozen=True, slots=True)
class _Extension:
    """A relief extended across its depth edges.

    Attributes:
        relief: the extended relief.
        share: 0..1, weight of the extension in it.
    """

    relief: Floats
    share: Floats


def _extend(
    relief: Floats, edges: DepthEdges, shift_px: float, free: Floats | None, *, is_over: bool
) -> _Extension:
    """Extend the near sides of depth edges over their far sides, or the far sides under the near.

    Over: the nearest object wins. Under: the closest edge wins.

    Args:
        relief: of each sample.
        edges: of the relief.
        shift_px: largest shift for a difference in relief of 1.
        free: 0..1, weight of the extension at each sample; None for 1.
        is_over: which of the two.
    """
    seeds = edges.near if is_over else edges.far
    heights = relief[seeds]
    extended, share = relief.copy(), np.zeros_like(relief)
    if not len(heights):
        return _Extension(extended, share)
    steps = np.linspace(heights.min(), heights.max(), HEIGHT_STEPS + 1)
    steps[-1] = np.inf
    closest = np.full_like(relief, np.inf)
    height = edges.high - edges.low
    for low, high in itertools.pairwise(steps):
        some = seeds & (relief >= low) & (relief < high)
        if not some.any():
            continue
        length = _extension_px(float(height[some].max()) * shift_px)
        rect = PixelRect.around(some, length)
        assert rect is not None
        nearest = NearestSeed(some[rect.part])
        index = np.flatnonzero(nearest.distance < length)
        distance = nearest.distance.reshape(-1)[index]
        here, tops, bottoms, value = (
            values[rect.part].reshape(-1) for values in (relief, edges.high, edges.low, relief)
        )
        here = here[index]
        tops, bottoms, value = (nearest.of(values, index) for values in (tops, bottoms, value))
        shift = (tops - bottoms) * np.float32(shift_px)
        weight = _smooth_falloff(distance / (EXTENSION * shift + 4)) * _edge_fade(shift)
        # Only onto the other side of the edge, not onto farther parts of the same object.
        limit = tops - (tops - bottoms) * np.float32(SAME_OBJECT if is_over else 0.5)
        weight *= here < limit if is_over else here > limit
        if free is not None:
            weight *= free[rect.part].reshape(-1)[index]
        value = here + (value - here) * weight
        at = index + index // rect.shape[1] * (relief.shape[1] - rect.shape[1])
        at += rect.top * relief.shape[1] + rect.left
        wins = (
            value > extended.reshape(-1)[at]
            if is_over
            else (weight > 0) & (distance < closest.reshape(-1)[at])
        )
        at = at[wins]
        for values, new in ((extended, value), (share, weight), (closest, distance)):
            values.reshape(-1)[at] = new[wins]
    return _Extension(extended, share)


def _extension_px(shift: float) -> float:
    """Return the longest extension across an edge that opens by ``shift`` samples."""
    return 2 * (EXTENSION * shift + 4)


def _inpaint_region(
    share: Floats, edge: Floats, visible: NDArray[np.bool_], sliver: int = 0
) -> InpaintRegion:
    """Return the region of a layer without colours of its own.

    Args:
        share: 0..1, weight of the layer's extension.
        edge: 0..1, where colours mix both sides of an edge.
        visible: mask of the samples that show this layer.
        sliver: width up to which visible parts are too thin to take texture from.
    """
    share = np.maximum(np.clip(4 * share, 0, 1), edge).astype(np.float32)
    known = (visible & (share == 0)).astype(np.uint8)
    if sliver:
        known = cv2.morphologyEx(known, cv2.MORPH_OPEN, np.ones((sliver, sliver), np.uint8))
    if not known.any():
        known[:] = 1
    return InpaintRegion(share, known.astype(np.float32), _mirrored(known > 0))


def _mirrored(known: NDArray[np.bool_]) -> Floats:
    """Return the mirror image ``(x, y)`` of every unknown sample across its nearest known one."""
    nearest = NearestSeed(known)
    distance = nearest.distance
    # Smoothed directions: texture mirrored at a jagged edge would swirl.
    x, y = (
        cv2.GaussianBlur(part / np.maximum(distance, np.float32(1)), (0, 0), DIRECTION_SIGMA_PX)
        for part in nearest.offsets()
    )
    scale = 2 * distance / np.maximum(cv2.magnitude(x, y), np.float32(1e-3))
    positions = np.empty((2, *known.shape), np.float32)
    np.multiply(x, scale, out=positions[0])
    np.multiply(y, scale, out=positions[1])
    positions[0] += np.arange(known.shape[1], dtype=np.float32)
    positions[1] += np.arange(known.shape[0], dtype=np.float32)[:, None]
    return positions


def _smooth_falloff(distance: Floats) -> Floats:
    """1 up to a distance of 1, 0 from 2 on, a smoothstep between."""
    t = np.clip(2 - distance, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _edge_fade(shift: Floats) -> Floats:
    """0..1: the layers merge gradually where an edge runs out."""
    return np.asarray(np.clip((shift - MIN_SHIFT_PX) / 2, 0, 1))


def _beside(seeds: NearestSeed) -> Floats:
    return np.asarray(np.clip(3 - seeds.distance / MIXED_PX, 0, 1))


def smooth_relief(relief: Floats) -> Floats:
    """Smooth away detail of a relief that can only be noise."""
    return np.asarray(cv2.GaussianBlur(relief, (0, 0), SMOOTH_PX))
