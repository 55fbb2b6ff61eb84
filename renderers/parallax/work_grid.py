"""The work grid: coarse samples on which a picture is taken apart, and relief is looked up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..image.resample import Floats
from ..image.yuv import Grid
from .perspective import Relief


@dataclass(frozen=True, slots=True)
class WorkGrid:
    """The work grid: coarse samples over the part of a still that a move sees."""

    columns: Grid
    rows: Grid
    size: tuple[int, int]

    def over(self, values: Floats) -> Floats:
        """A map of the whole still, of any size, on this grid."""
        places, blur = [], []
        for grid, count, length in self._axes(values):
            scale = length / grid.source
            blur.append(max(0.01, 0.4 * scale * grid.step * grid.count / count))
            samples = (np.arange(count) + 0.5) * grid.count / count - 0.5
            pixels = grid.start + grid.step * samples
            places.append(((pixels + 0.5) * scale - 0.5).astype(np.float32))
        if max(blur) > 0.4:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), sigmaX=blur[0], sigmaY=blur[1]))
        x, y = np.meshgrid(*places)
        return np.asarray(
            cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )

    def _axes(self, values: Floats) -> tuple[tuple[Grid, int, int], ...]:
        return (
            (self.columns, self.size[0], values.shape[1]),
            (self.rows, self.size[1], values.shape[0]),
        )

    def density(self, native: float) -> tuple[float, float]:
        """Samples to a frame width."""
        return (
            native / self.columns.step * self.size[0] / self.columns.count,
            native / self.rows.step * self.size[1] / self.rows.count,
        )

    def relief(self, values: Floats, native: float, middle: tuple[float, ...]) -> Relief:
        """A map on this grid, as views look it up; ``middle`` is the still's among its base."""
        return Relief(
            values,
            self.density(native),
            (
                (middle[0] + 0.5) * self.size[0] / self.columns.count - 0.5,
                (middle[1] + 0.5) * self.size[1] / self.rows.count - 0.5,
            ),
        )
