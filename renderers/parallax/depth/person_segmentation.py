"""The outline of people: MediaPipe's selfie segmentation, run by OpenCV, where a face is found.

It is excellent on people, nonsense on anything else, and confident in both cases: so a face has to
be found first, and only the parts of its mask with a face in them count.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.faces import Face, load_network
from ...image.resample import Floats
from .outline import contrast_along, edges_of, shrink

AREA_RANGE = (0.02, 0.85)
"""Least and largest share of the still that people cover."""
MIN_DECIDED = 0.88
"""Share of pixels that must be within 0.1 of 0 or 1."""
MIN_CONTRAST = 1.2
"""Least median gradient of the still along the mask's outline over that of the still."""
_SIDE = 256
"""Of the network's input and output, in pixels."""
_FINE_SIDE = 1024
"""Longer side of the refined mask, in samples."""
_RADIUS = 1 / 80
"""Radius of the guided filter that refines it, in longer sides: so far is the coarse mask off."""
_EPSILON = 1e-4
"""Its regularisation: squared contrast (levels 0..1) that counts as an edge."""
_INSIDE = 0.3
"""Opacity from which a sample of the refined mask belongs to a person."""
_RIM = 1 / 400
"""Width of the rim by which the mask grows, in longer sides."""
_LOCK = threading.Lock()


def segment_people(rgb: NDArray[np.uint8], faces: Sequence[Face]) -> Floats | None:
    """Return the mask of people, 0 or 1, along the still's own edges; None if it is not trusted.

    Args:
        rgb: shape ``(height, width, 3)``.
        faces: of the still.

    Returns:
        At most `_FINE_SIDE` samples long.
    """
    if not faces:
        return None
    square = cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    with _LOCK:
        network = _network()
        network.setInput(square.transpose(2, 0, 1)[None])
        coarse = np.asarray(network.forward(), np.float32).reshape(_SIDE, _SIDE)
    people = _with_faces(coarse, faces)
    small = shrink(rgb)
    size = (small.shape[1], small.shape[0])
    if not is_trusted(np.asarray(cv2.resize(people, size), np.float32), small):
        return None
    return _refined(people, shrink(rgb, _FINE_SIDE))


def is_trusted(mask: Floats, rgb: NDArray[np.uint8]) -> bool:
    """Whether a mask looks like the outline of people in a picture.

    Args:
        mask: 0..1, shape ``(height, width)``.
        rgb: the picture, of the same size.
    """
    inside = mask > 0.5
    if not AREA_RANGE[0] <= float(inside.mean()) <= AREA_RANGE[1]:
        return False
    if float(((mask < 0.1) | (mask > 0.9)).mean()) < MIN_DECIDED:
        return False
    return contrast_along(edges_of(inside.astype(np.float32), 0.5), rgb) > MIN_CONTRAST


def _with_faces(mask: Floats, faces: Sequence[Face]) -> Floats:
    """Return the connected parts of a mask that hold the middle of a face; holes are filled."""
    _, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    kept = set()
    for face in faces:
        x = min(_SIDE - 1, max(0, int((face.left + face.right) / 2 * _SIDE)))
        y = min(_SIDE - 1, max(0, int((face.top + face.bottom) / 2 * _SIDE)))
        kept.add(int(labels[y, x]))
    chosen = np.isin(labels, [label for label in kept if label]).astype(np.uint8)
    # The soft edge around a part belongs to it.
    near = cv2.dilate(chosen, np.ones((9, 9), np.uint8))
    return np.asarray(np.where(near > 0, mask, 0), np.float32)


def _refined(mask: Floats, rgb: NDArray[np.uint8]) -> Floats:
    """Snap a coarse mask to the edges of a picture, in colour (He, Sun and Tang, ECCV 2010)."""
    height, width = rgb.shape[:2]
    radius = max(2, round(_RADIUS * max(height, width)))
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[Any]) -> Floats:
        return np.asarray(
            cv2.boxFilter(
                values.astype(np.float32, copy=False), -1, side, borderType=cv2.BORDER_REFLECT
            )
        )

    guide = rgb.astype(np.float32) / 255
    wanted = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_CUBIC))
    mean_guide, mean_wanted = mean(guide), mean(wanted)
    together = mean(guide * wanted[..., None]) - mean_guide * mean_wanted[..., None]
    spread = np.empty((height, width, 3, 3), np.float32)
    for one in range(3):
        for other in range(one, 3):
            both = mean(guide[..., one] * guide[..., other])
            both = both - mean_guide[..., one] * mean_guide[..., other]
            spread[..., one, other] = spread[..., other, one] = both
    spread += np.float32(_EPSILON) * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(spread, together[..., None])[..., 0].astype(np.float32)
    offset = mean_wanted - (slope * mean_guide).sum(axis=2)
    guided = (mean(slope) * guide).sum(axis=2) + mean(offset)
    # Generous: hair left behind would be seen twice, a rim of background is not.
    rim = 2 * round(_RIM * max(height, width)) + 1
    inside = (guided > _INSIDE).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.dilate(inside, _disc(rim)), np.float32)


def _disc(side: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


@functools.cache
def _network() -> cv2.dnn.Net:
    return load_network("selfie_segmentation.tflite")
