"""Saliency of a still: the default focus of a camera move.

A region is salient if its colours differ from those along the border, or if it is brighter, darker
or more detailed than its surroundings; regions near the centre are preferred. It is computed
without a model, on a copy of a hundred pixels.

After the boundary prior of Y. Wei et al., "Geodesic Saliency Using Background Priors", ECCV 2012,
and the centre-surround differences of L. Itti et al., PAMI 20 (11), 1998.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..files.digest import file_digest
from ..files.json_cache import remembered
from .faces import Face
from .known_faces import faces_of
from .open_image import ImageFileError, image_file
from .stills import load_still

SIDE = 96
"""Longer side of that copy, in pixels."""
BORDER = 0.08
"""Width of the border, as a share of the longer side."""
CENTRE = 0.4
"""Standard deviation of the preference for the centre, in sides."""
STANDS_OUT = 0.55
"""Threshold of a salient pixel, as a share of the maximum."""
NAME = "focus.json"
"""Table of known stills in the user's cache, by content."""
STEP = 0.05
"""Points are rounded to this share of a side, so that noise does not move the camera."""

Box: TypeAlias = tuple[float, float, float, float]
_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SaliencyGlance:
    """Glance of the automatic camera at a still.

    Attributes:
        aspect: height over width.
        focus: the most salient point ``(x, y)``, 0..1 of width and height.
        faces: the largest first.
        width: in pixels; None if unknown.
        extent: of the salient part: left, top, right and bottom, 0..1 of width and height; None if
            unknown.
    """

    aspect: float
    focus: tuple[float, float]
    faces: tuple[Face, ...] = ()
    width: int | None = None
    extent: Box | None = None


def look_at(path: Path) -> SaliencyGlance:
    """Return what the automatic camera knows of a still.

    Raises:
        RendererError: the still cannot be decoded.
    """

    def look() -> list[Any]:
        size, copy = _small(path)
        return [*size, *salient_part(np.asarray(copy))]

    width, height, focus, extent = remembered(NAME, f"{_method()}:{file_digest(path)}", look)
    x, y = focus
    left, top, right, bottom = extent
    return SaliencyGlance(height / width, (x, y), faces_of(path), width, (left, top, right, bottom))


@cache
def _method() -> str:
    """Return what decides the salient part besides the still: this code."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


def salient_part(rgb: NDArray[np.uint8]) -> tuple[tuple[float, float], Box]:
    """Return the middle and the extent of the salient part of an image of about `SIDE` pixels.

    By default they are the image's own.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    height, width = rgb.shape[:2]
    salient = saliency(rgb)
    top = float(salient.max())
    if top <= 0:
        return (0.5, 0.5), (0.0, 0.0, 1.0, 1.0)
    stands_out = (salient >= STANDS_OUT * top).astype(np.uint8)
    _, labels = cv2.connectedComponents(stands_out)
    where = np.unravel_index(int(salient.argmax()), salient.shape)
    weight = np.where(labels == labels[where], salient, 0)
    y, x = np.mgrid[0:height, 0:width]
    total = weight.sum()
    place = (
        float((weight * x).sum() / total + 0.5) / width,
        float((weight * y).sum() / total + 0.5) / height,
    )
    rows, columns = (np.flatnonzero(weight.any(axis=axis)) for axis in (1, 0))
    left, right = float(columns[0]) / width, float(columns[-1] + 1) / width
    top, bottom = float(rows[0]) / height, float(rows[-1] + 1) / height
    extent = _rounded(left), _rounded(top), _rounded(right), _rounded(bottom)
    return (_rounded(place[0]), _rounded(place[1])), extent


def saliency(rgb: NDArray[np.uint8]) -> _Floats:
    """Return the saliency of each pixel, from 0; shape ``(height, width)``."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    colours = np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    blurred = np.asarray(cv2.GaussianBlur(colours, (0, 0), side / 48), np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = np.exp(
        -(((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2) / (2 * CENTRE**2)
    )
    parts = [_unlike_the_border(blurred, max(1, round(side * BORDER)))]
    for sigma in (side / 12, side / 5):
        around = np.asarray(cv2.GaussianBlur(colours, (0, 0), sigma))
        parts.append(np.linalg.norm(blurred - around, axis=2))
    light = colours[..., 0]
    detail = np.abs(light - cv2.GaussianBlur(light, (0, 0), side / 64))
    parts.append(np.asarray(cv2.GaussianBlur(detail, (0, 0), side / 24)))
    total = sum(
        (part / top for part in parts if (top := float(part.max())) > 1e-3),
        np.zeros((height, width), np.float32),
    )
    return np.asarray(cv2.GaussianBlur(total * middle, (0, 0), side / 32), np.float32)


def _unlike_the_border(colours: _Floats, wide: int) -> _Floats:
    """Return the second smallest of each colour's distances from those of the four sides.

    Not the smallest, since the subject may touch a side. A distance is in standard deviations of
    the colours of a side (Mahalanobis).
    """
    distances = []
    for side in (colours[:wide], colours[-wide:], colours[:, :wide], colours[:, -wide:]):
        pixels = side.reshape(-1, 3).astype(np.float64)
        spread = np.cov(pixels.T) + 25 * np.eye(3)
        apart = colours - pixels.mean(axis=0)
        distances.append(np.sqrt(np.einsum("yxi,ij,yxj->yx", apart, np.linalg.inv(spread), apart)))
    return np.asarray(np.sort(distances, axis=0)[1], np.float32)


def _small(path: Path) -> tuple[tuple[int, int], Image.Image]:
    """Return a still's size and a small copy, upright; a JPEG is decoded at reduced size."""
    longest = 0
    try:
        with image_file(path) as image:
            longest = max(image.size)
            if image.format == "JPEG" and image.mode == "RGB":
                image.draft("RGB", (SIDE * 2, SIDE * 2))
                still = ImageOps.exif_transpose(image)
            else:
                still = None
    except ImageFileError:
        still = None
    still = still or load_still(path)  # Raises the error.
    size = np.array(still.size)
    shape = np.maximum(8, (size * SIDE / size.max()).round().astype(int))
    width, height = (size * max(longest, size.max()) / size.max()).round().astype(int).tolist()
    return (width, height), still.resize(tuple(shape.tolist()), Image.Resampling.BOX)


def _rounded(share: float) -> float:
    return round(round(share / STEP) * STEP, 2)
