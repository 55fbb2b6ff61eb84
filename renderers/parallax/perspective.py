"""Plane plus parallax: the still points that a view shows, given the still's relief.

The still is a photograph taken by a *reference camera*. The scene point that it shows at ``p`` may
lie anywhere on the ray through ``p``; its *relief* ``w`` is the distance of the still's plane over
its own distance along that ray: 1 on the plane, more if it is nearer, less if it is farther. In
homogeneous coordinates that point is ``(p, 1) + (w - 1) rest``, linear in ``w``, so that a view
with homography ``H`` from another camera shows it at the frame point ``f`` for which

    s H f = (p, 1) + (w - 1) h,

``h`` being the epipole, at which the line through both cameras meets the plane (Hartley and
Zisserman, "Multiple View Geometry", 13.3). For a given ``w`` that is solved directly; for a relief
map by fixed-point iteration, which converges because relief is smooth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera.poses import FOCAL_LENGTH, Pose
from ..image.resample import Floats

MAX_ITERATIONS = 5
"""Lookups of relief by fixed-point iteration."""
TOLERANCE = 0.01
"""Change of a point between two iterations at which it has converged, in samples of the map."""

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CameraView:
    """A pose in relation to the reference camera.

    Attributes:
        homography: from the frame to the still's plane, both in frame widths from their middles.
        epipole: ``h`` of the module's docstring, in the scale of that equation.
    """

    homography: NDArray[np.float64]
    epipole: Vector

    def still_points(self, frame: Floats, relief: Floats | float) -> tuple[Floats, Floats]:
        """Return the still points ``(x, y)`` of a given relief at points of the frame.

        Args:
            frame: ``homography`` applied to those points, not divided: shape ``(3, ...)``.
            relief: of each, or of all.
        """
        off = relief - 1
        h_x, h_y, h_z = (np.float32(value) for value in self.epipole)
        scale = (off * h_z + 1) / frame[2]
        return scale * frame[0] - off * h_x, scale * frame[1] - off * h_y


def camera_centre(pose: Pose) -> Vector:
    """Return the position of a pose's camera: ``(x, y, z)``, z negative before the still."""
    distance = FOCAL_LENGTH / pose.zoom
    return pose.x - distance * math.sin(pose.yaw), pose.y, -distance * math.cos(pose.yaw)


def camera_view(pose: Pose, rest: Vector) -> CameraView:
    """Return the view of a pose on a still taken by a reference camera at ``rest``."""
    x, y, z = camera_centre(pose)
    share = rest[2] / z
    return CameraView(pose.matrix(), (rest[0] - share * x, rest[1] - share * y, 1 - share))


@dataclass(frozen=True, slots=True)
class Relief:
    """A relief map over a still.

    Attributes:
        values: shape ``(rows, columns)``.
        density: samples to a frame width, along x and along y.
        middle: the still's middle as ``(x, y)`` among the samples.
    """

    values: Floats
    density: tuple[float, float]
    middle: tuple[float, float]

    def at(self, columns: Floats, rows: Floats) -> Floats:
        """Return the relief at positions among the samples."""
        return np.asarray(
            cv2.remap(self.values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )


@dataclass(frozen=True, slots=True)
class Rays:
    """The rays of a view through points of the frame.

    Attributes:
        base: their intersections ``(x, y)`` with the still's plane: shape ``(2, rows, columns)``.
        parallax: displacement of the still point for each unit of relief beyond 1; same shape.
    """

    base: Floats
    parallax: Floats

    @classmethod
    def of(cls, view: CameraView, frame: Floats) -> Rays:
        """Return the rays through points of the frame.

        Args:
            view: the view.
            frame: homogeneous, in frame widths: shape ``(3, rows, columns)``.
        """
        homography = view.homography.astype(np.float32)
        rays = (homography @ frame.reshape(3, -1)).reshape(frame.shape)
        base = rays[:2] / rays[2]
        # `CameraView.still_points` is linear in relief; this is its slope.
        h_x, h_y, h_z = view.epipole
        parallax = base * np.float32(h_z)
        parallax -= np.array([h_x, h_y], np.float32)[:, None, None]
        return cls(base, parallax)

    def in_samples(self, density: tuple[float, float], middle: tuple[float, float]) -> Rays:
        """Return the rays in samples of a grid: its density, and the still's middle in it."""
        scale, start = (np.array(pair, np.float32)[:, None, None] for pair in (density, middle))
        base = self.base * scale
        base += start
        return Rays(base, self.parallax * scale)

    def rows(self, first: int, last: int) -> Rays:
        """Return the rays of a range of rows."""
        return Rays(self.base[:, first:last], self.parallax[:, first:last])

    def intersect(self, relief: Relief) -> Floats:
        """Return the relief, less 1, that the rays meet; they are in its samples.

        Found by fixed-point iteration between a point and its relief.
        """
        off = relief.at(self.base[0], self.base[1])
        off -= 1
        longest = float(np.abs(self.parallax).max())
        for _ in range(MAX_ITERATIONS - 1):
            x, y = self.points(off)
            before, off = off, relief.at(x, y)
            off -= 1
            if longest * cv2.norm(off, before, cv2.NORM_INF) < TOLERANCE:
                break
        return off

    def rows_between(
        self, lowest: float, highest: float, top: float, bottom: float
    ) -> tuple[int, int]:
        """Return the range of ray rows that may meet the samples between two of their rows.

        Args:
            lowest, highest: range of the relief that the rays meet, less 1.
            top, bottom: rows of samples.
        """
        ends = [self.base[1] + self.parallax[1] * np.float32(off) for off in (lowest, highest)]
        is_below = np.maximum(*ends).max(axis=1) > top
        found = np.flatnonzero(is_below & (np.minimum(*ends).min(axis=1) < bottom))
        return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)

    def points(self, off: Floats) -> Floats:
        """Return the still points ``(x, y)`` of a relief less 1."""
        points = self.parallax * off
        points += self.base
        return points
