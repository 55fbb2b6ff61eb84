"""Where the depth of a picture jumps, and what stands on either side of each jump.

A *jump* is a step between neighbours that opens visibly when the camera moves. A steep slope, as at
the rim of a cylinder, is none: it is drawn whole, a little stretched. All maps lie on one grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.resample import Floats

JUMP_PX = 3
"""Samples within which relief changes at a jump."""
SLOPE_PX = 9
"""Samples within which it changes hardly more than that."""
STEP = 0.55
"""Share of the change within `SLOPE_PX` that a jump makes within `JUMP_PX`; a slope makes a
quarter."""
TEARS = 6.0
"""Samples by which a slope opens within `JUMP_PX` that is as bad as a jump."""
BLUR_PX = 5
"""Samples over which the jumps of a depth map may be blurred and are put together again."""
GAP_PX = 7
"""Samples across which a gap between near things closes: blades and leaves move as one."""
POCKET_AREA = 150
"""Samples of far ground, enclosed by near things, that move with them."""
SPECK_AREA = 120
"""Samples of a near thing that is too small to stand alone."""
LEAST_SHIFT = 1.0
"""Samples by which a jump opens, at the most, that is as good as a slope."""
SURE_SHIFT = 3.0
"""Samples by which a jump opens somewhere along it, to be one."""
LEAST_JUMP = 16
"""Samples along a jump that make it worth a layer."""


class NearestEdge:
    """For every sample, the nearest one of a set; ``distance`` is that to it."""

    def __init__(self, seeds: NDArray[np.bool_]):
        distance, labels = cv2.distanceTransformWithLabels(
            (~seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        self.distance: Floats = np.asarray(distance)
        self._labels: NDArray[np.int32] = np.asarray(labels, np.int32)
        # Labels count the seeds from 1 on, row by row.
        self._seeds = np.append(0, np.flatnonzero(seeds))

    def of(self, values: Floats, where: NDArray[np.intp] | None = None) -> Floats:
        """The values there: of every sample, or of those at flat indices."""
        labels = self._labels if where is None else self._labels.reshape(-1)[where]
        return np.asarray(values.reshape(-1)[self._seeds].take(labels))

    def towards(self) -> tuple[Floats, Floats]:
        """The way there: ``(x, y)``."""
        height, width = self._labels.shape
        rows, columns = (part.astype(np.float32) for part in np.divmod(self._seeds, width))
        x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
        return columns.take(self._labels) - x, rows.take(self._labels) - y


@dataclass(frozen=True, slots=True)
class DepthEdges:
    """The jumps of a relief.

    Attributes:
        near, far: samples on either side of them.
        high, low: relief on either side, at those samples.
    """

    near: NDArray[np.bool_]
    far: NDArray[np.bool_]
    high: Floats
    low: Floats

    def without(self, hidden: NDArray[np.bool_]) -> DepthEdges:
        """Those whose near side is not hidden."""
        near = self.near & ~hidden
        beside = cv2.dilate(near.astype(np.uint8), np.ones((JUMP_PX, JUMP_PX), np.uint8)) > 0
        return DepthEdges(near, self.far & beside, self.high, self.low)

    def within(self, part: tuple[slice, slice]) -> DepthEdges:
        """Those in a part of the map."""
        maps = (self.near, self.far, self.high, self.low)
        return DepthEdges(*(np.ascontiguousarray(values[part]) for values in maps))


def jumps_of(
    relief: Floats, shift_px: float, settled: NDArray[np.bool_] | None = None
) -> DepthEdges | None:
    """The jumps of a relief that open by more than `LEAST_SHIFT`; None if there are none.

    Args:
        relief: of each sample.
        shift_px: samples by which a difference in relief of 1 shifts at most.
        settled: where none is looked for.
    """
    high, low = _range(relief, JUMP_PX)
    opens = (high - low) * np.float32(shift_px)
    top, bottom = _range(relief, SLOPE_PX)
    is_step = (high - low > np.float32(STEP) * (top - bottom)) | (opens > TEARS)
    is_jump = _reaching((opens > LEAST_SHIFT) & is_step, opens > SURE_SHIFT)
    if settled is not None:
        is_jump &= ~settled
    is_near = relief > (high + low) / 2
    near, far = is_jump & is_near, is_jump & ~is_near
    if not (near.any() and far.any()):
        return None
    kernel = np.ones((3, 3), np.uint8)
    return DepthEdges(
        near, far, np.asarray(cv2.dilate(high, kernel)), np.asarray(cv2.erode(low, kernel))
    )


def _reaching(jumps: NDArray[np.bool_], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The jumps that hang together with a sure one and are long enough (Canny's hysteresis)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        jumps.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    is_kept = stats[:, cv2.CC_STAT_AREA] >= LEAST_JUMP
    is_kept &= np.bincount(labels[sure & jumps], minlength=len(stats)) > 0
    is_kept[0] = False
    return np.asarray(is_kept[labels])


def cleaned(relief: Floats, shift_px: float) -> Floats:
    """Relief whose jumps are steps, without notches, and without specks before what is behind."""
    sharp = sharpened(relief, 1.0 / max(shift_px, 1e-6))
    # Notches are filled, while spires and masts stay.
    return np.asarray(np.maximum(sharp, cv2.medianBlur(sharp, 5)))


def closed(relief: Floats, shift_px: float) -> Floats:
    """Relief in which gaps between near things, too narrow to be looked into, move with them."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP_PX, GAP_PX))
    step = 1.0 / max(shift_px, 1e-6)
    relief = sharpened(np.asarray(cv2.morphologyEx(relief, cv2.MORPH_CLOSE, kernel)), step)
    jumps = jumps_of(relief, shift_px)
    if jumps is None:
        return relief
    near, far = NearestEdge(jumps.near), NearestEdge(jumps.far)
    is_near = np.asarray(near.distance < far.distance)
    pockets = _small(~is_near, POCKET_AREA)
    specks = _small(is_near, SPECK_AREA)
    made = relief.copy()
    for small, side in ((pockets, near), (specks, far)):
        where = np.flatnonzero(small)
        made.reshape(-1)[where] = side.of(made, where)
    return made


def sharpened(relief: Floats, step: float) -> Floats:
    """Relief whose jumps are jumps: depth maps, of models above all, blur them over some samples.

    Within a window that holds a jump each sample goes to whichever end of it is closer (toggle
    mapping: Kramer and Bruckner, 1975), the more so the larger the jump.

    Args:
        relief: the map.
        step: a difference that is to be seen.
    """
    relief = np.ascontiguousarray(relief, np.float32)
    high, low = _range(relief, BLUR_PX)
    nearer = np.where(relief > (high + low) / 2, high, low)
    certain = np.clip((high - low) / (4 * step) - 1, 0, 1).astype(np.float32)
    return np.asarray(relief + (nearer - relief) * certain, np.float32)


def _range(values: Floats, side: int) -> tuple[Floats, Floats]:
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.dilate(values, kernel)), np.asarray(cv2.erode(values, kernel))


def _small(mask: NDArray[np.bool_], area: int) -> NDArray[np.bool_]:
    """The parts of a mask that hang together and are smaller than an area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S
    )
    is_small = stats[:, cv2.CC_STAT_AREA] < area
    is_small[0] = False
    return np.asarray(is_small[labels])
