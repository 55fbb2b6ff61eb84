"""Depth where nothing is known: so smooth, and shown so little, that a wrong guess never shows.

Ground mostly rises into the distance, and what draws the eye mostly stands in front of it. Both are
blurred to a fifth of the picture: the still leans and swells like a lens, and nothing bends.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats
from ...image.saliency import saliency
from .outline import reduced

SIDE = 96
"""Pixels of the longer side of the map."""
SMOOTH = 0.2
"""Sigma of its blur, in longer sides."""
SALIENT = 0.5
"""Share of what draws the eye in it; the rest is height in the picture."""


def guessed(rgb: NDArray[np.uint8]) -> Floats:
    """A guess of a still's depth, 0 (far) to 1 (near), at a small size.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    salient = saliency(reduced(rgb, SIDE))
    stands_out = cv2.GaussianBlur(salient, (0, 0), SMOOTH * SIDE, borderType=cv2.BORDER_REPLICATE)
    down = np.linspace(0, 1, len(salient), dtype=np.float32)[:, None]
    total = SALIENT * _full(stands_out) + (1 - SALIENT) * np.broadcast_to(down, stands_out.shape)
    return _full(np.asarray(total, np.float32))


def _full(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), np.float32)
