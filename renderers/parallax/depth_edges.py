"""Depth edges: steps in a still's relief that open into disocclusions when the camera moves.

A steep slope, such as the rim of a cylinder, is no depth edge: it is drawn in one piece, slightly
stretched. All maps are on one grid, and lengths are in its samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.resample import Floats

EDGE_PX = 3
"""Window in which relief changes at a depth edge."""
SLOPE_PX = 9
"""Window in which it changes by hardly more."""
EDGE_SHARE = 0.55
"""Least share of the change within `SLOPE_PX` that falls within `EDGE_PX`; 0.25 for a slope."""
TEAR_PX = 6.0
"""Opening within `EDGE_PX` from which a slope is treated as an edge."""
BLUR_PX = 5
"""Widest blur of an edge in a depth map that is sharpened."""
GAP_PX = 7
"""Widest gap between near objects that is closed, so that blades and leaves move as one."""
POCKET_AREA = 150
"""Largest area of background enclosed by near objects that moves with them."""
SPECK_AREA = 120
"""Largest area of a near object that is merged into its background."""
MIN_SHIFT_PX = 1.0
"""Opening up to which an edge is treated as a slope."""
CERTAIN_SHIFT_PX = 3.0
"""Opening that an edge needs in at least one of its samples."""
MIN_EDGE_AREA = 16
"""Samples that an edge needs to be worth a layer."""


class NearestSeed:
    """For every sample, the nearest seed, by a distance transform with labels.

    Attributes:
        distance: to that seed.
    """

    def __init__(self, seeds: NDArray[np.bool_]):
        distance, labels = cv2.distanceTransformWithLabels(
            (~seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        self.distance: Floats = np.asarray(distance)
        self._labels: NDArray[np.int32] = np.asarray(labels, np.int32)
        # Labels count the seeds from 1, row by row.
        self._seeds = np.append(0, np.flatnonzero(seeds))

    def of(self, values: Floats, index: NDArray[np.intp] | None = None) -> Floats:
        """Return the values of the nearest seeds, of every sample or of those at flat indices."""
        labels = self._labels if index is None else self._labels.reshape(-1)[index]
        return np.asarray(values.reshape(-1)[self._seeds].take(labels))

    def offsets(self) -> tuple[Floats, Floats]:
        """Return the vector ``(x, y)`` from every sample to its nearest seed."""
        height, width = self._labels.shape
        rows, columns = (part.astype(np.float32) for part in np.divmod(self._seeds, width))
        x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
        return columns.take(self._labels) - x, rows.take(self._labels) - y


@dataclass(frozen=True, slots=True)
class DepthEdges:
    """The depth edges of a relief.

    Attributes:
        near, far: masks of the samples on either side.
        high, low: relief on either side, at those samples.
    """

    near: NDArray[np.bool_]
    far: NDArray[np.bool_]
    high: Floats
    low: Floats

    def without(self, occluded: NDArray[np.bool_]) -> DepthEdges:
        """Return the edges whose near side is not occluded."""
        near = self.near & ~occluded
        beside = cv2.dilate(near.astype(np.uint8), np.ones((EDGE_PX, EDGE_PX), np.uint8)) > 0
        return DepthEdges(near, self.far & beside, self.high, self.low)

    def within(self, part: tuple[slice, slice]) -> DepthEdges:
        """Return the edges in a part of the map."""
        maps = (self.near, self.far, self.high, self.low)
        return DepthEdges(*(np.ascontiguousarray(values[part]) for values in maps))


def find_depth_edges(
    relief: Floats, shift_px: float, occluded: NDArray[np.bool_] | None = None
) -> DepthEdges | None:
    """Return the edges that open by more than `MIN_SHIFT_PX`; None if there are none.

    Args:
        relief: of each sample.
        shift_px: largest shift for a difference in relief of 1.
        occluded: samples whose edges are ignored.
    """
    high, low = _window_range(relief, EDGE_PX)
    opening = (high - low) * np.float32(shift_px)
    top, bottom = _window_range(relief, SLOPE_PX)
    is_step = (high - low > np.float32(EDGE_SHARE) * (top - bottom)) | (opening > TEAR_PX)
    is_edge = _hysteresis((opening > MIN_SHIFT_PX) & is_step, opening > CERTAIN_SHIFT_PX)
    if occluded is not None:
        is_edge &= ~occluded
    is_near = relief > (high + low) / 2
    near, far = is_edge & is_near, is_edge & ~is_near
    if not (near.any() and far.any()):
        return None
    kernel = np.ones((3, 3), np.uint8)
    return DepthEdges(
        near, far, np.asarray(cv2.dilate(high, kernel)), np.asarray(cv2.erode(low, kernel))
    )


def _hysteresis(edges: NDArray[np.bool_], certain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the long enough edges that are connected to a certain one (Canny's hysteresis)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        edges.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    is_kept = stats[:, cv2.CC_STAT_AREA] >= MIN_EDGE_AREA
    is_kept &= np.bincount(labels[certain & edges], minlength=len(stats)) > 0
    is_kept[0] = False
    return np.asarray(is_kept[labels])


def clean_relief(relief: Floats, shift_px: float) -> Floats:
    """Sharpen the edges of a relief, fill notches, and close gaps too narrow to look into.

    Args:
        relief: of each sample.
        shift_px: largest shift for a difference in relief of 1.
    """
    step = 1.0 / max(shift_px, 1e-6)
    sharp = sharpen_edges(relief, step)
    # The maximum with a median fills notches but keeps spires and masts.
    relief = np.asarray(np.maximum(sharp, cv2.medianBlur(sharp, 5)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP_PX, GAP_PX))
    relief = sharpen_edges(np.asarray(cv2.morphologyEx(relief, cv2.MORPH_CLOSE, kernel)), step)
    return _merge_small_parts(relief, shift_px)


def _merge_small_parts(relief: Floats, shift_px: float) -> Floats:
    """Return a relief in which pockets of background and specks of foreground are merged away."""
    edges = find_depth_edges(relief, shift_px)
    if edges is None:
        return relief
    near, far = NearestSeed(edges.near), NearestSeed(edges.far)
    is_near = np.asarray(near.distance < far.distance)
    pockets = _small_components(~is_near, POCKET_AREA)
    specks = _small_components(is_near, SPECK_AREA)
    merged = relief.copy()
    for small, side in ((pockets, near), (specks, far)):
        index = np.flatnonzero(small)
        merged.reshape(-1)[index] = side.of(merged, index)
    return merged


def sharpen_edges(relief: Floats, step: float) -> Floats:
    """Turn the blurred edges of a depth map into steps; maps of depth models have them.

    In a window with an edge, each sample moves towards the nearer of the window's extremes (toggle
    mapping: Kramer and Bruckner, 1975), the more the larger the edge.

    Args:
        relief: the map.
        step: a difference in relief that is visible.
    """
    relief = np.ascontiguousarray(relief, np.float32)
    high, low = _window_range(relief, BLUR_PX)
    nearer = np.where(relief > (high + low) / 2, high, low)
    certain = np.clip((high - low) / (4 * step) - 1, 0, 1).astype(np.float32)
    return np.asarray(relief + (nearer - relief) * certain, np.float32)


def _window_range(values: Floats, side: int) -> tuple[Floats, Floats]:
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.dilate(values, kernel)), np.asarray(cv2.erode(values, kernel))


def _small_components(mask: NDArray[np.bool_], area: int) -> NDArray[np.bool_]:
    """Return the connected components of a mask that are smaller than an area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S
    )
    is_small = stats[:, cv2.CC_STAT_AREA] < area
    is_small[0] = False
    return np.asarray(is_small[labels])
