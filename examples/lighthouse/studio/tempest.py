"""Rain and lightning, painted over a picture with its depth."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from .film import Picture

SKY_M = 5000.0


def rain(light: Picture, amount: float, slant_deg: float, seed: int) -> Picture:
    """Paint three layers of rain: near streaks long and few, far ones short and many."""
    height, width = light.shape[:2]
    rng = np.random.default_rng(seed)
    sheet = np.zeros((height, width), np.float32)
    for length, density, gain in ((0.030, 0.0030, 0.8), (0.060, 0.0013, 1.2), (0.13, 0.0003, 2.4)):
        drops = (rng.random((height, width)) < density).astype(np.float32)
        drops *= rng.random((height, width), np.float32)
        size = max(9, round(length * height) | 1)
        kernel = np.zeros((size, size), np.float32)
        lean = np.tan(np.radians(slant_deg)) * size / 2
        half = size // 2
        cv2.line(
            kernel, (round(half - lean), 0), (round(half + lean), size - 1), 1.0, 1, cv2.LINE_AA
        )
        kernel *= np.hanning(size)[:, None]
        sheet += gain * cv2.filter2D(drops, -1, kernel / kernel.max())
    gusts = cv2.resize(
        rng.random((12, 7), np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    sheet *= 0.35 + 0.9 * gusts
    around = cv2.GaussianBlur(light, (0, 0), width / 18)
    tint = 0.35 * around + np.float32([0.050, 0.060, 0.068])
    return light + (sheet * amount)[..., None] * tint


def bolt(
    light: Picture,
    distance: np.ndarray,
    start: tuple[float, float],
    end: tuple[float, float],
    seed: int,
) -> Picture:
    """Paint a bolt from `start` to `end` (0..1 of width and height), behind all but the sky."""
    height, width = light.shape[:2]
    rng = np.random.default_rng(seed)
    stroke = np.zeros((height, width), np.float32)
    scale = np.array([width, height])
    _branch(stroke, np.array(start) * scale, np.array(end) * scale, 1.0, rng, width)
    core = cv2.GaussianBlur(stroke, (0, 0), width / 1300)
    halo = np.zeros_like(stroke)
    for sigma, gain in ((0.006, 0.55), (0.022, 0.55), (0.08, 0.5)):
        halo += gain * cv2.GaussianBlur(stroke, (0, 0), sigma * width) * sigma * 260
    behind = (distance > SKY_M).astype(np.float32)
    behind = cv2.GaussianBlur(behind, (0, 0), width / 1400)
    flash = core[..., None] * np.float32([3.4, 3.7, 4.4]) + halo[..., None] * np.float32(
        [0.10, 0.125, 0.19]
    )
    return light + flash * behind[..., None]


def _branch(
    stroke: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    strength: float,
    rng: np.random.Generator,
    width: int,
) -> None:
    """Draw a bolt by midpoint displacement, with weaker branches on the way down."""
    points = [start, end]
    sway = np.linalg.norm(end - start) * 0.16
    for _ in range(7):
        longer = [points[0]]
        for a, b in itertools.pairwise(points):
            along = (b - a) / (np.linalg.norm(b - a) + 1e-6)
            side = np.array([-along[1], along[0]])
            longer += [(a + b) / 2 + side * rng.normal(0, sway), b]
        points, sway = longer, sway * 0.52
    line = np.round(np.array(points) * 16).astype(np.int32)
    layer = np.zeros_like(stroke)
    thickness = max(1, round(width / 420 * strength))
    cv2.polylines(layer, [line], False, 1.0, thickness, cv2.LINE_AA, shift=4)
    np.maximum(stroke, layer * strength, out=stroke)
    if strength < 0.2:
        return
    for _ in range(5 if strength > 0.9 else 2):
        at = int(rng.integers(len(points) // 8, len(points) * 3 // 4))
        heading = end - start
        turn = rng.choice([-1, 1]) * rng.uniform(0.35, 0.8)
        cos, sin = np.cos(turn), np.sin(turn)
        heading = np.array(
            [cos * heading[0] - sin * heading[1], sin * heading[0] + cos * heading[1]]
        )
        tip = points[at] + heading * rng.uniform(0.18, 0.42)
        _branch(stroke, points[at], tip, strength * rng.uniform(0.25, 0.5), rng, width)
