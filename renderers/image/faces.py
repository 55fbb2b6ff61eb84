"""Faces of a still, found by BlazeFace (V. Bazarevsky et al., arXiv 1907.05047) in OpenCV.

The model is MediaPipe's short-range detector; its anchors and its decoding are those of
``face_detection_short_range.pbtxt``.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

MODELS = Path(__file__).parent / "models"
"""MediaPipe 0.10.21's, by Google, under the Apache License 2.0."""
MIN_SCORE = 0.78
"""Score of a face. The best of twelve landscapes is 0.71; half a face reaches 0.8, a whole 0.85."""
_SIDE = 128
"""Of the network's input, in pixels."""
_TILES = (1, 2)
"""Squares to the shorter side of a still to search, beside the whole still. A third finds
no more in group photographs, and costs as much as the others."""
_OVERLAP = 0.5
"""Of two boxes that are the same face: their intersection over the smaller one."""
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Face:
    """A face: its box from brow to chin, in shares of the still's width and height.

    Attributes:
        left, top, right, bottom: its edges; some may lie outside the still.
        score: 0..1.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def area(self) -> float:
        """Its share of the still."""
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def head(self) -> tuple[float, float, float, float]:
        """The edges of hair, ears and chin around it, cut at the still's own."""
        width, height = self.right - self.left, self.bottom - self.top
        return (
            max(0.0, self.left - 0.25 * width),
            max(0.0, self.top - 0.6 * height),
            min(1.0, self.right + 0.25 * width),
            min(1.0, self.bottom + 0.2 * height),
        )


def find_faces(rgb: NDArray[np.uint8]) -> tuple[Face, ...]:
    """Find the faces of a still, the largest first.

    Args:
        rgb: shape ``(height, width, 3)``, upright.
    """
    height, width = rgb.shape[:2]
    found: list[Face] = []
    for tiles in _TILES:
        found += _in_squares(rgb, max(_SIDE // 2, -(-min(width, height) // tiles)))
    if max(width, height) > min(width, height):
        found += _in_squares(rgb, max(width, height))
    return _without_doubles(found, width / height)


def _in_squares(rgb: NDArray[np.uint8], side: int) -> list[Face]:
    """Find faces in squares of a still that overlap by a third; a larger square is padded."""
    height, width = rgb.shape[:2]
    faces = []
    for left, top in product(_starts(width, side), _starts(height, side)):
        x, y = max(0, left), max(0, top)
        part = rgb[y : max(0, top + side), x : max(0, left + side)]
        scale = _SIDE / side
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        square = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        row, column = (_SIDE - size[1]) // 2, (_SIDE - size[0]) // 2
        square[row : row + size[1], column : column + size[0]] = small
        origin = np.array([x - column / scale, y - row / scale] * 2)
        for box, score in _detect(square):
            x0, y0, x1, y1 = map(float, (box * side + origin) / np.array([width, height] * 2))
            # Rounded: the last digits depend on the machine, and on a cache.
            faces.append(Face(*(round(value, 4) for value in (x0, y0, x1, y1, score))))
    return faces


def _starts(length: int, side: int) -> list[int]:
    """Return where squares along an axis start."""
    if length <= side:
        return [0]
    count = 1 + -(-3 * (length - side) // (2 * side))
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


def _detect(square: NDArray[np.uint8]) -> list[tuple[NDArray[np.float64], float]]:
    """Return boxes ``(left, top, right, bottom)`` in shares of a square, with scores."""
    values = square.astype(np.float32) / 127.5 - 1
    with _LOCK:
        network = _network()
        network.setInput(values.transpose(2, 0, 1)[None])
        boxes, logits = network.forward(["regressors", "classificators"])
    scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1).astype(np.float64), -80, 80)))
    chosen = np.flatnonzero(scores >= MIN_SCORE)
    centres = _anchors()[chosen] + boxes.reshape(-1, 16)[chosen, :2] / _SIDE
    halves = boxes.reshape(-1, 16)[chosen, 2:4] / (2 * _SIDE)
    edges = np.concatenate([centres - halves, centres + halves], axis=1)
    return [(box, float(score)) for box, score in zip(edges, scores[chosen], strict=True)]


def _without_doubles(faces: list[Face], aspect: float) -> tuple[Face, ...]:
    """Drop boxes of a face that has one with a higher score."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_shared(face, other) > _OVERLAP * min(face.area, other.area) for other in kept):
            kept.append(face)
    return tuple(sorted(kept, key=lambda face: -face.area))


def _shared(one: Face, other: Face) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)


@functools.cache
def _anchors() -> NDArray[np.float64]:
    """Return the centres of all anchors: two a cell of 16x16, then six a cell of 8x8."""
    centres = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for cells, count in ((16, 2), (8, 6))
        for y, x in product(range(cells), range(cells))
        for _ in range(count)
    ]
    return np.array(centres)


@functools.cache
def _network() -> cv2.dnn.Net:
    return load_network("face_detection_short_range.tflite")


def load_network(name: str) -> cv2.dnn.Net:
    """Load one of `MODELS`.

    OpenCV 5's new engine gives one of the detector's two outputs.
    """
    path = str(MODELS / name)
    classic = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    if classic is None:
        return cv2.dnn.readNetFromTFLite(path)
    return cv2.dnn.readNetFromTFLite(path, classic)
