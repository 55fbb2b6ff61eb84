"""Where a view sees the points of a picture that stand nearer or farther than its plane.

The picture is a photograph taken by a camera at rest. A point that it shows at ``p`` may lie
anywhere on the ray through ``p``; its *relief* ``w`` is the distance of the picture's plane over
its own distance along that ray: 1 on the plane, more where it is nearer, less where it is farther.
In homogeneous coordinates such a point is ``(p, 1) + (w - 1) rest``, linear in ``w``, so that a
view with homography ``H`` and a camera that is elsewhere sees it at the frame point ``f`` for which

    s H f = (p, 1) + (w - 1) h,

``h`` being where the line through both cameras meets the plane (plane plus parallax: Hartley and
Zisserman, "Multiple View Geometry", 13.3). For a given ``w`` that is solved at once; for a whole
map of them by going back and forth between place and relief, which converges as relief is smooth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera.poses import FOCAL, Pose
from ..image.resample import Floats

ROUNDS = 5
"""Times that a place and its relief are looked up in turn, at the most."""
CLOSE = 0.01
"""Samples of a map by which a place moves from one round to the next when it is found."""

Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CameraView:
    """What a pose is to a camera at rest.

    Attributes:
        homography: from the frame to the plane, both in frame widths from their middles.
        epipole: ``h`` of the module's docstring, scaled as it stands there.
    """

    homography: NDArray[np.float64]
    epipole: Place

    def place(self, frame: Floats, relief: Floats | float) -> tuple[Floats, Floats]:
        """The picture points ``(x, y)`` of a relief that are seen at points of the frame.

        Args:
            frame: ``homography`` applied to them, not divided: shape ``(3, ...)``.
            relief: of each, or of all.
        """
        off = relief - 1
        h_x, h_y, h_z = (np.float32(value) for value in self.epipole)
        scale = (off * h_z + 1) / frame[2]
        return scale * frame[0] - off * h_x, scale * frame[1] - off * h_y


def eye(pose: Pose) -> Place:
    """Where the camera of a pose stands: ``(x, y, z)``, z negative before the picture's plane."""
    far = FOCAL / pose.zoom
    return pose.x - far * math.sin(pose.yaw), pose.y, -far * math.cos(pose.yaw)


def view(pose: Pose, rest: Place) -> CameraView:
    """The view of a pose on a picture that was taken from ``rest``."""
    x, y, z = eye(pose)
    share = rest[2] / z
    return CameraView(pose.matrix(), (rest[0] - share * x, rest[1] - share * y, 1 - share))


@dataclass(frozen=True, slots=True)
class Relief:
    """A map of relief over a picture.

    Attributes:
        values: shape ``(rows, columns)``.
        density: samples to a frame width, along x and along y.
        middle: the picture's middle as ``(x, y)`` among the samples.
    """

    values: Floats
    density: tuple[float, float]
    middle: tuple[float, float]

    def at(self, columns: Floats, rows: Floats) -> Floats:
        """The relief at places among the samples."""
        return np.asarray(
            cv2.remap(self.values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )


@dataclass(frozen=True, slots=True)
class Rays:
    """The rays of a view through points of the frame, shape ``(rows, columns)``, to a picture.

    Attributes:
        plain: the points ``(x, y)`` of the picture where they meet its plane: shape
            ``(2, rows, columns)``.
        moved: how far from there what they meet lies, if its relief is greater by 1.
    """

    plain: Floats
    moved: Floats

    @classmethod
    def of(cls, view_: CameraView, frame: Floats) -> Rays:
        """The rays through points of the frame.

        Args:
            view_: the view.
            frame: homogeneous, in frame widths: shape ``(3, rows, columns)``.
        """
        homography = view_.homography.astype(np.float32)
        rays = (homography @ frame.reshape(3, -1)).reshape(frame.shape)
        plain = rays[:2] / rays[2]
        # `CameraView.place` for one relief after another: linear in relief.
        h_x, h_y, h_z = view_.epipole
        moved = plain * np.float32(h_z)
        moved -= np.array([h_x, h_y], np.float32)[:, None, None]
        return cls(plain, moved)

    def among(self, density: tuple[float, float], middle: tuple[float, float]) -> Rays:
        """They among samples: so many to a frame width, and the picture's middle there."""
        scale, start = (np.array(pair, np.float32)[:, None, None] for pair in (density, middle))
        plain = self.plain * scale
        plain += start
        return Rays(plain, self.moved * scale)

    def rows(self, first: int, last: int) -> Rays:
        """Those of some rows."""
        return Rays(self.plain[:, first:last], self.moved[:, first:last])

    def relief(self, relief: Relief) -> Floats:
        """The relief less 1 that they meet; they lie among its samples."""
        off = relief.at(self.plain[0], self.plain[1])
        off -= 1
        reach = float(np.abs(self.moved).max())
        for _ in range(ROUNDS - 1):
            x, y = self.at(off)
            before, off = off, relief.at(x, y)
            off -= 1
            if reach * cv2.norm(off, before, cv2.NORM_INF) < CLOSE:
                break
        return off

    def between(self, lowest: float, highest: float, top: float, bottom: float) -> tuple[int, int]:
        """Their rows, from the first to the one after the last, that may lie between two rows.

        Args:
            lowest, highest: the relief they meet less 1.
            top, bottom: rows of the samples they lie among.
        """
        ends = [self.plain[1] + self.moved[1] * np.float32(off) for off in (lowest, highest)]
        is_below = np.maximum(*ends).max(axis=1) > top
        found = np.flatnonzero(is_below & (np.minimum(*ends).min(axis=1) < bottom))
        return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)

    def at(self, off: Floats) -> Floats:
        """Where they meet what has a relief less 1: ``(x, y)``."""
        place = self.moved * off
        place += self.plain
        return place
