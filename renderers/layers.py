"""A picture taken apart at the edges of its depth: what stands in front, and what is behind it.

There is no one depth at which a picture could be cut in two: a sea runs from near to far without an
edge, a mast is in front of the sail that is in front of the sky. So the cut is local. Along every
jump of the depth the near side belongs to the *front*, the far side to the *back*. Around the jump,
as far as the camera can look behind it, the back is carried on under the front: its relief as it is
at the jump, its colours as a smooth fill that bears the far side's own texture. The front is
carried on likewise over the far side, where its matte is empty. Everywhere else the two are the
same, so that there it is of no consequence which of them is seen.

All maps here lie on one *work grid* of a picture, coarser than what is rendered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .perspective import Floats

JUMP_PX = 3
"""Samples within which a change of depth counts as a jump rather than as a slope."""
BLUR_PX = 5
"""Samples over which the jumps of a depth map may be blurred and are put together again."""
GAP_PX = 11
"""Samples across which a gap between near things closes: blades and leaves move as one."""
POCKET_AREA = 400
"""Samples of far ground, enclosed by near things, that move with them."""
SPECK_AREA = 120
"""Samples of a near thing that is too small to stand alone."""
LEAST_SHIFT = 1.0
"""Samples by which a jump opens, at the most, that is as good as a slope."""
LEAST_JUMP = 16
"""Samples along a jump that make it worth a layer."""
MARGIN_PX = 2.0
"""Samples beside a jump whose colours are a mixture of both sides."""
REACH = 1.5
"""How far layers are carried on, to what can come into view: they fold where it is less."""
SMOOTH_PX = 2.0
"""Sigma with which relief is smoothed within a layer, in samples: no layer folds or tears."""
MATTE_PX = 3
"""Radius within which the matte's edge follows the picture's own, in samples."""
MATTE_EPSILON = 3e-4
"""Contrast (of levels 0..1), squared, at which an edge of the picture draws the matte to it."""
FILL_PX = 128
"""Longer side of the small copy in which holes are filled smoothly."""


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of a picture, on the picture's work grid of shape ``(rows, columns)``.

    Attributes:
        relief: of the layer.
        hole: 0..1, where its colours are filled in.
        known: 0 or 1, where its own colours are.
        source: the sample ``(x, y)`` from which a hole takes its texture; shape
            ``(2, rows, columns)``.
    """

    relief: Floats
    hole: Floats
    known: Floats
    source: Floats


@dataclass(frozen=True, slots=True)
class Split:
    """A picture's two layers.

    Attributes:
        front, back: the layers.
        is_front: 0 or 1, the matte in the rough.
        edge: 0..1, where the picture's own edges are those of the matte.
        guide: ``(slope, offset)``: there it is a linear function of luma 0..1.
    """

    front: Part
    back: Part
    is_front: Floats
    edge: Floats
    guide: tuple[Floats, Floats]

    def matte(self, luma: Floats) -> Floats:
        """How opaque the front is, 0..1, as finely as luma (0..1) is given."""
        size = luma.shape[::-1]
        is_front, edge, slope, offset = (
            cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
            for values in (self.is_front, self.edge, *self.guide)
        )
        plain = _tight(cv2.GaussianBlur(is_front, (0, 0), size[0] / self.edge.shape[1]))
        return np.asarray(plain + (_tight(slope * luma + offset) - plain) * edge)


