"""Colours for what no still shows: smooth ground carried on, with the texture of what is beside.

The texture is that beside the edge, mirrored in it: whatever runs up to the edge goes on behind it
without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .perspective import Floats
from .yuv import Planes

FILL_PX = 96
"""Longer side of the small copy in which holes are filled smoothly."""
ROW = 4096
"""Places that are looked up in a row: OpenCV's pictures are not endless."""


@dataclass(frozen=True, slots=True)
class Hole:
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

    def filled(self, planes: Planes) -> Planes:
        """The planes of the picture with the hole filled in."""
        half = _Lookup.of(self, planes.u.shape)
        return Planes(
            _Lookup.of(self, planes.y.shape).filled(planes.y),
            half.filled(planes.u),
            half.filled(planes.v),
        )


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A hole among the samples of a plane.

    Attributes:
        hole: the hole.
        rows, columns: of its samples.
        share: at each of them.
        source: where each takes its texture from, among the plane's samples.
        known: at each of those places.
    """

    hole: Hole
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    share: Floats
    source: tuple[Floats, ...]
    known: Floats

    @classmethod
    def of(cls, hole: Hole, shape: tuple[int, ...]) -> _Lookup:
        size, coarse = shape[::-1], hole.share.shape[::-1]
        share = cv2.resize(hole.share, size, interpolation=cv2.INTER_LINEAR)
        rows, columns = np.nonzero(share)
        here = _scaled((columns, rows), size, coarse)
        source = tuple(_at(places, here, cv2.INTER_LINEAR) for places in hole.source)
        known = _at(hole.known, source, cv2.INTER_LINEAR)
        where = _scaled(source, coarse, size)
        return cls(hole, rows, columns, share[rows, columns], where, known)

    def filled(self, plane: Floats) -> Floats:
        """A plane with the hole filled in."""
        made = plane.copy()
        if not len(self.rows):
            return made
        smooth = self._smooth(plane)
        size, small = plane.shape[::-1], smooth.shape[::-1]
        colours = _at(plane, self.source, cv2.INTER_LINEAR)
        colours -= _at(smooth, _scaled(self.source, size, small), cv2.INTER_CUBIC)
        colours *= self.known
        here = _scaled((self.columns, self.rows), size, small)
        colours += _at(smooth, here, cv2.INTER_CUBIC)
        old = plane[self.rows, self.columns]
        made[self.rows, self.columns] = old + (colours - old) * self.share
        return made

    def _smooth(self, plane: Floats) -> Floats:
        """What is known of a plane, carried over what is not: a small copy."""
        known = self.hole.known
        scale = min(1.0, FILL_PX / max(known.shape))
        size = tuple(max(2, round(length * scale)) for length in known.shape[::-1])
        coarse = cv2.resize(plane, known.shape[::-1], interpolation=cv2.INTER_AREA)
        total = cv2.resize(coarse * known, size, interpolation=cv2.INTER_AREA)
        return _pulled(total, cv2.resize(known, size, interpolation=cv2.INTER_AREA))


def _scaled(
    places: tuple[NDArray[Any], ...], size: tuple[int, ...], other: tuple[int, ...]
) -> tuple[Floats, ...]:
    """Places ``(x, y)`` among samples of a plane as places among those of another over the same."""
    return tuple(
        (place.astype(np.float32) + np.float32(0.5)) * np.float32(to / of) - np.float32(0.5)
        for place, of, to in zip(places, size, other, strict=True)
    )


def _at(plane: Floats, places: tuple[Floats, ...], way: int) -> Floats:
    """A plane's values at a list of places ``(x, y)``."""
    count = len(places[0])
    if not count:
        return np.zeros(0, np.float32)
    x, y = (np.resize(place, (-(-count // ROW), ROW)) for place in places)
    found = cv2.remap(plane, x, y, way, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found).reshape(-1)[:count]


def _pulled(total: Floats, weight: Floats) -> Floats:
    """Known values carried into what is unknown (pull-push: Gortler et al., 1996)."""
    rows, columns = weight.shape
    known = total / np.maximum(weight, np.float32(1e-6))
    if min(rows, columns) <= 2 or float(weight.min()) > 0.5:
        return np.asarray(known)
    smaller = _pulled(cv2.pyrDown(total), cv2.pyrDown(weight))
    coarse = cv2.pyrUp(smaller, dstsize=(columns, rows))
    return np.asarray(coarse + (known - coarse) * np.clip(weight * 2, 0, 1), np.float32)
