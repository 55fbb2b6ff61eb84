"""A move through a still in depth: its views, and how far they reach over the still.

The view is a little closer than the move's own, so that nothing that stands nearer or farther than
the picture's plane brings an edge of the still into the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base import Motion
from ..camera.poses import MoveRoom, Pose, ease, pose_at
from .perspective import Place, eye, view

NEARER = 0.3
"""How much nearer a roll at full amount comes, 9 % at the default of 0.3."""
SAMPLES = 33
"""Of a move, at which its reach is measured."""


def pose_in_depth(motion: Motion, share: float, room: MoveRoom) -> Pose:
    """The view at ``share`` 0..1 of a move: the camera's own, but that a roll comes nearer.

    A turn about the line of sight shows no depth, and would look flat among moves that do.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    pose = pose_at(motion, share, room)
    if not motion.camera.startswith("roll"):
        return pose
    return closer(pose, (1 + NEARER * motion.amount) ** ease(share, motion.easing))


def closer(pose: Pose, zoom: float) -> Pose:
    """The pose, zoomed in by a factor."""
    return replace(pose, zoom=pose.zoom * zoom)


@dataclass(frozen=True, slots=True)
class MoveExtent:
    """What a move does to a relief.

    Attributes:
        seen: the part of the picture that is seen: ``[[left, top], [right, bottom]]``.
        shift: frame widths by which a difference in relief of 1 shifts, at the most.
        strength: factor on the relief that keeps shifts within the most there may be.
        zooms: the least and the largest zoom.
        overscan: zoom beyond that of the move.
        rest: where the camera stood that took the picture.
    """

    seen: NDArray[np.float64]
    shift: float
    strength: float
    zooms: tuple[float, float]
    overscan: float
    rest: Place


def measure(
    motion: Motion,
    room: MoveRoom,
    relief: tuple[float, float],
    most_shift: float,
    margin: float = 0.0,
) -> MoveExtent:
    """How far a move reaches over a picture whose relief lies between two values.

    Args:
        motion: the move.
        room: of the picture.
        relief: its lowest and highest.
        most_shift: frame widths that two points may move against each other to either side.
        margin: frame widths kept between what is seen and the picture's edge.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    half = room.aspect / 2
    frame = np.array(
        [(u, v, 1) for u in (-0.5, 0, 0.5) for v in (-half, -half / 2, 0, half / 2, half)],
        np.float32,
    ).T
    moves = [pose_in_depth(motion, n / (SAMPLES - 1), room) for n in range(SAMPLES)]
    limits = np.array([[room.width / 2 - margin], [room.height / 2 - margin]])
    overscan = 1.0
    for _ in range(8):
        poses = [closer(pose, overscan) for pose in moves]
        rest = eye(replace(_middle(poses), yaw=0.0))
        # Where a pose sees a point of the frame is linear in the relief there.
        plain, moved = np.empty((2, SAMPLES, 2, frame.shape[1]))
        for n, pose in enumerate(poses):
            view_ = view(pose, rest)
            rays = (view_.homography @ frame).astype(np.float32)
            plain[n] = view_.place(rays, 1.0)
            moved[n] = view_.place(rays, 2.0) - plain[n]
        shifts = np.hypot(moved[:, 0], moved[:, 1]).max(axis=1)
        in_frame = float((shifts * [pose.zoom for pose in poses]).max())
        strength = min(1.0, most_shift / max(1e-9, in_frame * (relief[1] - relief[0])))
        found = np.stack([plain + moved * (strength * (value - 1)) for value in relief])
        centres = np.array([[abs(pose.x), abs(pose.y)] for pose in poses])[:, :, None]
        over = float(((np.abs(found) - centres) / np.maximum(limits - centres, 1e-6)).max())
        if over <= 1 + 1e-6:
            break
        overscan *= over * 1.0005
    zooms = [pose.zoom for pose in poses]
    box = np.stack([found.min(axis=(0, 1, 3)), found.max(axis=(0, 1, 3))])
    return MoveExtent(box, float(shifts.max()), strength, (min(zooms), max(zooms)), overscan, rest)


def _middle(poses: list[Pose]) -> Pose:
    """Half way through a move, in zoom by ratio: to either side of it things shift alike."""
    zooms = [pose.zoom for pose in poses]
    first, last = poses[0], poses[-1]
    return Pose(
        x=(first.x + last.x) / 2,
        y=(first.y + last.y) / 2,
        zoom=math.sqrt(min(zooms) * max(zooms)),
    )
