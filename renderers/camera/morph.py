"""Morphing dissolves: two stills of one place are warped towards each other by optical flow.

A plain dissolve between two stills of the same object shows it twice. Here each picture is warped
towards the other in step with the dissolve. Flow is trusted only if the backward flow returns to
its start, and trusted flow is smoothed over the rest; pictures with too little in common dissolve
plainly.
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

FLOW_WIDTH = 288
"""Width of the copies that flow is computed on, in pixels."""
LIGHTING_SIGMA = 8.0
"""Sigma of the local brightness normalisation (day may turn to night), in pixels of the copies."""
MAX_DISPLACEMENT = 0.1
"""Longest trusted displacement, in frame widths."""
CONSISTENCY_PX = 1.5
"""Largest forward-backward error of trusted flow, in pixels of the copies."""
MIN_TRUSTED = 0.35
"""Share of either picture that needs trusted flow for a morph."""
FLOW_SIGMA = 8.0
"""Sigma over which trusted flow is smoothed, in pixels of the copies."""
EDGE_FADE = 0.06
"""Share of the frame along its edges in which flow fades to 0: nothing enters from outside."""


@dataclass(frozen=True, slots=True)
class Morph:
    """The flow between two pictures of one size.

    Attributes:
        forward, backward: displacement ``(x, y)`` from the first to the second and back, in frame
            widths: shape ``(2, rows, columns)``.
    """

    forward: Floats
    backward: Floats


def blend(
    one: Planes, other: Planes, weight: float, out: Planes, morph: Morph | None = None
) -> None:
    """Blend two pictures into planes of ``uint8``, rounded once.

    Args:
        one, other: planes of ``float32`` or ``uint8``.
        weight: 0..1 of the second.
        out: the result; may be either of them.
        morph: the flow to warp them by; None for a plain dissolve.
    """
    if morph is not None:
        one, other = _warped(one, morph.forward, weight), _warped(other, morph.backward, 1 - weight)
    for first, second, into in zip(_all(one), _all(other), _all(out), strict=True):
        if first.dtype == np.uint8:
            cv2.addWeighted(first, 1 - weight, second, weight, 0, dst=into)
        else:
            quantise(np.asarray(cv2.addWeighted(first, 1 - weight, second, weight, 0)), into)


def morph_between(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Morph | None:
    """Return the morph between two pictures; None if they have too little in common.

    Args:
        one, other: their luma, of the same shape ``(height, width)``.
    """
    height, width = one.shape
    size = (FLOW_WIDTH, max(16, round(FLOW_WIDTH * height / width)))
    first, second = (_normalised(luma, size) for luma in (one, other))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forward = np.asarray(dis.calc(first, second, None))  # type: ignore[call-overload]
    backward = np.asarray(dis.calc(second, first, None))  # type: ignore[call-overload]
    trust = _trust(forward, backward, first), _trust(backward, forward, second)
    if min(float(part.mean()) for part in trust) < MIN_TRUSTED:
        return None
    return Morph(_spread(forward, trust[0]), _spread(backward, trust[1]))


def _normalised(luma: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a small copy with the same brightness and contrast in every neighbourhood."""
    small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
    detail = small - cv2.GaussianBlur(small, (0, 0), LIGHTING_SIGMA)
    contrast = np.sqrt(np.asarray(cv2.GaussianBlur(detail * detail, (0, 0), LIGHTING_SIGMA)))
    return np.asarray(np.clip(128 + 40 * detail / (contrast + 2), 0, 255).astype(np.uint8))


def _trust(flow: Floats, other: Floats, picture: NDArray[np.uint8]) -> Floats:
    """Return 1 for consistent flow on textured ground, else 0."""
    y, x = np.indices(flow.shape[:2], np.float32)
    returned = cv2.remap(other, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    error = np.linalg.norm(flow + returned, axis=2)
    too_far = np.linalg.norm(flow, axis=2) > MAX_DISPLACEMENT * FLOW_WIDTH
    return np.asarray((error < CONSISTENCY_PX) & ~too_far & (_texture(picture) > 4), np.float32)


def _texture(picture: NDArray[np.uint8]) -> Floats:
    grey = picture.astype(np.float32)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    return np.asarray(cv2.GaussianBlur(gradient, (0, 0), 3))


def _spread(flow: Floats, trust: Floats) -> Floats:
    """Return trusted flow in frame widths, smoothed over the rest, and 0 at the frame's edges."""
    weight = np.asarray(cv2.GaussianBlur(trust, (0, 0), FLOW_SIGMA))
    height, width = trust.shape
    fade = [
        np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (EDGE_FADE * n), 0, 1)
        for n in (height, width)
    ]
    inside = np.outer(fade[0], fade[1])
    # The lower bound lets flow die away far from any trusted sample.
    share = inside / np.maximum(weight, 0.1) / width
    parts = [cv2.GaussianBlur(flow[..., n] * trust, (0, 0), FLOW_SIGMA) * share for n in (0, 1)]
    return np.stack(parts).astype(np.float32)


def _warped(planes: Planes, flow: Floats, share: float) -> Planes:
    y, u, v = (_warped_plane(plane, flow, share) for plane in _all(planes))
    return Planes(y, u, v)


def _warped_plane(plane: NDArray[Any], flow: Floats, share: float) -> NDArray[Any]:
    height, width = plane.shape
    offset = [cv2.resize(part * np.float32(-share * width), (width, height)) for part in flow]
    x = np.asarray(offset[0]) + np.arange(width, dtype=np.float32)
    y = np.asarray(offset[1]) + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _all(planes: Planes) -> tuple[NDArray[Any], ...]:
    return planes.y, planes.u, planes.v
