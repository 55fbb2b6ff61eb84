"""RGB pictures as planar YUV 4:2:0: BT.709, limited range, chroma sited left as in H.264.

Formulas: ITU-R BT.709-6; quantisation as its section 4 (16..235 and 16..240).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_KR, _KG, _KB = 0.2126, 0.7152, 0.0722


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture: ``y`` of shape ``(height, width)``, ``u`` and ``v`` of half of both."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


def to_planes(rgb: NDArray[np.uint8]) -> Planes:
    """Convert a picture of even width and height.

    Rounding is dithered with noise of half a step, so that a slow sky doesn't step in bands.
    """
    red, green, blue = (rgb[..., c].astype(np.float32) for c in range(3))
    luma = _KR * red + _KG * green + _KB * blue
    cb = (blue - luma) / (2 * (1 - _KB))
    cr = (red - luma) / (2 * (1 - _KR))
    noise = np.random.default_rng(709)
    return Planes(
        y=_quantise(16 + luma * (219 / 255), noise),
        u=_quantise(128 + _halve(cb) * (224 / 255), noise),
        v=_quantise(128 + _halve(cr) * (224 / 255), noise),
    )


def _halve(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half the size: even columns by a [1 2 1] filter, pairs of rows by their mean."""
    kernel = np.array([[0.25, 0.5, 0.25]], np.float32)
    smooth = cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REPLICATE)[:, ::2]
    return np.asarray((smooth[0::2] + smooth[1::2]) * 0.5, np.float32)


def _quantise(plane: NDArray[np.float32], noise: np.random.Generator) -> NDArray[np.uint8]:
    jitter = noise.random(plane.shape, np.float32) - 0.5
    return np.clip(np.rint(plane + jitter), 0, 255).astype(np.uint8)
