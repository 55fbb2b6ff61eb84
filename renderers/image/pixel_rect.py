"""A part of a picture: a rectangle of its samples, and what coarse maps say there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .resample import Floats, interpolation, resample


@dataclass(frozen=True, slots=True)
class PixelRect:
    """Samples from ``(top, left)`` up to, but without, ``(bottom, right)``."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> PixelRect:
        """All of a picture."""
        return cls(0, shape[0], 0, shape[1])

    @classmethod
    def around(cls, mask: NDArray[Any], margin: float = 0.0) -> PixelRect | None:
        """What of a mask is not zero, and a margin; None where all is."""
        left, top, width, height = cv2.boundingRect(np.asarray(mask, np.uint8))
        if not width:
            return None
        beside = math.ceil(margin)
        right, bottom = left + width + beside, top + height + beside
        return cls(top - beside, bottom, left - beside, right).within(cls.whole(mask.shape))

    @property
    def part(self) -> tuple[slice, slice]:
        """It as an index of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; none where boxes do not meet."""
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    def within(self, other: PixelRect) -> PixelRect:
        """What is in another, too."""
        return PixelRect(
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            max(self.left, other.left),
            min(self.right, other.right),
        )

    def pasted(
        self, values: NDArray[Any], shape: tuple[int, ...], around: float = 0.0
    ) -> NDArray[Any]:
        """What lies in the box as part of a whole, around which all is the same."""
        made = np.full(shape, around, values.dtype)
        made[self.part] = values
        return made

    def among(self, coarse: tuple[int, ...], fine: tuple[int, ...]) -> PixelRect:
        """It among the samples of a finer grid over the same picture: even, and nothing less."""
        down, across = (b / a for a, b in zip(coarse, fine, strict=True))
        return PixelRect(
            2 * math.floor(self.top * down / 2),
            2 * math.ceil(self.bottom * down / 2),
            2 * math.floor(self.left * across / 2),
            2 * math.ceil(self.right * across / 2),
        ).within(PixelRect.whole(fine))

    def halved(self) -> PixelRect:
        """It among samples of chroma."""
        return PixelRect(self.top // 2, self.bottom // 2, self.left // 2, self.right // 2)

    def finer(self, values: Floats, shape: tuple[int, ...], taps: int = 2) -> Floats:
        """A coarse map as fine as a picture of this shape: what of it lies in the box.

        Args:
            values: the map.
            shape: rows and columns of the picture.
            taps: 2 or 4, of the interpolation.
        """
        axes = []
        for first, count, coarse, fine in zip(
            (self.top, self.left), self.shape, values.shape, shape, strict=True
        ):
            step = coarse / fine
            axes.append(interpolation(count, (first + 0.5) * step - 0.5, step, coarse, taps))
        return resample(values, axes[0], axes[1])
