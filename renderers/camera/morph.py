"""A dissolve that bends: what two pictures share moves from its place in one to that in the other.

Where the same thing stands in two stills, a plain dissolve shows it twice. Here each picture is
bent towards the other as far as the dissolve has come, along the optical flow between them. Flow is
trusted only where it leads back to where it came from, and what is trusted is spread smoothly over
the rest; pictures that have too little in common dissolve plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.dither import quantise
from ..image.resample import Floats
from ..image.yuv import Planes

WIDTH = 288
"""Pixels of the width of the copies that are compared."""
LIGHT = 8.0
"""Sigma, in pixels of them, about which light is evened out: day may turn to night."""
FARTHEST = 0.1
"""Widths that anything moves at the most."""
AGREE = 1.5
"""Pixels of the copies by which there and back may miss."""
IN_COMMON = 0.35
"""Share of the pictures that must be found in each other."""
SMOOTH = 8.0
"""Sigma, in pixels of the copies, over which trusted flow is spread."""
EDGE = 0.06
"""Share of the frame at its edges in which movement fades out: nothing comes from outside."""


@dataclass(frozen=True, slots=True)
class Morph:
    """How two pictures of the same size are bent into each other.

    Attributes:
        forth, back: displacement ``(x, y)`` from the first to the second and the other way, in
            widths: shape ``(2, rows, columns)``.
    """

    forth: Floats
    back: Floats


def blend(
    one: Planes, other: Planes, weight: float, out: Planes, morph: Morph | None = None
) -> None:
    """Blend two pictures into planes of ``uint8``, rounded once.

    Args:
        one, other: planes of ``float32`` or ``uint8``.
        weight: 0..1 of the second.
        out: where to; may be either of them.
        morph: how they are bent meanwhile.
    """
    if morph is not None:
        # What one shows goes `weight` of the way to where the other shows it.
        one, other = _bent(one, morph.forth, weight), _bent(other, morph.back, 1 - weight)
    for first, second, into in zip(_all(one), _all(other), _all(out), strict=True):
        if first.dtype == np.uint8:
            cv2.addWeighted(first, 1 - weight, second, weight, 0, dst=into)
        else:
            quantise(np.asarray(cv2.addWeighted(first, 1 - weight, second, weight, 0)), into)


def morph_between(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Morph | None:
    """How two pictures morph; None where they have too little in common.

    Args:
        one, other: their luma, of the same shape ``(height, width)``.
    """
    height, width = one.shape
    size = (WIDTH, max(16, round(WIDTH * height / width)))
    first, second = (_evened(luma, size) for luma in (one, other))
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forth = np.asarray(finder.calc(first, second, None))  # type: ignore[call-overload]
    back = np.asarray(finder.calc(second, first, None))  # type: ignore[call-overload]
    trust = _trust(forth, back, first), _trust(back, forth, second)
    if min(float(part.mean()) for part in trust) < IN_COMMON:
        return None
    return Morph(_spread(forth, trust[0]), _spread(back, trust[1]))


def _evened(luma: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A small copy in which every neighbourhood is as light and as contrasty as any other."""
    small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
    apart = small - cv2.GaussianBlur(small, (0, 0), LIGHT)
    contrast = np.sqrt(np.asarray(cv2.GaussianBlur(apart * apart, (0, 0), LIGHT)))
    return np.asarray(np.clip(128 + 40 * apart / (contrast + 2), 0, 255).astype(np.uint8))


def _trust(flow: Floats, other: Floats, picture: NDArray[np.uint8]) -> Floats:
    """0 or 1: where flow leads back to where it came from, and there is anything to go by."""
    y, x = np.indices(flow.shape[:2], np.float32)
    returned = cv2.remap(other, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    misses = np.linalg.norm(flow + returned, axis=2)
    far = np.linalg.norm(flow, axis=2) > FARTHEST * WIDTH
    return np.asarray((misses < AGREE) & ~far & (_detail(picture) > 4), np.float32)


def _detail(picture: NDArray[np.uint8]) -> Floats:
    grey = picture.astype(np.float32)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return np.asarray(cv2.GaussianBlur(steep, (0, 0), 3))


def _spread(flow: Floats, trust: Floats) -> Floats:
    """Trusted flow, in widths, spread smoothly; nothing at the frame's edges."""
    weight = np.asarray(cv2.GaussianBlur(trust, (0, 0), SMOOTH))
    height, width = trust.shape
    fade = [
        np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (EDGE * n), 0, 1)
        for n in (height, width)
    ]
    inside = np.outer(fade[0], fade[1])
    # Far from anything that is trusted movement dies away.
    share = inside / np.maximum(weight, 0.1) / width
    parts = [cv2.GaussianBlur(flow[..., n] * trust, (0, 0), SMOOTH) * share for n in (0, 1)]
    return np.stack(parts).astype(np.float32)


def _bent(planes: Planes, flow: Floats, share: float) -> Planes:
    y, u, v = (_bent_plane(plane, flow, share) for plane in _all(planes))
    return Planes(y, u, v)


def _bent_plane(plane: NDArray[Any], flow: Floats, share: float) -> NDArray[Any]:
    height, width = plane.shape
    far = [cv2.resize(part * np.float32(-share * width), (width, height)) for part in flow]
    x = np.asarray(far[0]) + np.arange(width, dtype=np.float32)
    y = np.asarray(far[1]) + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _all(planes: Planes) -> tuple[NDArray[Any], ...]:
    return planes.y, planes.u, planes.v
