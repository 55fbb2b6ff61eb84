"""Camera moves over a still as pure geometry: where the frame lies in the picture, and when.

Lengths are in *frame widths*: the widest view that fits is 1 wide at zoom 1. A `Pose` says
where the camera looks, how far it is zoomed in and how it is turned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base import CAMERA_MOVES, Motion

ZOOM = 0.5
"""How far a push at full amount goes: to 1.5 times, 1.15 at the default of 0.3."""
TRAVEL = 0.5
"""Frame widths that a pan at full amount travels."""
TILT = 0.38
"""Frame heights that a tilt at full amount travels."""
ORBIT = math.radians(30)
"""Angle of the arc that an orbit at full amount goes along, 9 degrees at the default of 0.3."""
SLIDE = 0.2
"""Frame widths that an orbit at full amount travels besides."""
NEARER = 0.06
"""How much nearer an orbit at full amount comes in the middle of its arc."""
ROLL = math.radians(12)
"""Angle that a roll at full amount turns through."""
FOCAL = 1.4
"""Distance of the camera in frame widths: a lens of 50 mm on a full-format camera held upright."""
DRIFT = 0.35
"""Share of an even speed in the eased ones, so that no move starts or ends dead."""
SAFETY = 1.002
"""Zoom beyond what covers the frame, so that no filter reaches over the picture's edge."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A view: the point it looks at from the picture's middle in frame widths, its zoom and turn.

    ``x`` grows to the right and ``y`` downwards. ``angle`` is that of a roll, in radians,
    clockwise; ``yaw`` that of an orbit, positive where the camera stands to the left.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    angle: float = 0.0
    yaw: float = 0.0

    @property
    def is_upright(self) -> bool:
        """Whether rows of the picture are rows of the view, so that the axes are independent."""
        return self.angle == 0 and self.yaw == 0

    def matrix(self) -> NDArray[np.float64]:
        """The 3x3 homography from the frame to the picture, both in frame widths from the middle.

        A camera ``FOCAL / zoom`` away from the picture, turned by ``yaw`` about the upright through
        the point it looks at, sees frame point ``(u, v)`` where its ray meets the picture:
        ``x + FOCAL / zoom * (u, v cos yaw) / (FOCAL cos yaw - u sin yaw)``.
        """
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        far = FOCAL / self.zoom
        seen = np.array(
            [
                [far - self.x * sin, 0.0, self.x * FOCAL * cos],
                [-self.y * sin, far * cos, self.y * FOCAL * cos],
                [-sin, 0.0, FOCAL * cos],
            ]
        )
        turn_cos, turn_sin = math.cos(self.angle), math.sin(self.angle)
        turned = np.array([[turn_cos, -turn_sin, 0.0], [turn_sin, turn_cos, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(seen @ turned / (FOCAL * cos))

    def corners(self, aspect: float) -> NDArray[np.float64]:
        """Where the corners of a frame of that aspect lie in the picture; shape ``(4, 2)``."""
        half = np.array([[u, v * aspect, 1.0] for u in (-0.5, 0.5) for v in (-0.5, 0.5)])
        seen = half @ self.matrix().T
        return np.asarray(seen[:, :2] / seen[:, 2:])


@dataclass(frozen=True, slots=True)
class MoveRoom:
    """A picture and the frame it is seen through, in frame widths at zoom 1.

    Attributes:
        width, height: of the picture; one of them is just as large as the frame's.
        aspect: height of the frame; its width is 1.
    """

    width: float
    height: float
    aspect: float


def room_for(picture_aspect: float, frame_aspect: float) -> MoveRoom:
    """The room of a picture (height over width) that covers a frame (height over width)."""
    if picture_aspect >= frame_aspect:
        return MoveRoom(1.0, picture_aspect, frame_aspect)
    return MoveRoom(frame_aspect / picture_aspect, frame_aspect, frame_aspect)


def ease(share: float, easing: str) -> float:
    """Progress 0..1 of a move at ``share`` 0..1 of its time.

    ``ease_in_out`` mixes an even speed with Perlin's smootherstep (6t^5 - 15t^4 + 10t^3), which has
    no jump in acceleration; ``ease_in`` and ``ease_out`` are its halves.

    Raises:
        ValueError: the easing is unknown.
    """
    t = min(max(share, 0.0), 1.0)

    def smoother(v: float) -> float:
        return v * v * v * (v * (v * 6 - 15) + 10)

    if easing == "linear":
        return t
    if easing == "ease_in_out":
        eased = smoother(t)
    elif easing == "ease_in":
        eased = 2 * smoother(t / 2)
    elif easing == "ease_out":
        eased = 2 * smoother(0.5 + t / 2) - 1
    else:
        raise ValueError(f"unknown easing {easing!r}")
    return DRIFT * t + (1 - DRIFT) * eased


def decide(motion: Motion, seed: int) -> Motion:
    """The motion with ``auto`` replaced by one of the moves, the same for the same seed."""
    if motion.camera != "auto":
        return motion
    moving = [move for move in CAMERA_MOVES if move != "static"]
    return replace(motion, camera=moving[seed % len(moving)])


def pose_at(motion: Motion, share: float, room: MoveRoom) -> Pose:
    """The view at ``share`` 0..1 of a move; always inside the picture.

    Pushes and pulls zoom by equal ratios in equal times, which is what an even speed looks like.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    progress = ease(share, motion.easing)
    far, limits = _reach(motion, room)
    move = motion.camera
    zoom = far.zoom * SAFETY
    if move in ("push_in", "pull_out"):
        done = progress if move == "push_in" else 1 - progress
        return _pushed(motion, done, zoom, room)
    sign = 1 if move.endswith(("right", "down")) else -1
    across = sign * 2 * (progress - 0.5)
    if far.yaw:
        zoom *= 1 + NEARER * motion.amount * math.cos(math.pi / 2 * across)
    beside = _towards(motion, room, limits[0], limits[1])
    return Pose(
        x=beside[0] + far.x / zoom * across,
        y=beside[1] + far.y / zoom * across,
        zoom=zoom,
        angle=far.angle * across,
        # A camera that goes to the right sees the picture from the right.
        yaw=-far.yaw * across,
    )


def _pushed(motion: Motion, done: float, widest: float, room: MoveRoom) -> Pose:
    """The view of a push at ``done`` 0..1 of its zoom.

    Its middle goes evenly with the width of the view, so that everything in the picture moves
    straight away from one point, which is what a lens does.
    """
    closest = widest * (1 + ZOOM * motion.amount)
    zoom = widest * (1 + ZOOM * motion.amount) ** done
    start, end = (
        _towards(motion, room, (room.width - 1 / z) / 2, (room.height - room.aspect / z) / 2)
        for z in (widest, closest)
    )
    share = (1 / widest - 1 / zoom) / (1 / widest - 1 / closest) if closest > widest else 0.0
    return Pose(
        x=start[0] + (end[0] - start[0]) * share,
        y=start[1] + (end[1] - start[1]) * share,
        zoom=zoom,
    )


def _towards(motion: Motion, room: MoveRoom, most_x: float, most_y: float) -> tuple[float, float]:
    """The motion's focus, from the picture's middle, as far as a view may go to either side."""
    x = (motion.focus[0] - 0.5) * room.width
    y = (motion.focus[1] - 0.5) * room.height
    most_x, most_y = max(0.0, most_x), max(0.0, most_y)
    return min(max(x, -most_x), most_x), min(max(y, -most_y), most_y)


def _reach(motion: Motion, room: MoveRoom) -> tuple[Pose, tuple[float, float]]:
    """How far a move goes to either side of its middle, and the zoom at which that fits.

    ``x`` and ``y`` are in widths of the zoomed frame. Then, how far the middle may lie from the
    picture's, in frame widths.
    """
    move, amount = motion.camera, motion.amount
    if move in ("static", "push_in", "pull_out"):
        end = Pose()
    elif move in ("pan_left", "pan_right"):
        end = Pose(x=TRAVEL * amount / 2)
    elif move in ("tilt_up", "tilt_down"):
        end = Pose(y=TILT * amount / 2 * room.aspect)
    elif move in ("orbit_left", "orbit_right"):
        end = Pose(x=SLIDE * amount / 2, yaw=ORBIT * amount / 2)
    elif move in ("roll_left", "roll_right"):
        end = Pose(angle=ROLL * amount / 2)
    else:
        raise ValueError(f"unknown camera move {move!r}")
    # Everything grows towards the ends, which mirror each other; so one end decides.
    right = np.abs(end.corners(room.aspect)).max(axis=0)
    left = np.abs(replace(end, yaw=-end.yaw).corners(room.aspect)).max(axis=0)
    wide, high = (float(length) for length in np.maximum(left, right))
    zoom = max(1.0, 2 * wide / room.width, 2 * high / room.height)
    kept = zoom * SAFETY
    return replace(end, zoom=zoom), (room.width / 2 - wide / kept, room.height / 2 - high / kept)


def bounds(motion: Motion, room: MoveRoom, samples: int = 33) -> NDArray[np.float64]:
    """The part of the picture that a move sees: ``[[left, top], [right, bottom]]``."""
    seen = np.concatenate(
        [pose_at(motion, n / (samples - 1), room).corners(room.aspect) for n in range(samples)]
    )
    return np.stack([seen.min(axis=0), seen.max(axis=0)])


def zoom_range(motion: Motion, room: MoveRoom, samples: int = 33) -> tuple[float, float]:
    """The smallest and the largest zoom of a move."""
    zooms = [pose_at(motion, n / (samples - 1), room).zoom for n in range(samples)]
    return min(zooms), max(zooms)
