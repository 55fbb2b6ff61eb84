"""A picture taken apart at the edges of its depth: what stands in front, and what is behind it.

There is no one depth at which a picture could be cut in two: a sea runs from near to far without an
edge, a mast is in front of the sail that is in front of the sky. So the cut is local. Along every
jump of the depth the near side is carried on over the far side, as far as the camera can shift the
one before the other, and the far side under the near side, likewise:

    relief             front: the upper envelope       back: the lower envelope
         ____               ______ _ _                       ____
        |                         ` .                      .'
    ____|               ______________`_              ____.'

The front's matte is empty where it is carried on; the back is hidden there, its colours a fill.
Everywhere else the two are the same, so that there it is of no consequence which of them is seen.
What jumps remain in the back, where one edge runs up to another, take it apart once more.

All maps here lie on one *work grid* of a picture, coarser than what is rendered.
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
from .depth_edges import LEAST_SHIFT, DepthEdges, NearestEdge, cleaned, closed, jumps_of
from .inpaint import InpaintRegion

STEPS = 4
"""Heights that are carried on apart from each other, so that the nearest thing comes first."""
SAME = 0.2
"""Share of a jump by which what is lower may still be the same ground."""
MARGIN_PX = 1.0
"""Samples beside a jump whose colours are a mixture of both sides."""
REACH = 1.25
"""How far layers are carried on, to what can come into view: they fold where it is less."""
WAY_PX = 4.0
"""Sigma with which the way to mirrored texture is smoothed, in samples."""
OVERLAP_PX = 6.0
"""Samples for which both layers have what goes on from one to the other."""
AROUND_PX = 24
"""Samples beyond what is carried on that its edges, filters and mirrored texture look at."""
SMOOTH_PX = 2.0
"""Sigma with which relief is smoothed within a layer, in samples: no layer folds or tears."""


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer of a picture: its relief, and where its colours are not those of the picture."""

    relief: Floats
    hole: InpaintRegion


@dataclass(frozen=True, slots=True)
class Split:
    """A picture's two layers.

    Attributes:
        front, back: the layers.
        matte: of the front.
        settled: where the back is never seen, whatever its depth does there.
    """

    front: ImageLayer
    back: ImageLayer
    matte: matte.Matte
    settled: NDArray[np.bool_]

    def pasted(self, box: PixelRect, relief: Floats) -> Split:
        """It for a whole picture, of which it is that of a part."""
        shape, front, back = relief.shape, smoothed(relief), relief.copy()
        front[box.part], back[box.part] = self.front.relief, self.back.relief
        settled = np.zeros(shape, np.bool_)
        settled[box.part] = self.settled
        return Split(
            ImageLayer(front, self.front.hole.pasted(box, shape)),
            ImageLayer(back, self.back.hole.pasted(box, shape)),
            self.matte.pasted(box, shape),
            settled,
        )


def split(
    relief: Floats, luma: Floats, shift_px: float, settled: NDArray[np.bool_] | None = None
) -> Split | None:
    """Take a picture apart; None where no jump of its relief is large enough to be seen.

    Args:
        relief: of each sample, 1 on the picture's plane.
        luma: of each sample, 0..1.
        shift_px: samples by which a difference in relief of 1 shifts at most.
        settled: where nothing is taken apart.
    """
    if settled is None:
        relief = closed(cleaned(relief, shift_px), shift_px)
    jumps = jumps_of(relief, shift_px, settled)
    if jumps is None:
        return None
    # Everything else happens beside them.
    is_jump = jumps.near | jumps.far
    most = float((jumps.high - jumps.low)[is_jump].max()) * shift_px
    box = PixelRect.around(is_jump, _reach(most) + AROUND_PX)
    assert box is not None
    found = _split(relief[box.part], luma[box.part], jumps.within(box.part), shift_px)
    return found.pasted(box, relief)


def _split(relief: Floats, luma: Floats, jumps: DepthEdges, shift_px: float) -> Split:
    relief = np.ascontiguousarray(relief)
    over = _carried(relief, jumps, shift_px, None, is_over=True)
    is_over = over.share > 0
    # Edges over which something nearer is carried stay in the back.
    jumps = jumps.without(is_over)
    near, far = NearestEdge(jumps.near), NearestEdge(jumps.far)
    # Where one thing goes on from the front to the back, both have it for a while.
    rim = np.asarray(cv2.dilate(is_over.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    rim &= ~is_over & (near.distance > 3)
    to_rim = cv2.distanceTransform((~rim).view(np.uint8), cv2.DIST_L2, 3)
    free = np.clip((to_rim - OVERLAP_PX) / OVERLAP_PX, 0, 1) * ~is_over
    under = _carried(relief, jumps, shift_px, free, is_over=False)
    height = (jumps.high - jumps.low) * np.float32(shift_px)
    inside = np.where(near.distance < far.distance, far.distance, -near.distance)
    inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), 1.5))
    # Where the two differ, and as far beside it as smoothing reaches.
    ends = np.ones((13, 13), np.uint8)
    differs = cv2.dilate(((under.share > 0) & ~is_over).view(np.uint8), ends) > 0
    is_front = (differs & ~is_over).astype(np.float32)
    front_edge = np.clip(1 - inside, 0, 1) * _fading(far.of(height)) * _beside(far)
    back_edge = np.clip(inside + MARGIN_PX + 1, 0, 1) * _fading(near.of(height)) * _beside(near)
    return Split(
        ImageLayer(smoothed(over.relief), _hole(over.share, front_edge, ~is_over)),
        ImageLayer(under.relief, _hole(under.share, back_edge, is_front == 0, 5)),
        matte.matte(is_front, luma, np.minimum(near.distance, far.distance)),
        (under.share > 0) & (under.share < 0.9),
    )


