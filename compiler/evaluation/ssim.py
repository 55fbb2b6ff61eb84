"""How alike two pictures are, once one is laid over the other.

Structural similarity after Wang et al., "Image Quality Assessment: From Error Visibility to
Structural Similarity", 2004, with its Gaussian window of 11 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Way = NDArray[np.float64]
"""A homography of shape ``(3, 3)``: from pixels of one picture to pixels of another."""

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LEAST_SHARED = 0.4
"""Share of a frame that a still must reach over to be held against it."""
MOST_ZOOM = 3.0
MOST_STRETCH = 1.3
"""How much more one side of a view may be enlarged than the other."""
FEATURES = 1500
LEAST_MATCHES = 12
"""Points that must agree on where a picture lies for it to count as found."""


def ssim_map(one: Luma, other: Luma) -> NDArray[np.float64]:
    """Structural similarity around each pixel, -1..1; shape of the pictures."""
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    variance_x = _blur(x * x) - mean_x**2
    variance_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    rest = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return np.asarray(light * rest, np.float64)


def _blur(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA), np.float64)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A picture laid over another: what it shows there, and where it reaches."""

    picture: NDArray[np.uint8]
    inside: NDArray[np.bool_]


def laid_over(picture: NDArray[np.uint8], way: Way, width: int, height: int) -> Overlay:
    """A picture as seen from the frame of another, into whose pixels' places ``way`` leads."""

    def moved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpPerspective(image, way, (width, height), flags=flags), np.uint8)

    inside = moved(np.full(picture.shape[:2], 255, np.uint8)) > 254
    return Overlay(moved(picture), inside)


def likeness(still: Luma, frame: Luma, guess: Way) -> tuple[float, Way]:
    """The mean structural similarity of a frame to a still, framing aside.

    The still is laid over the frame as well as can be: as guessed, and as points that both have in
    common say, each refined (Evangelidis and Psarakis, "Parametric image alignment using enhanced
    correlation coefficient maximization", 2008). A camera's move is so not taken for a change of
    the picture; whatever is no view of the same flat picture is.

    Args:
        still, frame: luma.
        guess: from pixels of the frame to pixels of the still.

    Returns:
        The similarity where the still reaches, and the way from the frame to the still.
    """
    found = guess
    best = _similarity(still, frame, guess)
    matched = _matched(frame, still)
    for start in (guess, matched):
        if start is None:
            continue
        for way in (start, _refined(still, frame, start)):
            score = _similarity(still, frame, way)
            if score > best:
                found, best = way, score
    return best, found


def _similarity(still: Luma, frame: Luma, way: Way) -> float:
    laid = laid_over(still, way, frame.shape[1], frame.shape[0])
    # Bent far enough, a little of any picture is like a little of any other.
    if laid.inside.mean() < LEAST_SHARED or not _is_view(way):
        return -1.0
    return float(ssim_map(frame, laid.picture)[laid.inside].mean())


def _is_view(way: Way) -> bool:
    """Whether a camera's move may lead to such a view of a still."""
    scales = np.linalg.svd(way[:2, :2], compute_uv=False)
    return bool(scales[1] > 1 / MOST_ZOOM and scales[0] < min(MOST_ZOOM, MOST_STRETCH * scales[1]))


def _matched(one: Luma, other: Luma) -> Way | None:
    """The way from one picture to another by points that both have; None where they have none."""
    detector = cv2.ORB.create(FEATURES)
    (points, marks), (other_points, other_marks) = (
        detector.detectAndCompute(image, None) for image in (one, other)
    )
    if not points or not other_points:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks, other_marks)
    if len(pairs) < LEAST_MATCHES:
        return None
    here = np.array([points[pair.queryIdx].pt for pair in pairs])
    there = np.array([other_points[pair.trainIdx].pt for pair in pairs])
    cv2.setRNGSeed(0)
    way, agree = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=3.0)
    if way is None or int(np.sum(agree)) < LEAST_MATCHES:
        return None
    return np.vstack([way, [0.0, 0.0, 1.0]])


def _refined(still: Luma, frame: Luma, way: Way) -> Way:
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-5)
    try:
        _, found = cv2.findTransformECC(
            frame, still, way.astype(np.float32), cv2.MOTION_HOMOGRAPHY, criteria
        )
    except cv2.error:  # It does not converge where the pictures have nothing in common.
        return way
    return np.asarray(found, np.float64)


def common_way(one: Luma, other: Luma) -> Way:
    """The way from one frame's pixels to another's; none at all where it cannot be found."""
    found = _matched(one, other)
    return np.eye(3) if found is None else found
