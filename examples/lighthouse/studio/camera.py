"""The film camera: its position, its rays, and anti-aliasing of edges."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

WIDTH, HEIGHT = 1440, 2560
WORKERS = 2

Expose = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
"""Fill light (N x 3) and depth (N) for rays at xs, ys, each with its jitter."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera in metres. `shift` moves the film, to keep verticals vertical."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    height_deg: float
    shift: float = 0.0
    roll_deg: float = 0.0

    def pack(self) -> np.ndarray:
        """Return eye, right, up, forward and focal length in the layout of the compiled code."""
        eye = np.array(self.eye)
        forward = np.subtract(self.target, eye, dtype=float)
        forward /= np.linalg.norm(forward)
        right = np.cross([0.0, 1.0, 0.0], forward)
        right /= np.linalg.norm(right)
        up = np.cross(forward, right)
        roll = np.radians(self.roll_deg)
        right, up = (
            right * np.cos(roll) + up * np.sin(roll),
            up * np.cos(roll) - right * np.sin(roll),
        )
        focal = 1 / np.tan(np.radians(self.height_deg) / 2)
        return np.concatenate([eye, right, up, forward, [focal]])


def shoot(expose: Expose, shift: float, scale: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the light (H x W x 3) and depth (H x W) of a whole picture.

    Every pixel gets one ray; those at an edge of depth or of bright light get four more.
    """
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    grid_y, grid_x = np.mgrid[0:height, 0:width]
    xs, ys = grid_x.ravel().astype(float), grid_y.ravel().astype(float)
    rng = np.random.default_rng(seed)
    # Jimenez's interleaved gradient noise: neighbours differ most, and average out to the eye.
    jitter = np.mod(52.9829189 * np.mod(0.06711056 * xs + 0.00583715 * ys, 1.0), 1.0)
    light, depth = _cast(expose, xs, ys, jitter, width, height, shift)
    picture = light.reshape(height, width, 3)
    distance = depth.reshape(height, width)
    edge = _edges(picture, distance).ravel()
    ex, ey = xs[edge], ys[edge]
    total = light[edge].copy()
    for ox, oy in ((-0.37, -0.12), (0.12, -0.37), (0.37, 0.12), (-0.12, 0.37)):
        extra, _ = _cast(expose, ex + ox, ey + oy, rng.random(ex.size), width, height, shift)
        total += np.minimum(extra, 40.0)
    light[edge] = total / 5
    return light.reshape(height, width, 3).astype(np.float32), distance.astype(np.float32)


def _cast(
    expose: Expose,
    xs: np.ndarray,
    ys: np.ndarray,
    jitter: np.ndarray,
    width: int,
    height: int,
    shift: float,
) -> tuple[np.ndarray, np.ndarray]:
    film_x = (xs + 0.5 - width / 2) / (height / 2)
    film_y = (height / 2 - ys - 0.5) / (height / 2) + shift
    light, depth = np.zeros((xs.size, 3)), np.zeros(xs.size)
    pieces = np.array_split(np.arange(xs.size), 48)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [
            pool.submit(
                expose,
                film_x[a : b + 1],
                film_y[a : b + 1],
                jitter[a : b + 1],
                light[a : b + 1],
                depth[a : b + 1],
            )
            for a, b in ((int(p[0]), int(p[-1])) for p in pieces if p.size)
        ]
        for job in jobs:
            job.result()
    return light, depth


def _edges(picture: np.ndarray, distance: np.ndarray) -> np.ndarray:
    log = np.log(np.maximum(distance, 0.1)).astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    steps = cv2.dilate(log, kernel) - cv2.erode(log, kernel) > 0.06
    luma = np.log1p(picture.max(axis=2)).astype(np.float32)
    return steps | (cv2.dilate(luma, kernel) - cv2.erode(luma, kernel) > 0.16)
