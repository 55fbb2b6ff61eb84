"""Camera moves over a still as pure geometry: where the frame lies in the picture, and when.

Lengths are in *frame widths*: the widest view that fits is 1 wide at zoom 1. A `Pose` says
where the centre of the view is, how far it is zoomed in and how it is turned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .base import Motion

ZOOM = 0.5
"""How far a push at full amount goes: to 1.5 times, 1.15 at the default of 0.3."""
TRAVEL = 0.5
"""Frame widths that a pan at full amount travels."""
ORBIT = 0.35
"""Frame widths that an orbit at full amount travels."""
NEARER = 0.12
"""How much nearer an orbit at full amount comes."""
TILT = 0.38
"""Frame heights that a tilt at full amount travels."""
ROLL = math.radians(12)
"""Angle that a roll at full amount turns through."""
DRIFT = 0.35
"""Share of an even speed in the eased ones, so that no move starts or ends dead."""
SAFETY = 1.002
"""Zoom beyond what covers the frame, so that no filter reaches over the picture's edge."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A view: its centre from the picture's middle in frame widths, its zoom and its angle.

    ``x`` grows to the right and ``y`` downwards; ``angle`` is in radians, clockwise.
    """

    x: float
    y: float
    zoom: float
    angle: float


@dataclass(frozen=True, slots=True)
class Room:
    """A picture and the frame it is seen through, in frame widths at zoom 1.

    Attributes:
        width, height: of the picture; one of them is just as large as the frame's.
        aspect: height of the frame; its width is 1.
    """

    width: float
    height: float
    aspect: float

    def covering_zoom(self, angle: float) -> float:
        """The smallest zoom at which a frame turned by ``angle`` lies inside the picture."""
        cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
        return max((cos + sin * self.aspect) / self.width, (sin + cos * self.aspect) / self.height)


def room_for(picture_aspect: float, frame_aspect: float) -> Room:
    """The room of a picture (height over width) that covers a frame (height over width)."""
    if picture_aspect >= frame_aspect:
        return Room(1.0, picture_aspect, frame_aspect)
    return Room(frame_aspect / picture_aspect, frame_aspect, frame_aspect)


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


def pose_at(motion: Motion, share: float, room: Room) -> Pose:
    """The view at ``share`` 0..1 of a move; always inside the picture.

    Pushes and pulls zoom by equal ratios in equal times, which is what an even speed looks like.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    progress = ease(share, motion.easing)
    across = progress - 0.5
    amount = motion.amount
    move = motion.camera
    zoom = 1.0
    way_x = way_y = turn = 0.0
    if move in ("push_in", "pull_out"):
        done = progress if move == "push_in" else 1 - progress
        zoom = (1 + ZOOM * amount) ** done
    elif move in ("pan_left", "pan_right"):
        way_x = TRAVEL * amount
    elif move in ("orbit_left", "orbit_right"):
        way_x = ORBIT * amount
    elif move in ("tilt_up", "tilt_down"):
        way_y = TILT * amount * room.aspect
    elif move in ("roll_left", "roll_right"):
        turn = ROLL * amount
    elif move != "static":
        raise ValueError(f"unknown camera move {move!r}")
    sign = 1 if move.endswith(("right", "down")) else -1
    angle = sign * turn * across
    zoom = max(
        zoom,
        (1 + way_x) / room.width,
        (room.aspect + way_y) / room.height,
        room.covering_zoom(turn / 2),
    )
    x, y = sign * way_x * across / zoom, sign * way_y * across / zoom
    if move.startswith("orbit"):
        # About a flat picture: the camera comes a little nearer at the middle of its arc.
        zoom *= 1 + NEARER * amount * math.cos(math.pi * across)
    return Pose(x, y, zoom * SAFETY, angle)


def zoom_range(motion: Motion, room: Room) -> tuple[float, float]:
    """The smallest and the largest zoom of a move."""
    zooms = [pose_at(motion, step / 16, room).zoom for step in range(17)]
    return min(zooms), max(zooms)
