"""A whole still in a frame of another shape: letterboxed (``contain``), or before its own blur."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.resample import Axis, axis, resample

BLUR_WIDTH = 96
"""Width of the small copy that is blurred for the background, in pixels."""
BLUR_SIGMA = 4.0
"""Sigma of that blur, in pixels of the small copy."""
BLUR_BRIGHTNESS = 0.55
"""Brightness of the background, relative to the still."""


def letterbox(
    still: NDArray[np.uint8], size: tuple[int, int], step: float, cutoff: float, *, blur: bool
) -> NDArray[np.float32]:
    """Return the still in the middle of a canvas.

    Args:
        still: RGB, shape ``(height, width, 3)``.
        size: ``(width, height)`` of the canvas.
        step: pixels of the still to one of the canvas.
        cutoff: width of the resampling kernel, in pixels of the still.
        blur: whether the background is a blurred copy of the still; else black.
    """
    height, width = still.shape[:2]
    canvas = _background(still, size) if blur else np.zeros((size[1], size[0], 3), np.float32)
    axes = []
    places = []
    for length, source in ((size[1], height), (size[0], width)):
        # A bar of one pixel comes from rounding the canvas, not from the still's shape.
        bar = round((length - source / step) / 2)
        first = bar if bar > 1 else 0
        count = max(1, length - 2 * first)
        # The middles of still and canvas meet at a fraction of a pixel.
        start = (source - 1) / 2 + (first - (length - 1) / 2) * step
        axes.append(axis(count, start, step, source, cutoff=cutoff))
        places.append(slice(first, first + count))
    for channel in range(3):
        canvas[places[0], places[1], channel] = resample(still[..., channel], axes[0], axes[1])
    return canvas


def _background(still: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a darkened blur of the still's middle that fills a canvas.

    A small copy is blurred, for speed, and enlarged in floats, so that no steps show.
    """
    height, width = still.shape[:2]
    small = (BLUR_WIDTH, max(2, round(BLUR_WIDTH * size[1] / size[0])))
    step = min(width / small[0], height / small[1])
    channels = []
    for channel in range(3):
        copy = resample(
            still[..., channel], _centred(small[1], step, height), _centred(small[0], step, width)
        )
        dark = copy * np.float32(BLUR_BRIGHTNESS)
        cv2.GaussianBlur(dark, (0, 0), BLUR_SIGMA, dst=dark, borderType=cv2.BORDER_REPLICATE)
        enlarged = [_centred(size[n], small[n] / size[n], small[n]) for n in (1, 0)]
        channels.append(resample(dark, enlarged[0], enlarged[1]))
    return np.asarray(cv2.merge(channels))


def _centred(count: int, step: float, source: int) -> Axis:
    return axis(count, (source - 1) / 2 - step * (count - 1) / 2, step, source)
