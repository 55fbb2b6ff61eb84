"""A rectangle of pixels, and its view in coarser or finer grids."""

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
    """Pixels from ``(top, left)`` to ``(bottom, right)``, the latter excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> PixelRect:
        """Return the rectangle of a full image."""
        return cls(0, shape[0], 0, shape[1])

    @classmethod
    def around(cls, mask: NDArray[Any], margin: float = 0.0) -> PixelRect | None:
        """Return the bounding box of a mask with a margin; None if the mask is empty."""
        left, top, width, height = cv2.boundingRect(np.asarray(mask, np.uint8))
        if not width:
            return None
        beside = math.ceil(margin)
        right, bottom = left + width + beside, top + height + beside
        return cls(top - beside, bottom, left - beside, right).within(cls.whole(mask.shape))

    @property
    def part(self) -> tuple[slice, slice]:
        """The rectangle as an index of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; 0 if empty."""
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    def within(self, other: PixelRect) -> PixelRect:
        """Return the intersection with another rectangle."""
        return PixelRect(
            max(self.top, other.top),
            min(self.bottom, other.bottom),
            max(self.left, other.left),
            min(self.right, other.right),
        )

    def pasted(
        self, values: NDArray[Any], shape: tuple[int, ...], around: float = 0.0
    ) -> NDArray[Any]:
        """Return a full image with ``values`` in the rectangle and a constant around it."""
        made = np.full(shape, around, values.dtype)
        made[self.part] = values
        return made

    def among(self, coarse: tuple[int, ...], fine: tuple[int, ...]) -> PixelRect:
        """Return the rectangle in a finer grid, extended to even edges."""
        down, across = (b / a for a, b in zip(coarse, fine, strict=True))
        return PixelRect(
            2 * math.floor(self.top * down / 2),
            2 * math.ceil(self.bottom * down / 2),
            2 * math.floor(self.left * across / 2),
            2 * math.ceil(self.right * across / 2),
        ).within(PixelRect.whole(fine))

    def halved(self) -> PixelRect:
        """Return the rectangle in chroma samples."""
        return PixelRect(self.top // 2, self.bottom // 2, self.left // 2, self.right // 2)

    def finer(self, values: Floats, shape: tuple[int, ...], taps: int = 2) -> Floats:
        """Upsample the part of a coarse map that lies in the rectangle.

        Args:
            values: the map.
            shape: rows and columns of the full image.
            taps: 2 for linear interpolation, 4 for cubic.
        """
        axes = []
        for first, count, coarse, fine in zip(
            (self.top, self.left), self.shape, values.shape, shape, strict=True
        ):
            step = coarse / fine
            axes.append(interpolation(count, (first + 0.5) * step - 0.5, step, coarse, taps))
        return resample(values, axes[0], axes[1])
