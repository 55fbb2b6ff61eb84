"""What of a still draws the eye: the point that a camera looks at where nobody says.

A region stands out when its colours are unlike those along the still's border, or when it is
brighter, darker or more detailed than what is around it, and rather when it lies near the middle.
That takes no model, and no more than a copy of a hundred pixels.

After the boundary prior of Y. Wei et al., "Geodesic Saliency Using Background Priors", ECCV 2012,
and the centre-surround differences of L. Itti et al., PAMI 20 (11), 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .open_image import ImageFileError, image_file
from .stills import load_still

SIDE = 96
"""Pixels of the longer side of the copy that is looked at."""
BORDER = 0.08
"""Share of the longer side that counts as border."""
CENTRE = 0.4
"""Standard deviation, in sides, of how much the middle is preferred."""
STANDS_OUT = 0.55
"""Share of the highest value from which a pixel belongs to what stands out."""
STEP = 0.05
"""Points are rounded to this share of a side: a little noise in a still moves no camera."""

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SaliencyGlance:
    """What a glance at a still tells.

    Attributes:
        aspect: height over width.
        focus: the point that draws the eye, ``(x, y)``, 0..1 of the width and of the height.
    """

    aspect: float
    focus: tuple[float, float]


def look_at(path: Path) -> SaliencyGlance:
    """Look at a still.

    Raises:
        RendererError: it cannot be decoded.
    """
    size, copy = _small(path)
    return SaliencyGlance(size[1] / size[0], focus_of(np.asarray(copy)))


def focus_of(rgb: NDArray[np.uint8]) -> tuple[float, float]:
    """The point that draws the eye in a picture of about `SIDE` pixels; its middle where none does.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    height, width = rgb.shape[:2]
    salient = saliency(rgb)
    top = float(salient.max())
    if top <= 0:
        return 0.5, 0.5
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
    return _rounded(place[0]), _rounded(place[1])


def saliency(rgb: NDArray[np.uint8]) -> _Floats:
    """How much each pixel stands out, from 0; shape ``(height, width)``."""
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
    """The distance of each colour from those along the nearest two sides at least.

    A side that a subject touches looks like the subject; so the second smallest of the distances
    from the four sides counts. They are measured in standard deviations of a side's colours.
    """
    distances = []
    for side in (colours[:wide], colours[-wide:], colours[:, :wide], colours[:, -wide:]):
        pixels = side.reshape(-1, 3).astype(np.float64)
        spread = np.cov(pixels.T) + 25 * np.eye(3)
        apart = colours - pixels.mean(axis=0)
        distances.append(np.sqrt(np.einsum("yxi,ij,yxj->yx", apart, np.linalg.inv(spread), apart)))
    return np.asarray(np.sort(distances, axis=0)[1], np.float32)


def _small(path: Path) -> tuple[tuple[int, int], Image.Image]:
    """A still's size and a small copy, upright. Of a JPEG no more is decoded than is needed."""
    try:
        with image_file(path) as image:
            if image.format == "JPEG" and image.mode == "RGB":
                image.draft("RGB", (SIDE * 2, SIDE * 2))
                still = ImageOps.exif_transpose(image)
            else:
                still = None
    except ImageFileError:
        still = None
    still = still or load_still(path)  # Which says what is wrong with it.
    size = still.size
    factor = SIDE / max(size)
    shape = (max(8, round(size[0] * factor)), max(8, round(size[1] * factor)))
    return size, still.resize(shape, Image.Resampling.BOX)


def _rounded(share: float) -> float:
    return round(round(share / STEP) * STEP, 2)
