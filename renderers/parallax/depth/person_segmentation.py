"""The matte of a person: MediaPipe's selfie segmentation, if installed and plausible.

It is excellent on people, nonsense on anything else, and confident in both cases. So its mask has
to pass tests that a person's outline passes and nonsense fails.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats
from .outline import contrast_along, edges_of, shrink

AREA_RANGE = (0.04, 0.75)
"""Least and largest share of the still that a person covers."""
MIN_DECIDED = 0.93
"""Share of pixels that must be within 0.1 of 0 or 1."""
MIN_CONNECTED = 0.9
"""Share of the mask that must be in its largest connected component."""
MIN_CONTRAST = 1.5
"""Least median gradient of the still along the mask's outline over that of the still."""
_LOCK = threading.Lock()


def segment_person(rgb: NDArray[np.uint8]) -> Floats | None:
    """Return the mask of a person, 0..1, at a small size; None without MediaPipe or a person.

    Args:
        rgb: shape ``(height, width, 3)``.
    """
    segment = _segmenter()
    if segment is None:
        return None
    small = shrink(rgb)
    with _LOCK:
        mask = segment(small)
    return mask if is_trusted(mask, small) else None


def is_trusted(mask: Floats, rgb: NDArray[np.uint8]) -> bool:
    """Whether a mask looks like a person's outline in a picture.

    Args:
        mask: 0..1, shape ``(height, width)``.
        rgb: the picture, of the same size.
    """
    inside = mask > 0.5
    share = float(inside.mean())
    if not AREA_RANGE[0] <= share <= AREA_RANGE[1]:
        return False
    if float(((mask < 0.1) | (mask > 0.9)).mean()) < MIN_DECIDED:
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    if float(stats[1:, cv2.CC_STAT_AREA].max()) < MIN_CONNECTED * float(inside.sum()):
        return False
    return contrast_along(edges_of(inside.astype(np.float32), 0.5), rgb) > MIN_CONTRAST


@functools.cache
def _segmenter() -> Callable[[NDArray[np.uint8]], Floats] | None:
    """Load MediaPipe's selfie segmentation; its package includes the model up to 0.10.21."""
    try:
        from mediapipe.python.solutions import selfie_segmentation  # noqa: PLC0415 - optional
    except ImportError:
        return None
    network = selfie_segmentation.SelfieSegmentation(model_selection=0)

    def segment(rgb: NDArray[np.uint8]) -> Floats:
        return np.asarray(network.process(rgb).segmentation_mask, np.float32)

    return segment
