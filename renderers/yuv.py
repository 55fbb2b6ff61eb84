"""RGB pictures as planes of YUV 4:2:0: BT.709, limited range.

Formulas: ITU-R BT.709-6; quantisation as its section 4 (16..235 and 16..240).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_LUMA = np.array([_KR, _KG, _KB]) * (219 / 255)
_CB = (np.array([0, 0, 1]) - np.array([_KR, _KG, _KB])) / (2 * (1 - _KB)) * (224 / 255)
_CR = (np.array([1, 0, 0]) - np.array([_KR, _KG, _KB])) / (2 * (1 - _KR)) * (224 / 255)
_MATRIX = np.hstack([np.array([_LUMA, _CB, _CR]), [[16], [128], [128]]]).astype(np.float32)
_TILE = 512
_NOISE = (np.random.default_rng(709).random((_TILE, _TILE), np.float32) - 0.5).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture: ``y`` of shape ``(height, width)``, ``u`` and ``v`` of half of both.

    Chroma sample (i, j) is sited in the middle of its four luma samples, at (2i + 1/2, 2j + 1/2).
    """

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


def to_planes(rgb: NDArray[np.uint8], size: tuple[int, int]) -> Planes:
    """Convert a picture and scale it to ``size``, an even width and height, by Lanczos.

    Rounding is dithered with noise of half a step, so that a slow sky doesn't step in bands.
    """
    y, u, v = cv2.split(cv2.transform(rgb.astype(np.float32), _MATRIX))
    half = (size[0] // 2, size[1] // 2)
    shrinks = half[0] < rgb.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    luma = y if size == (rgb.shape[1], rgb.shape[0]) else _resize(y, size, cv2.INTER_LANCZOS4)
    return Planes(
        y=_quantise(luma),
        u=_quantise(_resize(u, half, way)),
        v=_quantise(_resize(v, half, way)),
    )


def _resize(plane: Any, size: tuple[int, int], interpolation: int) -> Any:
    return cv2.resize(plane, size, interpolation=interpolation)


def _quantise(plane: Any) -> NDArray[np.uint8]:
    height, width = plane.shape
    tiles = (height // _TILE + 1, width // _TILE + 1)
    plane += np.tile(_NOISE, tiles)[:height, :width]
    return np.asarray(cv2.convertScaleAbs(plane))
