"""Inpainting of disocclusions: smooth extrapolated colours, with texture mirrored at the edge.

Mirrored texture meets the visible part without a seam: a pattern that runs up to the edge runs on
behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats
from ..image.yuv import Planes

SMOOTH_PX = 96
"""Longer side of the small copy from which smooth colours are extrapolated."""
ROW = 4096
"""Points in a row of a lookup: OpenCV limits the width of its images."""


@dataclass(frozen=True, slots=True)
class InpaintRegion:
    """The part of a layer to inpaint, and the source of its texture.

    All maps have one shape ``(rows, columns)``, coarser than the planes that are inpainted.

    Attributes:
        share: 0..1, opacity of the inpainted colours.
        known: 0 or 1, samples with colours of the layer's own.
        source: the sample ``(x, y)`` that each sample takes its texture from: shape
            ``(2, rows, columns)``.
    """

    share: Floats
    known: Floats
    source: Floats

    def pasted(self, rect: PixelRect, shape: tuple[int, ...]) -> InpaintRegion:
        """Return this region, of a part of an image, in full-image coordinates."""
        return InpaintRegion(
            rect.pasted(self.share, shape),
            rect.pasted(self.known, shape, 1),
            np.stack(
                [
                    rect.pasted(positions + np.float32(first), shape)
                    for positions, first in zip(self.source, (rect.left, rect.top), strict=True)
                ]
            ),
        )

    def inpaint(self, planes: Planes, coarse: Planes, rect: PixelRect | None = None) -> Planes:
        """Return the planes with this region inpainted.

        Args:
            planes: of the whole image.
            coarse: the same on the grid of this region.
            rect: the part to return, in samples of ``y``; all by default.
        """
        if rect is None:
            rect = PixelRect.whole(planes.y.shape)
        luma = _Lookup.of(self, planes.y.shape, rect)
        chroma = _Lookup.of(self, planes.u.shape, rect.halved())
        inpainted = [
            lookup.inpaint(plane, smooth) if lookup else plane[part.part]
            for lookup, part, plane, smooth in zip(
                (luma, chroma, chroma),
                (rect, rect.halved(), rect.halved()),
                (planes.y, planes.u, planes.v),
                _smooth_copies(self.known, coarse),
                strict=True,
            )
        ]
        return Planes(*inpainted)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The samples of a plane in an inpaint region, and the sources of their texture.

    Values come in rows of `ROW`; the last row is padded by repeating samples.

    Attributes:
        rect: the requested part of the plane.
        index: flat indices of the samples in that part.
        share: opacity at each of them.
        here: their positions ``(x, y)`` in the plane.
        source: positions that each takes its texture from.
        known: at each of those.
    """

    rect: PixelRect
    index: NDArray[np.intp]
    share: Floats
    here: tuple[Floats, ...]
    source: tuple[Floats, ...]
    known: Floats

    @classmethod
    def of(cls, region: InpaintRegion, shape: tuple[int, ...], rect: PixelRect) -> _Lookup | None:
        """Look up a region in a plane of a shape; None if they do not meet."""
        size, coarse = shape[::-1], region.share.shape[::-1]
        around = PixelRect.around(region.share > 0, 1)
        if around is None:
            return None
        part = around.among(region.share.shape, shape).within(rect)
        if 0 in part.shape:
            return None
        share = part.finer(region.share, shape)
        index = np.flatnonzero(share > 0)
        if not len(index):
            return None
        index = np.resize(index, (-(-len(index) // ROW), ROW))
        rows = index // share.shape[1]
        columns = index - rows * share.shape[1]
        rows += part.top
        columns += part.left
        here = columns.astype(np.float32), rows.astype(np.float32)
        positions = _rescaled(here, size, coarse)
        source = tuple(_at(values, positions, cv2.INTER_LINEAR) for values in region.source)
        return cls(
            rect,
            (rows - rect.top) * rect.shape[1] + (columns - rect.left),
            share.reshape(-1)[index],
            here,
            _rescaled(source, coarse, size),
            _at(region.known, source, cv2.INTER_LINEAR),
        )

    def inpaint(self, plane: Floats, smooth: Floats) -> Floats:
        """Return the requested part of a plane, inpainted.

        Args:
            plane: all of it.
            smooth: its smooth small copy, see `_smooth_copies`.
        """
        result = plane[self.rect.part].copy()
        size, small = plane.shape[::-1], smooth.shape[::-1]
        # The texture at the source, without its smooth colours, over the smooth colours here.
        colours = _at(plane, self.source, cv2.INTER_LINEAR)
        colours -= _at(smooth, _rescaled(self.source, size, small), cv2.INTER_CUBIC)
        colours *= self.known
        colours += _at(smooth, _rescaled(self.here, size, small), cv2.INTER_CUBIC)
        flat = result.reshape(-1)
        old = flat[self.index]
        colours -= old
        colours *= self.share
        colours += old
        flat[self.index] = colours
        return result


def _smooth_copies(known: Floats, coarse: Planes) -> list[Floats]:
    """Return small copies of planes, with known colours extrapolated over unknown samples."""
    scale = min(1.0, SMOOTH_PX / max(known.shape))
    size = tuple(max(2, round(length * scale)) for length in known.shape[::-1])
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    return [
        _pull_push(
            cv2.resize(cv2.multiply(plane, known), size, interpolation=cv2.INTER_AREA), weight
        )
        for plane in (coarse.y, coarse.u, coarse.v)
    ]


def _rescaled(
    positions: tuple[Floats, ...], size: tuple[int, ...], other: tuple[int, ...]
) -> tuple[Floats, ...]:
    """Convert positions ``(x, y)`` between the samples of two planes over the same image."""
    return tuple(
        position * np.float32(to / of) + np.float32(0.5 * to / of - 0.5)
        for position, of, to in zip(positions, size, other, strict=True)
    )


def _at(plane: Floats, positions: tuple[Floats, ...], interpolation: int) -> Floats:
    x, y = positions
    return np.asarray(cv2.remap(plane, x, y, interpolation, borderMode=cv2.BORDER_REFLECT))


def _pull_push(total: Floats, weight: Floats) -> Floats:
    """Fill unknown samples from coarser levels (pull-push: Gortler et al., 1996)."""
    rows, columns = weight.shape
    known = total / np.maximum(weight, np.float32(1e-6))
    if min(rows, columns) <= 2 or float(weight.min()) > 0.5:
        return np.asarray(known)
    smaller = _pull_push(cv2.pyrDown(total), cv2.pyrDown(weight))
    coarse = cv2.pyrUp(smaller, dstsize=(columns, rows))
    return np.asarray(coarse + (known - coarse) * np.clip(weight * 2, 0, 1), np.float32)
