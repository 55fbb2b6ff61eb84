"""A person cut out of a still, where MediaPipe is installed and its answer can be trusted.

Its selfie segmentation is excellent on people and nonsense on anything else, and it is never unsure
of itself. So its mask is put to tests that a person's outline passes and nonsense does not.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats
from .outline import contrast_along, edges_of, reduced

AREA = (0.04, 0.75)
"""Share of the picture that a person covers."""
DECIDED = 0.93
"""Share of pixels that must be all but certainly in or out."""
ONE_PIECE = 0.9
"""Share of a mask that hangs together."""
CONTRAST = 1.5
"""How much steeper the picture is along the mask's outline than it is on the whole."""
_TURN = threading.Lock()


def subject_mask(rgb: NDArray[np.uint8]) -> Floats | None:
    """Where a person is, 0..1, at a small size; None where there is none, or no way to tell.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    segment = _segmenter()
    if segment is None:
        return None
    small = reduced(rgb)
    with _TURN:
        mask = segment(small)
    return mask if is_trusted(mask, small) else None


def is_trusted(mask: Floats, rgb: NDArray[np.uint8]) -> bool:
    """Whether a mask looks like the outline of somebody in that picture.

    Args:
        mask: 0..1, shape ``(height, width)``.
        rgb: the picture at the same size.
    """
    inside = mask > 0.5
    share = float(inside.mean())
    if not AREA[0] <= share <= AREA[1]:
        return False
    if float(((mask < 0.1) | (mask > 0.9)).mean()) < DECIDED:
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    if float(stats[1:, cv2.CC_STAT_AREA].max()) < ONE_PIECE * float(inside.sum()):
        return False
    return contrast_along(edges_of(inside.astype(np.float32), 0.5), rgb) > CONTRAST


@functools.cache
def _segmenter() -> Callable[[NDArray[np.uint8]], Floats] | None:
    """MediaPipe's selfie segmentation, whose model is inside its package up to 0.10.21."""
    try:
        from mediapipe.python.solutions import selfie_segmentation  # noqa: PLC0415 - optional
    except ImportError:
        return None
    network = selfie_segmentation.SelfieSegmentation(model_selection=0)

    def segment(rgb: NDArray[np.uint8]) -> Floats:
        return np.asarray(network.process(rgb).segmentation_mask, np.float32)

    return segment
