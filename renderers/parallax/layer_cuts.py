"""Cut a still into layers to composite, each blurred by the lens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats
from ..image.yuv import Planes
from . import layers
from .depth_of_field import Lens, defocus
from .work_grid import WorkGrid

MOST_LAYERS = 3
"""Layers of a still, at most."""
MIN_LAYER_AREA = 3e-4
"""Share of the still that a layer needs; smaller ones are not split off."""


@dataclass(frozen=True, slots=True)
class LayerCut:
    """A layer cut out of a still.

    Attributes:
        planes: its colours.
        matte: its opacity, 0..255; None for the background.
        relief: of the whole still, on the work grid.
        rect: its part of the still.
        rows: its first and last row on the work grid.
    """

    planes: Planes
    matte: NDArray[np.uint8] | None
    relief: Floats
    rect: PixelRect
    rows: tuple[float, float] | None = None


def cut_layers(
    planes: Planes,
    work_grid: WorkGrid,
    native: float,
    relief: Floats,
    shift: float,
    lens: Lens | None = None,
) -> list[LayerCut]:
    """Split a still at its depth edges; return the layers, back to front.

    Args:
        planes: of the still.
        work_grid: the grid to split on.
        native: pixels of the still to a frame width.
        relief: of the still.
        shift: largest shift for a difference in relief of 1, in frame widths.
        lens: blurs the layers; it opens depth edges as far as it blurs. None for all in focus.
    """
    density = work_grid.density(native)[0]
    shift_px = density * max(shift, lens.blur if lens else 0.0)
    cuts: list[LayerCut] = []
    behind, occluded = work_grid.resample(relief), None
    while len(cuts) < MOST_LAYERS - 1:
        coarse = Planes(
            *(
                np.asarray(cv2.resize(plane, work_grid.size, interpolation=cv2.INTER_AREA))
                for plane in (planes.y, planes.u, planes.v)
            )
        )
        split = layers.split(behind, _unit_luma(coarse.y), shift_px, occluded)
        if split is None:
            break
        blur_px = lens.radius(behind, density).max() if lens else 0.0
        support = split.matte.support(float(blur_px))
        if support is None or np.count_nonzero(split.matte.mask) < MIN_LAYER_AREA * behind.size:
            break
        shape = planes.y.shape
        rect = support.among(behind.shape, shape)
        front = split.front.region.inpaint(planes, coarse, rect)
        matte = split.matte.fine(_unit_luma(planes.y[rect.part]), rect, shape)
        cuts.insert(
            0, LayerCut(front, matte, split.front.relief, rect, (support.top, support.bottom))
        )
        planes = split.back.region.inpaint(planes, coarse)
        behind, occluded = split.back.relief, split.occluded
    background = LayerCut(
        planes, None, layers.smooth_relief(behind), PixelRect.whole(planes.y.shape)
    )
    cuts = [background, *cuts]
    if lens is None:
        return cuts
    return [
        _defocused(cut, planes.y.shape, lens, density * planes.y.shape[1] / work_grid.size[0])
        for cut in cuts
    ]


def _defocused(cut: LayerCut, shape: tuple[int, ...], lens: Lens, density: float) -> LayerCut:
    """Blur a layer as a lens does; shape and density are those of the still's planes."""
    radius = cut.rect.finer(lens.radius(cut.relief, density), shape)
    planes, matte = defocus(cut.planes, radius, cut.matte)
    return replace(cut, planes=planes, matte=matte)


def _unit_luma(luma: Floats) -> Floats:
    """Convert limited-range luma levels to 0..1."""
    return np.asarray(np.clip((luma - np.float32(16)) * np.float32(1 / 219), 0, 1))
