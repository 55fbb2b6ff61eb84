"""Depth maps as files: 8 or 16 bits, or floats, near is white, of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ...image.resample import Floats
from ...image.stills import deep_grey, is_deep_grey, open_still

MIN_RANGE = 0.25
"""Range of levels up to which a map counts as flat, and is not stretched to 0..1."""


def read_depth(path: Path) -> Floats:
    """Read a depth map: 0 is far and 1 is near; shape ``(height, width)``.

    Raises:
        RendererError: the file cannot be decoded.
    """
    return stretch(_levels(open_still(path)))


def _levels(image: Image.Image) -> Floats:
    """Return grey levels as 0..1 of the range of the file's type."""
    if is_deep_grey(image):
        values, white = deep_grey(image)
        if image.mode == "F":
            # Floats have no white level; the range is that of the values.
            low, high = float(values.min()), float(values.max())
            return ((values - low) / max(high - low, 1e-12)).astype(np.float32)
        return (values / white).astype(np.float32)
    return np.asarray(image.convert("L")).astype(np.float32) / np.float32(255)


def stretch(values: Floats) -> Floats:
    """Stretch depth to 0..1, outliers clipped; a nearly flat map stays nearly flat."""
    low, high = (float(n) for n in np.percentile(values, (0.5, 99.5)))
    span = max(high - low, MIN_RANGE)
    middle = (low + high) / 2
    return np.asarray(np.clip((values - middle) / span + 0.5, 0, 1), np.float32)