def split(relief: Floats, luma: Floats, shift_px: float) -> Split | None:
    """Take a picture apart; None where no jump of its relief is large enough to be seen.

    Args:
        relief: of each sample, 1 on the picture's plane.
        luma: of each sample, 0..1.
        shift_px: samples by which a difference in relief of 1 shifts at most.
    """
    gaps = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP_PX, GAP_PX))
    step = 1.0 / max(shift_px, 1e-6)
    sharp = sharpened(relief, step)
    # Notches are filled, while spires and masts stay.
    clean = np.maximum(sharp, cv2.medianBlur(sharp, 5))
    relief = sharpened(cv2.morphologyEx(clean, cv2.MORPH_CLOSE, gaps), step)
    sides = _sides(relief, shift_px)
    if sides is None:
        return None
    # Pockets between leaves and blades move with them, specks with what they are on.
    pockets = _small(~sides.is_front, POCKET_AREA)
    specks = _small(sides.is_front, SPECK_AREA)
    relief = np.where(pockets, sides.near.of(relief), relief)
    relief = np.where(specks, sides.far.of(relief), relief)
    sides = _sides(relief, shift_px)
    if sides is None:
        return None
    near, far = sides.near, sides.far
    is_front = sides.is_front.astype(np.float32)
    # How far the camera can look behind a jump, and a little more.
    shift_near, shift_far = (side.of(sides.height) * np.float32(shift_px) for side in (near, far))
    reach_near, reach_far = REACH * shift_near + 4, REACH * shift_far + 4
    # Where another jump's ground begins nothing is carried on, nor so near to it that it could
    # slide across.
    spare = _to_other(is_front, np.minimum(near.distance, far.distance))
    spare = np.float32(0.8) * np.maximum(spare - 3, 0)
    over_far = _falling(near.distance / reach_near) * (1 - is_front)
    over_far = np.minimum(over_far, spare / np.maximum(shift_near, 1e-3)) * _fading(shift_near)
    under_near = _falling(far.distance / reach_far) * is_front
    under_near = np.minimum(under_near, spare / np.maximum(shift_far, 1e-3)) * _fading(shift_far)
    front = relief + (near.of(relief) - relief) * over_far
    back = relief + (far.of(relief) - relief) * under_near
    inside = np.where(is_front > 0, far.distance, -near.distance).astype(np.float32)
    inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), 1.5))
    # Farther in than any jump around reaches the two layers are the same, and one is enough.
    side = 2 * math.ceil(2 * float(reach_far.max())) + 1
    widest = cv2.dilate(reach_far, np.ones((side, side), np.uint8))
    certain, guide = _guided(is_front, luma)
    beside = np.minimum(near.distance, far.distance)
    back_from, front_from = _beyond(inside, np.where(is_front > 0, reach_far, reach_near))
    beside_near = np.minimum(_fading(shift_near), spare / 2) * _beside(near)
    back_hole = _hole(under_near, inside + MARGIN_PX + 1, beside_near)
    front_hole = _hole(over_far, 1 - inside, _fading(shift_far) * _beside(far))
    return Split(
        front=Part(smoothed(front), front_hole, is_front * (front_hole == 0), front_from),
        back=Part(smoothed(back), back_hole, (1 - is_front) * (back_hole == 0), back_from),
        is_front=is_front * (far.distance < 2 * widest + 2),
        edge=np.asarray(np.clip(2 - beside / MATTE_PX, 0, 1), np.float32) * certain,
        guide=guide,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """The jumps of a relief: samples on their near and on their far side, and how high they are."""

    near: _Nearest
    far: _Nearest
    height: Floats

    @property
    def is_front(self) -> NDArray[np.bool_]:
        """Whether the nearest jump is near here."""
        return np.asarray(self.near.distance < self.far.distance)


def _sides(relief: Floats, shift_px: float) -> _Sides | None:
    """The jumps that open by more than `LEAST_SHIFT`; None where there are hardly any."""
    kernel = np.ones((JUMP_PX, JUMP_PX), np.uint8)
    high, low = np.asarray(cv2.dilate(relief, kernel)), np.asarray(cv2.erode(relief, kernel))
    is_jump = (high - low) * np.float32(shift_px) > LEAST_SHIFT
    if is_jump.sum() < LEAST_JUMP:
        return None
    is_near = relief > (high + low) / 2
    near, far = _Nearest(is_jump & is_near), _Nearest(is_jump & ~is_near)
    return _Sides(near, far, np.asarray(cv2.dilate(high, kernel) - cv2.erode(low, kernel)))


def _small(mask: NDArray[np.bool_], area: int) -> NDArray[np.bool_]:
    """The parts of a mask that hang together and are smaller than an area."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S
    )
    is_small = stats[:, cv2.CC_STAT_AREA] < area
    is_small[0] = False
    return np.asarray(is_small[labels])


def sharpened(relief: Floats, step: float) -> Floats:
    """Relief whose jumps are jumps: depth maps, of models above all, blur them over some samples.

    Within a window that holds a jump each sample goes to whichever end of it is closer (toggle
    mapping: Kramer and Bruckner, 1975), the more so the larger the jump.

    Args:
        relief: the map.
        step: a difference that is to be seen.
    """
    kernel = np.ones((BLUR_PX, BLUR_PX), np.uint8)
    relief = np.ascontiguousarray(relief, np.float32)
    high, low = cv2.dilate(relief, kernel), cv2.erode(relief, kernel)
    nearer = np.where(relief > (high + low) / 2, high, low)
    certain = np.clip((high - low) / (4 * step) - 1, 0, 1).astype(np.float32)
    return np.asarray(relief + (nearer - relief) * certain, np.float32)


class _Nearest:
    """For every sample, the nearest one of a set."""

    def __init__(self, seeds: NDArray[np.bool_]):
        self.distance, labels = cv2.distanceTransformWithLabels(
            (~seeds).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        order = np.zeros(int(labels.max()) + 1, np.int64)
        order[labels[seeds]] = np.flatnonzero(seeds)
        self._seed = order[labels]

    def of(self, values: Floats) -> Floats:
        """The values there."""
        return np.asarray(values.reshape(-1)[self._seed])


def _to_other(is_front: Floats, to_jump: Floats) -> Floats:
    """Distance from where the ground next to one jump gives way to that next to another."""
    kernel = np.ones((3, 3), np.uint8)
    changes = cv2.morphologyEx(is_front, cv2.MORPH_GRADIENT, kernel) > 0
    border = changes & (to_jump > 2)
    return np.asarray(cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 3))


def _falling(distance: Floats) -> Floats:
    """1 up to a distance of 1, 0 from 2 on, smooth between them."""
    t = np.clip(2 - distance, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def smoothed(relief: Floats) -> Floats:
    """Relief without what is too small to be anything but noise."""
    return np.asarray(cv2.GaussianBlur(relief, (0, 0), SMOOTH_PX))


def _hole(carried: Floats, inside: Floats, beside: Floats) -> Floats:
    """Where a layer's own colours are not known: under the other layer, and at the very edge."""
    edge = np.clip(inside, 0, 1) * np.clip(beside, 0, 1)
    return np.asarray(np.maximum(np.clip(4 * carried, 0, 1), edge), np.float32)


def _beside(seeds: _Nearest) -> Floats:
    return np.asarray(np.clip(3 - seeds.distance / MARGIN_PX, 0, 1))


def _fading(shift: Floats) -> Floats:
    """0..1: where a jump runs out, its layers become one gradually."""
    return np.asarray(np.clip((shift - LEAST_SHIFT) / 2, 0, 1))


def _beyond(inside: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Where the back and the front take their texture from: ground as wide as the hole, next to it.

    Args:
        inside: distance from the edge, positive in front.
        reach: width of the holes.
    """
    inside = cv2.GaussianBlur(inside, (0, 0), 4)
    down, across = (cv2.GaussianBlur(part, (0, 0), 8) for part in np.gradient(inside))
    length = np.maximum(np.hypot(across, down), np.float32(1e-3))
    way = cv2.GaussianBlur(reach, (0, 0), 8) + np.float32(4 * MARGIN_PX)
    across, down = across * way / length, down * way / length
    y, x = np.indices(inside.shape, np.float32)
    return (
        np.stack([x - across, y - down]).astype(np.float32),
        np.stack([x + across, y + down]).astype(np.float32),
    )


def _guided(mask: Floats, luma: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    """Linear functions of luma that are near a mask, and turn where luma does.

    A guided filter: K. He, J. Sun, X. Tang, "Guided Image Filtering", ECCV 2010.

    Returns:
        How well they are near it, 0..1, and their ``(slope, offset)``.
    """

    def mean(values: Floats) -> Floats:
        side = 2 * MATTE_PX + 1
        return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REFLECT))

    mean_luma, mean_mask = mean(luma), mean(mask)
    variance = mean(luma * luma) - mean_luma * mean_luma + np.float32(MATTE_EPSILON)
    together = mean(luma * mask) - mean_luma * mean_mask
    slope = together / variance
    # The share of the mask's variance that luma explains.
    explained = slope * together / np.maximum(mean_mask * (1 - mean_mask), np.float32(1e-3))
    certain = np.clip((mean(explained) - 0.4) / 0.3, 0, 1)
    return certain.astype(np.float32), (mean(slope), mean(mean_mask - slope * mean_luma))


def _tight(matte: Floats) -> Floats:
    """A matte without the tails that its filter gave it."""
    t = np.clip((matte - np.float32(0.25)) * 2, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def carried_on(plane: Floats, part: Part) -> Floats:
    """A plane of a picture as one layer has it: its holes filled from what the layer knows.

    What is known, smoothed, is carried over the hole; onto that goes texture from beyond the edge.

    Args:
        plane: shape ``(height, width)``, over the same ground as the work grid.
        part: the layer.
    """
    size = plane.shape[::-1]
    known = cv2.resize(part.known, size, interpolation=cv2.INTER_LINEAR)
    scale = min(1.0, FILL_PX / max(size))
    small = tuple(max(2, round(length * scale)) for length in size)
    weight = cv2.resize(known, small, interpolation=cv2.INTER_AREA)
    total = cv2.resize(plane * known, small, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(_pulled(total, weight), size, interpolation=cv2.INTER_CUBIC)
    stretch = (size[0] / part.known.shape[1], size[1] / part.known.shape[0])
    x, y = (
        (cv2.resize(source, size, interpolation=cv2.INTER_LINEAR) + np.float32(0.5))
        * np.float32(factor)
        - np.float32(0.5)
        for source, factor in zip(part.source, stretch, strict=True)
    )
    texture = cv2.remap(
        (plane - smooth) * known, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    hole = cv2.resize(part.hole, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(plane + (smooth + texture - plane) * hole)


def _pulled(total: Floats, weight: Floats) -> Floats:
    """Known values carried into what is unknown (pull-push: Gortler et al., 1996)."""
    rows, columns = weight.shape
    known = total / np.maximum(weight, np.float32(1e-6))
    if min(rows, columns) <= 2 or float(weight.min()) > 0.5:
        return np.asarray(known)
    smaller = _pulled(cv2.pyrDown(total), cv2.pyrDown(weight))
    coarse = cv2.pyrUp(smaller, dstsize=(columns, rows))
    return np.asarray(coarse + (known - coarse) * np.clip(weight * 2, 0, 1), np.float32)
