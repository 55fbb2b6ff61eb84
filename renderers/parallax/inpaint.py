"""Colours for what no still shows: smooth ground carried on, with the texture of what is beside.

The texture is that beside the edge, mirrored in it: whatever runs up to the edge goes on behind it
without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.pixel_rect import PixelRect
from ..image.resample import Floats
from ..image.yuv import Planes

FILL_PX = 96
"""Longer side of the small copy in which holes are filled smoothly."""
ROW = 4096
"""Places that are looked up in a row: OpenCV's pictures are not endless."""


@dataclass(frozen=True, slots=True)
class InpaintRegion:
    """Where a layer's colours are not known, and where from they are taken.

    All of one shape ``(rows, columns)``, coarser than what is filled.

    Attributes:
        share: 0..1, where colours are filled in.
        known: 0 or 1, where the layer's own colours are.
        source: the sample ``(x, y)`` from which a hole takes its texture: shape
            ``(2, rows, columns)``.
    """

    share: Floats
    known: Floats
    source: Floats

    def pasted(self, box: PixelRect, shape: tuple[int, ...]) -> InpaintRegion:
        """It in a whole picture, of which it is that in a part."""
        return InpaintRegion(
            box.pasted(self.share, shape),
            box.pasted(self.known, shape, 1),
            np.stack(
                [
                    box.pasted(places + np.float32(first), shape)
                    for places, first in zip(self.source, (box.left, box.top), strict=True)
                ]
            ),
        )

    def filled(self, planes: Planes, coarse: Planes, box: PixelRect | None = None) -> Planes:
        """The planes of the picture with the hole filled in.

        Args:
            planes: of the whole picture.
            coarse: the same on the grid of the hole.
            box: what is made of them, in samples of ``y``; all by default.
        """
        if box is None:
            box = PixelRect.whole(planes.y.shape)
        luma = _Lookup.of(self, planes.y.shape, box)
        chroma = _Lookup.of(self, planes.u.shape, box.halved())
        smooth = _smooth(self.known, coarse)
        made = [
            lookup.filled(plane, copy) if lookup else plane[part.part]
            for lookup, part, plane, copy in zip(
                (luma, chroma, chroma),
                (box, box.halved(), box.halved()),
                (planes.y, planes.u, planes.v),
                smooth,
                strict=True,
            )
        ]
        return Planes(*made)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A hole among the samples of a plane.

    What is known of its samples comes in rows of `ROW`, of which the last is filled up with some
    that were there before.

    Attributes:
        box: the part of the plane that is wanted.
        index: of the hole's samples in that.
        share: at each of them.
        here: places ``(x, y)`` of them, among the plane's samples.
        source: where each takes its texture from.
        known: at each of those places.
    """

    box: PixelRect
    index: NDArray[np.intp]
    share: Floats
    here: tuple[Floats, ...]
    source: tuple[Floats, ...]
    known: Floats

    @classmethod
    def of(cls, hole: InpaintRegion, shape: tuple[int, ...], box: PixelRect) -> _Lookup | None:
        """The samples of a plane of a shape that are in a hole."""
        size, coarse = shape[::-1], hole.share.shape[::-1]
        around = PixelRect.around(hole.share > 0, 1)
        if around is None:
            return None
        part = around.among(hole.share.shape, shape).within(box)
        if 0 in part.shape:
            return None
        share = part.finer(hole.share, shape)
        found = np.flatnonzero(share > 0)
        if not len(found):
            return None
        found = np.resize(found, (-(-len(found) // ROW), ROW))
        rows = found // share.shape[1]
        columns = found - rows * share.shape[1]
        rows += part.top
        columns += part.left
        here = columns.astype(np.float32), rows.astype(np.float32)
        places = _scaled(here, size, coarse)
        source = tuple(_at(values, places, cv2.INTER_LINEAR) for values in hole.source)
        return cls(
            box,
            (rows - box.top) * box.shape[1] + (columns - box.left),
            share.reshape(-1)[found],
            here,
            _scaled(source, coarse, size),
            _at(hole.known, source, cv2.INTER_LINEAR),
        )

    def filled(self, plane: Floats, smooth: Floats) -> Floats:
        """What is wanted of a plane with the hole filled in.

        Args:
            plane: all of it.
            smooth: a small copy without the hole.
        """
        made = plane[self.box.part].copy()
        size, small = plane.shape[::-1], smooth.shape[::-1]
        colours = _at(plane, self.source, cv2.INTER_LINEAR)
        colours -= _at(smooth, _scaled(self.source, size, small), cv2.INTER_CUBIC)
        colours *= self.known
        colours += _at(smooth, _scaled(self.here, size, small), cv2.INTER_CUBIC)
        flat = made.reshape(-1)
        old = flat[self.index]
        colours -= old
        colours *= self.share
        colours += old
        flat[self.index] = colours
        return made


def _smooth(known: Floats, coarse: Planes) -> list[Floats]:
    """What is known of planes, carried over what is not: small copies."""
    scale = min(1.0, FILL_PX / max(known.shape))
    size = tuple(max(2, round(length * scale)) for length in known.shape[::-1])
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    return [
        _pulled(cv2.resize(cv2.multiply(plane, known), size, interpolation=cv2.INTER_AREA), weight)
        for plane in (coarse.y, coarse.u, coarse.v)
    ]


def _scaled(
    places: tuple[Floats, ...], size: tuple[int, ...], other: tuple[int, ...]
) -> tuple[Floats, ...]:
    """Places ``(x, y)`` among samples of a plane as places among those of another over the same."""
    return tuple(
        place * np.float32(to / of) + np.float32(0.5 * to / of - 0.5)
        for place, of, to in zip(places, size, other, strict=True)
    )


def _at(plane: Floats, places: tuple[Floats, ...], way: int) -> Floats:
    """A plane's values at places ``(x, y)``."""
    x, y = places
    return np.asarray(cv2.remap(plane, x, y, way, borderMode=cv2.BORDER_REFLECT))


def _pulled(total: Floats, weight: Floats) -> Floats:
    """Known values carried into what is unknown (pull-push: Gortler et al., 1996)."""
    rows, columns = weight.shape
    known = total / np.maximum(weight, np.float32(1e-6))
    if min(rows, columns) <= 2 or float(weight.min()) > 0.5:
        return np.asarray(known)
    smaller = _pulled(cv2.pyrDown(total), cv2.pyrDown(weight))
    coarse = cv2.pyrUp(smaller, dstsize=(columns, rows))
    return np.asarray(coarse + (known - coarse) * np.clip(weight * 2, 0, 1), np.float32)