@dataclass(frozen=True, slots=True)
class _Carried:
    """A relief carried on across its jumps.

    Attributes:
        relief: the result.
        share: 0..1, how much of it is carried on.
    """

    relief: Floats
    share: Floats


def _carried(
    relief: Floats, jumps: DepthEdges, shift_px: float, free: Floats | None, *, is_over: bool
) -> _Carried:
    """The near sides of jumps carried on over their far sides, or these under those.

    What is nearest covers what is less near; what is under something else is what is next to it.

    Args:
        relief: of each sample.
        jumps: of the relief.
        shift_px: samples by which a difference in relief of 1 shifts at most.
        free: 0..1, where it may be; None: everywhere.
        is_over: which of the two.
    """
    seeds = jumps.near if is_over else jumps.far
    heights = relief[seeds]
    made, share = relief.copy(), np.zeros_like(relief)
    if not len(heights):
        return _Carried(made, share)
    edges = np.linspace(heights.min(), heights.max(), STEPS + 1)
    edges[-1] = np.inf
    closest = np.full_like(relief, np.inf)
    height = jumps.high - jumps.low
    for low, high in itertools.pairwise(edges):
        some = seeds & (relief >= low) & (relief < high)
        if not some.any():
            continue
        reach = _reach(float(height[some].max()) * shift_px)
        box = PixelRect.around(some, reach)
        assert box is not None
        nearest = NearestEdge(some[box.part])
        # Only where it reaches to.
        where = np.flatnonzero(nearest.distance < reach)
        distance = nearest.distance.reshape(-1)[where]
        here, tops, bottoms, value = (
            values[box.part].reshape(-1) for values in (relief, jumps.high, jumps.low, relief)
        )
        here = here[where]
        tops, bottoms, value = (nearest.of(values, where) for values in (tops, bottoms, value))
        shift = (tops - bottoms) * np.float32(shift_px)
        weight = _falling(distance / (REACH * shift + 4)) * _fading(shift)
        # Only what lies on the other side of that jump, not the same ground farther on.
        limit = tops - (tops - bottoms) * np.float32(SAME if is_over else 0.5)
        weight *= here < limit if is_over else here > limit
        if free is not None:
            weight *= free[box.part].reshape(-1)[where]
        value = here + (value - here) * weight
        at = where + where // box.shape[1] * (relief.shape[1] - box.shape[1])
        at += box.top * relief.shape[1] + box.left
        better = (
            value > made.reshape(-1)[at]
            if is_over
            else (weight > 0) & (distance < closest.reshape(-1)[at])
        )
        at = at[better]
        for values, found in ((made, value), (share, weight), (closest, distance)):
            values.reshape(-1)[at] = found[better]
    return _Carried(made, share)


def _reach(shift: float) -> float:
    """Samples that a jump is carried on, at the most, which opens by some."""
    return 2 * (REACH * shift + 4)


def _hole(share: Floats, edge: Floats, seen: NDArray[np.bool_], sliver: int = 0) -> InpaintRegion:
    """Where a layer's own colours are not known.

    Args:
        share: 0..1, how much the layer is carried on.
        edge: 0..1, where colours are a mixture of both sides of a jump.
        seen: where it is the layer that is seen.
    """
    share = np.maximum(np.clip(4 * share, 0, 1), edge).astype(np.float32)
    known = (seen & (share == 0)).astype(np.uint8)
    if sliver:
        known = cv2.morphologyEx(known, cv2.MORPH_OPEN, np.ones((sliver, sliver), np.uint8))
    if not known.any():
        known[:] = 1
    return InpaintRegion(share, known.astype(np.float32), _mirrored(known > 0))


def _mirrored(known: NDArray[np.bool_]) -> Floats:
    """For every sample that is not known, the place as far behind the known ones' edge."""
    nearest = NearestEdge(known)
    distance = nearest.distance
    # Edges are jagged: what is mirrored in them would swirl.
    across, down = (
        cv2.GaussianBlur(part / np.maximum(distance, np.float32(1)), (0, 0), WAY_PX)
        for part in nearest.towards()
    )
    scale = 2 * distance / np.maximum(cv2.magnitude(across, down), np.float32(1e-3))
    made = np.empty((2, *known.shape), np.float32)
    np.multiply(across, scale, out=made[0])
    np.multiply(down, scale, out=made[1])
    made[0] += np.arange(known.shape[1], dtype=np.float32)
    made[1] += np.arange(known.shape[0], dtype=np.float32)[:, None]
    return made


def _falling(distance: Floats) -> Floats:
    """1 up to a distance of 1, 0 from 2 on, smooth between them."""
    t = np.clip(2 - distance, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _fading(shift: Floats) -> Floats:
    """0..1: where a jump runs out, its layers become one gradually."""
    return np.asarray(np.clip((shift - LEAST_SHIFT) / 2, 0, 1))


def _beside(seeds: NearestEdge) -> Floats:
    return np.asarray(np.clip(3 - seeds.distance / MARGIN_PX, 0, 1))


def smoothed(relief: Floats) -> Floats:
    """Relief without what is too small to be anything but noise."""
    return np.asarray(cv2.GaussianBlur(relief, (0, 0), SMOOTH_PX))
