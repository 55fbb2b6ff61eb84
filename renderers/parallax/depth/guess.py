"""Fallback depth: smooth, and shown at 1.5 %, so that a wrong guess is invisible.

Ground mostly rises into the distance, and salient objects mostly stand in front of it. Both are
blurred over a fifth of the still: it leans and swells like a lens, and no straight line bends.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats
from ...image.saliency import saliency
from .outline import shrink

SIDE = 96
"""Longer side of the map, in pixels."""
BLUR_SIGMA = 0.2
"""Sigma of its blur, in longer sides."""
SALIENCY_WEIGHT = 0.5
"""Weight of saliency; the rest is the height in the still."""


def guess_depth(rgb: NDArray[np.uint8]) -> Floats:
    """Guess a still's depth, 0 (far) to 1 (near), at a small size.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    salient = saliency(shrink(rgb, SIDE))
    blurred = cv2.GaussianBlur(salient, (0, 0), BLUR_SIGMA * SIDE, borderType=cv2.BORDER_REPLICATE)
    down = np.linspace(0, 1, len(salient), dtype=np.float32)[:, None]
    total = SALIENCY_WEIGHT * _normalised(blurred) + (1 - SALIENCY_WEIGHT) * np.broadcast_to(
        down, blurred.shape
    )
    return _normalised(np.asarray(total, np.float32))


def _normalised(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-6), np.float32)
