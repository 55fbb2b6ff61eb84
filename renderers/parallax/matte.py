"""The matte of a layer: a coarse mask whose edge snaps to the still's own edge (guided filter)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats

RADIUS_PX = 3
"""Radius within which the matte's edge snaps to the still's own, in samples of the work grid."""
EPSILON = 3e-4
"""Regularisation of the guided filter: squared contrast (levels 0..1) that counts as an edge."""


@dataclass(frozen=True, slots=True)
class Matte:
    """The opacity of a layer on the work grid, with parameters to refine it to the still's size.

    Attributes:
        mask: 0 or 1, coarse.
        follows: 0..1, how well the still's own edges match those of the mask.
        slope, offset: the refined matte there, as a linear function of luma 0..1.
    """

    mask: Floats
    follows: Floats
    slope: Floats
    offset: Floats

    def pasted(self, rect: PixelRect, shape: tuple[int, ...]) -> Matte:
        """Return this matte, of a part of an image, in full-image coordinates; clear elsewhere."""
        maps = (self.mask, self.follows, self.slope, self.offset)
        return Matte(*(rect.pasted(values, shape) for values in maps))

    def support(self, blur_px: float = 0.0) -> PixelRect | None:
        """Return the bounding rectangle of the non-empty part, blurred; None if all is empty."""
        return PixelRect.around(self.mask, 2 * RADIUS_PX + 2 + blur_px)

    def fine(self, luma: Floats, rect: PixelRect, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return the matte, 0..255, refined to the resolution of luma.

        Args:
            luma: 0..1, of the rectangle.
            rect: a part of the still, in samples of luma.
            shape: of the whole still.
        """
        soft = np.asarray(cv2.GaussianBlur(self.mask, (0, 0), 1))
        plain = _tight(rect.finer(soft, shape, taps=4))
        follows, slope, offset = (
            rect.finer(values, shape) for values in (self.follows, self.slope, self.offset)
        )
        guided = _tight(cv2.multiply(slope, luma) + offset)
        return np.asarray(cv2.blendLinear(guided, plain, follows, 1 - follows))


def matte(mask: Floats, luma: Floats, to_edge: Floats) -> Matte:
    """Fit a mask by local linear functions of luma, so that its edges follow those of luma.

    The guided filter: K. He, J. Sun, X. Tang, "Guided Image Filtering", ECCV 2010.

    Args:
        mask: 0 or 1.
        luma: 0..1, of the same shape.
        to_edge: distance to the nearest depth edge, at which luma should have an edge too.
    """
    mean_luma, mean_mask = _mean(luma), _mean(mask)
    variance = _mean(luma * luma) - mean_luma * mean_luma + np.float32(EPSILON)
    together = _mean(luma * mask) - mean_luma * mean_mask
    slope = together / variance
    # Share of the mask's variance that luma explains.
    explained = slope * together / np.maximum(mean_mask * (1 - mean_mask), np.float32(1e-3))
    certain = np.clip((_mean(explained) - 0.4) / 0.3, 0, 1)
    follows = np.clip(2 - to_edge / RADIUS_PX, 0, 1) * certain
    offset = _mean(mean_mask - slope * mean_luma)
    return Matte(mask, np.asarray(follows, np.float32), _mean(slope), offset)


def _mean(values: Floats) -> Floats:
    side = 2 * RADIUS_PX + 1
    return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REFLECT))


def _tight(values: Floats) -> NDArray[np.uint8]:
    """Convert a matte to 0..255, steepened to remove the tails of its filter."""
    levels = cv2.convertScaleAbs(np.maximum(values, 0), alpha=255)
    return np.asarray(cv2.LUT(levels, _TIGHT))


def _levels() -> NDArray[np.uint8]:
    t = np.clip((np.arange(256) / 255 - 0.25) * 2, 0, 1)
    return np.asarray((t * t * (3 - 2 * t) * 255).round(), np.uint8)


_TIGHT = _levels()
