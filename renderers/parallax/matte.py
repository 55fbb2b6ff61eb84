"""The matte of a layer: an edge in the rough, drawn to the picture's own edge beside it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats

RADIUS_PX = 3
"""Radius within which the matte's edge follows the picture's own, in samples."""
EPSILON = 3e-4
"""Contrast (of levels 0..1), squared, at which an edge of the picture draws the matte to it."""


@dataclass(frozen=True, slots=True)
class Matte:
    """How opaque a layer is, on a coarse grid, ready to be made as fine as the picture.

    Attributes:
        mask: 0 or 1, in the rough.
        follows: 0..1, where the picture's own edges are those of the mask.
        slope, offset: there it is a linear function of luma 0..1.
    """

    mask: Floats
    follows: Floats
    slope: Floats
    offset: Floats

    def pasted(self, box: PixelRect, shape: tuple[int, ...]) -> Matte:
        """It for a whole picture, of which it is that of a part; the rest is clear."""
        maps = (self.mask, self.follows, self.slope, self.offset)
        return Matte(*(box.pasted(values, shape) for values in maps))

    def support(self) -> PixelRect | None:
        """Where it is not empty, on its own grid; None where it is so all over."""
        return PixelRect.around(self.mask, 2 * RADIUS_PX + 2)

    def fine(self, luma: Floats, box: PixelRect, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """The matte, 0..255, as finely as luma (0..1) is given.

        Args:
            luma: of what is in the box.
            box: a part of the picture, in samples of luma.
            shape: of the whole picture.
        """
        soft = np.asarray(cv2.GaussianBlur(self.mask, (0, 0), 1))
        plain = _tight(box.finer(soft, shape, taps=4))
        follows, slope, offset = (
            box.finer(values, shape) for values in (self.follows, self.slope, self.offset)
        )
        guided = _tight(cv2.multiply(slope, luma) + offset)
        return np.asarray(cv2.blendLinear(guided, plain, follows, 1 - follows))


def matte(mask: Floats, luma: Floats, to_edge: Floats) -> Matte:
    """A mask with the linear functions of luma that are near it, and turn where luma does.

    A guided filter: K. He, J. Sun, X. Tang, "Guided Image Filtering", ECCV 2010.

    Args:
        mask: 0 or 1.
        luma: 0..1, of the same shape.
        to_edge: distance from the edges at which the picture is expected to have some.
    """
    mean_luma, mean_mask = _mean(luma), _mean(mask)
    variance = _mean(luma * luma) - mean_luma * mean_luma + np.float32(EPSILON)
    together = _mean(luma * mask) - mean_luma * mean_mask
    slope = together / variance
    # The share of the mask's variance that luma explains.
    explained = slope * together / np.maximum(mean_mask * (1 - mean_mask), np.float32(1e-3))
    certain = np.clip((_mean(explained) - 0.4) / 0.3, 0, 1)
    follows = np.clip(2 - to_edge / RADIUS_PX, 0, 1) * certain
    offset = _mean(mean_mask - slope * mean_luma)
    return Matte(mask, np.asarray(follows, np.float32), _mean(slope), offset)


def _mean(values: Floats) -> Floats:
    side = 2 * RADIUS_PX + 1
    return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REFLECT))


def _tight(values: Floats) -> NDArray[np.uint8]:
    """A matte, 0..255, without the tails that its filter gave it."""
    levels = cv2.convertScaleAbs(np.maximum(values, 0), alpha=255)
    return np.asarray(cv2.LUT(levels, _TIGHT))


def _levels() -> NDArray[np.uint8]:
    t = np.clip((np.arange(256) / 255 - 0.25) * 2, 0, 1)
    return np.asarray((t * t * (3 - 2 * t) * 255).round(), np.uint8)


_TIGHT = _levels()
