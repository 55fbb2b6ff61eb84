"""The work grid: the coarse samples on which layers are split and relief is looked up."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..image.resample import Floats
from ..image.yuv import Grid
from .perspective import Relief


@dataclass(frozen=True, slots=True)
class WorkGrid:
    """A coarse grid over the visible part of a still.

    Attributes:
        columns, rows: samples of the planes that the grid is a coarse copy of.
        size: ``(columns, rows)`` of the grid.
    """

    columns: Grid
    rows: Grid
    size: tuple[int, int]

    def resample(self, values: Floats) -> Floats:
        """Resample a map of the whole still, of any size, with an anti-aliasing blur."""
        positions, sigma = [], []
        for grid, count, length in self._axes(values):
            scale = length / grid.source
            sigma.append(max(0.01, 0.4 * scale * grid.step * grid.count / count))
            samples = (np.arange(count) + 0.5) * grid.count / count - 0.5
            pixels = grid.start + grid.step * samples
            positions.append(((pixels + 0.5) * scale - 0.5).astype(np.float32))
        if max(sigma) > 0.4:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1]))
        x, y = np.meshgrid(*positions)
        return np.asarray(
            cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )

    def _axes(self, values: Floats) -> tuple[tuple[Grid, int, int], ...]:
        return (
            (self.columns, self.size[0], values.shape[1]),
            (self.rows, self.size[1], values.shape[0]),
        )

    def density(self, native: float) -> tuple[float, float]:
        """Return samples to a frame width, along x and y; ``native`` is the still's."""
        return (
            native / self.columns.step * self.size[0] / self.columns.count,
            native / self.rows.step * self.size[1] / self.rows.count,
        )

    def relief(self, values: Floats, native: float, middle: tuple[float, ...]) -> Relief:
        """Return a map on this grid as a `Relief`.

        Args:
            values: the map.
            native: pixels of the still to a frame width.
            middle: the still's middle as ``(x, y)`` among the samples of ``columns`` and ``rows``.
        """
        return Relief(
            values,
            self.density(native),
            (
                (middle[0] + 0.5) * self.size[0] / self.columns.count - 0.5,
                (middle[1] + 0.5) * self.size[1] / self.rows.count - 0.5,
            ),
        )
