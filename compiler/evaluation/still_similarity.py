"""Structural similarity (SSIM) of two images, aligned by a homography.

SSIM after Wang et al., "Image Quality Assessment: From Error Visibility to
Structural Similarity", 2004, with its Gaussian window of 11 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Homography = NDArray[np.float64]
"""Shape ``(3, 3)``: from pixels of one image to pixels of another."""

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LEAST_SHARED = 0.4
"""Least share of a frame that the aligned still must cover."""
MOST_ZOOM = 3.0
MOST_STRETCH = 1.3
"""Highest ratio of the scales of the two axes."""
FEATURES = 1500
LEAST_MATCHES = 12
"""Inliers required for a match of features."""


def ssim_map(one: Luma, other: Luma) -> NDArray[np.float64]:
    """Return SSIM around each pixel, -1..1, in the shape of the images."""
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
class WarpedImage:
    """An image warped onto another, and the mask of the pixels that it covers."""

    picture: NDArray[np.uint8]
    inside: NDArray[np.bool_]


def warp_onto(picture: NDArray[np.uint8], way: Homography, width: int, height: int) -> WarpedImage:
    """Warp an image into a frame, by the homography from the frame's pixels to the image's."""

    def moved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpPerspective(image, way, (width, height), flags=flags), np.uint8)

    inside = moved(np.full(picture.shape[:2], 255, np.uint8)) > 254
    return WarpedImage(moved(picture), inside)


def likeness(still: Luma, frame: Luma, guess: Homography) -> tuple[float, Homography]:
    """Return the mean SSIM of a frame and a still, after alignment.

    The still is aligned by the best of an initial guess and matched features, both refined
    (Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient
    maximization", 2008). So a camera move does not lower the similarity.

    Args:
        still, frame: luma.
        guess: from pixels of the frame to pixels of the still.

    Returns:
        SSIM over the covered pixels, and the homography from the frame to the still.
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


def _similarity(still: Luma, frame: Luma, way: Homography) -> float:
    laid = warp_onto(still, way, frame.shape[1], frame.shape[0])
    # With enough distortion, some part of any image resembles another.
    if laid.inside.mean() < LEAST_SHARED or not _is_view(way):
        return -1.0
    return float(ssim_map(frame, laid.picture)[laid.inside].mean())


def _is_view(way: Homography) -> bool:
    """Whether a homography is a plausible camera view of a still."""
    scales = np.linalg.svd(way[:2, :2], compute_uv=False)
    return bool(scales[1] > 1 / MOST_ZOOM and scales[0] < min(MOST_ZOOM, MOST_STRETCH * scales[1]))


def _matched(one: Luma, other: Luma) -> Homography | None:
    """Return the homography between two images by matched features; None without matches."""
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


def _refined(still: Luma, frame: Luma, way: Homography) -> Homography:
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-5)
    try:
        _, found = cv2.findTransformECC(
            frame, still, way.astype(np.float32), cv2.MOTION_HOMOGRAPHY, criteria
        )
    except cv2.error:  # No convergence: the images have nothing in common.
        return way
    return np.asarray(found, np.float64)


def frame_homography(one: Luma, other: Luma) -> Homography:
    """Return the homography between two frames, or the identity if there is none."""
    found = _matched(one, other)
    return np.eye(3) if found is None else found
