"""Camera moves over a still as pure geometry: the pose of the camera at any time of a move.

Lengths are in *frame widths*: the widest view that fits is 1 wide at zoom 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base import CAMERA_MOVES, Motion

PUSH_ZOOM = 0.5
"""Zoom of a push at full amount, beyond 1: to 1.5 times, 1.15 at the default amount of 0.3."""
PAN_TRAVEL = 0.5
"""Travel of a pan at full amount, in frame widths."""
TILT_TRAVEL = 0.38
"""Travel of a tilt at full amount, in frame heights."""
ORBIT_ANGLE = math.radians(30)
"""Arc of an orbit at full amount; 9 degrees at the default of 0.3."""
ORBIT_TRAVEL = 0.2
"""Sideways travel of an orbit at full amount, in frame widths."""
ORBIT_ZOOM = 0.06
"""Zoom in the middle of an orbit at full amount, beyond 1."""
ROLL_ANGLE = math.radians(12)
"""Angle of a roll at full amount."""
FOCAL_LENGTH = 1.4
"""In frame widths: a lens of 50 mm on a full-format camera held upright."""
LINEAR_SHARE = 0.35
"""Share of constant speed in the eased moves, so that none starts or ends at a standstill."""
ZOOM_MARGIN = 1.002
"""Zoom beyond covering the frame, so that no filter reads past the still's edge."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A view of the camera.

    Attributes:
        x, y: the point it looks at, in frame widths from the still's middle, right and down.
        zoom: 1 covers the frame.
        angle: of a roll, in radians, clockwise.
        yaw: of an orbit, in radians, positive with the camera to the left.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    angle: float = 0.0
    yaw: float = 0.0

    @property
    def is_upright(self) -> bool:
        """Whether rows of the still are rows of the view, so that the axes are independent."""
        return self.angle == 0 and self.yaw == 0

    def matrix(self) -> NDArray[np.float64]:
        """Return the 3x3 homography from frame to still, both in frame widths from the middle.

        A camera ``F / zoom`` from the still (F is `FOCAL_LENGTH`), rotated by ``yaw`` about the
        vertical axis through the point it looks at, sees frame point ``(u, v)`` at
        ``(x, y) + F / zoom * (u, v cos yaw) / (F cos yaw - u sin yaw)``.
        """
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        distance = FOCAL_LENGTH / self.zoom
        projection = np.array(
            [
                [distance - self.x * sin, 0.0, self.x * FOCAL_LENGTH * cos],
                [-self.y * sin, distance * cos, self.y * FOCAL_LENGTH * cos],
                [-sin, 0.0, FOCAL_LENGTH * cos],
            ]
        )
        roll_cos, roll_sin = math.cos(self.angle), math.sin(self.angle)
        roll = np.array([[roll_cos, -roll_sin, 0.0], [roll_sin, roll_cos, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(projection @ roll / (FOCAL_LENGTH * cos))

    def corners(self, aspect: float) -> NDArray[np.float64]:
        """Return the corners of a frame (height over width) on the still; shape ``(4, 2)``."""
        frame = np.array([[u, v * aspect, 1.0] for u in (-0.5, 0.5) for v in (-0.5, 0.5)])
        projected = frame @ self.matrix().T
        return np.asarray(projected[:, :2] / projected[:, 2:])


@dataclass(frozen=True, slots=True)
class Framing:
    """The sizes of a still and of the frame over it, in frame widths at zoom 1.

    Attributes:
        width, height: of the still; one of them equals the frame's.
        aspect: height of the frame; its width is 1.
    """

    width: float
    height: float
    aspect: float


def cover_framing(still_aspect: float, frame_aspect: float) -> Framing:
    """Return the framing of a still that covers the frame; aspects are height over width."""
    if still_aspect >= frame_aspect:
        return Framing(1.0, still_aspect, frame_aspect)
    return Framing(frame_aspect / still_aspect, frame_aspect, frame_aspect)


def ease(t: float, easing: str) -> float:
    """Return the progress 0..1 of a move at time ``t`` 0..1.

    ``ease_in_out`` mixes constant speed with Perlin's smootherstep (6t^5 - 15t^4 + 10t^3), which
    has continuous acceleration; ``ease_in`` and ``ease_out`` are its halves.

    Raises:
        ValueError: the easing is unknown.
    """
    t = min(max(t, 0.0), 1.0)

    def smootherstep(v: float) -> float:
        return v * v * v * (v * (v * 6 - 15) + 10)

    if easing == "linear":
        return t
    if easing == "ease_in_out":
        eased = smootherstep(t)
    elif easing == "ease_in":
        eased = 2 * smootherstep(t / 2)
    elif easing == "ease_out":
        eased = 2 * smootherstep(0.5 + t / 2) - 1
    else:
        raise ValueError(f"unknown easing {easing!r}")
    return LINEAR_SHARE * t + (1 - LINEAR_SHARE) * eased


def resolve_auto(motion: Motion, seed: int) -> Motion:
    """Replace the move ``auto`` by one that moves, the same for the same seed."""
    if motion.camera != "auto":
        return motion
    moving = [move for move in CAMERA_MOVES if move != "static"]
    return replace(motion, camera=moving[seed % len(moving)])


def pose_at(motion: Motion, t: float, framing: Framing) -> Pose:
    """Return the pose at time ``t`` 0..1 of a move; its view never leaves the still.

    Pushes and pulls zoom by equal ratios in equal times, which the eye reads as constant speed.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    progress = ease(t, motion.easing)
    end, limits = _end_pose(motion, framing)
    move = motion.camera
    zoom = end.zoom * ZOOM_MARGIN
    if move in ("push_in", "pull_out"):
        done = progress if move == "push_in" else 1 - progress
        return _push_pose(motion, done, zoom, framing)
    sign = 1 if move.endswith(("right", "down")) else -1
    side = sign * 2 * (progress - 0.5)
    if end.yaw:
        zoom *= 1 + ORBIT_ZOOM * motion.amount * math.cos(math.pi / 2 * side)
    focus = _clamped_focus(motion, framing, limits[0], limits[1])
    return Pose(
        x=focus[0] + end.x / zoom * side,
        y=focus[1] + end.y / zoom * side,
        zoom=zoom,
        angle=end.angle * side,
        # A camera that moves to the right looks at the still from the right.
        yaw=-end.yaw * side,
    )


def _push_pose(motion: Motion, done: float, widest: float, framing: Framing) -> Pose:
    """Return the pose of a push at ``done`` 0..1 of its zoom.

    The middle of the view is linear in its width, so that all points move along rays from one
    vanishing point, as with a real lens.
    """
    closest = widest * (1 + PUSH_ZOOM * motion.amount)
    zoom = widest * (1 + PUSH_ZOOM * motion.amount) ** done
    start, end = (
        _clamped_focus(
            motion, framing, (framing.width - 1 / z) / 2, (framing.height - framing.aspect / z) / 2
        )
        for z in (widest, closest)
    )
    share = (1 / widest - 1 / zoom) / (1 / widest - 1 / closest) if closest > widest else 0.0
    return Pose(
        x=start[0] + (end[0] - start[0]) * share,
        y=start[1] + (end[1] - start[1]) * share,
        zoom=zoom,
    )


def _clamped_focus(
    motion: Motion, framing: Framing, most_x: float, most_y: float
) -> tuple[float, float]:
    """Return the motion's focus, in frame widths from the still's middle, within limits."""
    x = (motion.focus[0] - 0.5) * framing.width
    y = (motion.focus[1] - 0.5) * framing.height
    most_x, most_y = max(0.0, most_x), max(0.0, most_y)
    return min(max(x, -most_x), most_x), min(max(y, -most_y), most_y)


def _end_pose(motion: Motion, framing: Framing) -> tuple[Pose, tuple[float, float]]:
    """Return one end of a move about its middle, and the limits of that middle.

    The pose's zoom is the motion's, or the least at which the move stays within the still; its
    ``x`` and ``y`` are in widths of the zoomed frame. The limits are the largest distances of the
    move's middle from the still's, along x and y, in frame widths.
    """
    move, amount = motion.camera, motion.amount
    if move in ("static", "push_in", "pull_out"):
        end = Pose()
    elif move in ("pan_left", "pan_right"):
        end = Pose(x=PAN_TRAVEL * amount / 2)
    elif move in ("tilt_up", "tilt_down"):
        end = Pose(y=TILT_TRAVEL * amount / 2 * framing.aspect)
    elif move in ("orbit_left", "orbit_right"):
        end = Pose(x=ORBIT_TRAVEL * amount / 2, yaw=ORBIT_ANGLE * amount / 2)
    elif move in ("roll_left", "roll_right"):
        end = Pose(angle=ROLL_ANGLE * amount / 2)
    else:
        raise ValueError(f"unknown camera move {move!r}")
    # Views extend farthest at the two ends, which mirror each other, so that one end decides.
    right = np.abs(end.corners(framing.aspect)).max(axis=0)
    left = np.abs(replace(end, yaw=-end.yaw).corners(framing.aspect)).max(axis=0)
    wide, high = (float(length) for length in np.maximum(left, right))
    zoom = max(1.0, motion.zoom, 2 * wide / framing.width, 2 * high / framing.height)
    final = zoom * ZOOM_MARGIN
    limits = (framing.width / 2 - wide / final, framing.height / 2 - high / final)
    return replace(end, zoom=zoom), limits


def visible_bounds(motion: Motion, framing: Framing) -> NDArray[np.float64]:
    """Return the visible part of a still over a move: ``[[left, top], [right, bottom]]``."""
    corners = np.concatenate([pose.corners(framing.aspect) for pose in _sampled(motion, framing)])
    return np.stack([corners.min(axis=0), corners.max(axis=0)])


def zoom_range(motion: Motion, framing: Framing) -> tuple[float, float]:
    """Return the smallest and the largest zoom of a move."""
    zooms = [pose.zoom for pose in _sampled(motion, framing)]
    return min(zooms), max(zooms)


def _sampled(motion: Motion, framing: Framing) -> list[Pose]:
    return [pose_at(motion, n / 32, framing) for n in range(33)]
