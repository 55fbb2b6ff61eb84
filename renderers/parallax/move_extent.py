"""The extent of a move in depth: its poses, the visible part of the still, and the overscan.

The view is a little closer than that of the move, so that objects nearer or farther than the
still's plane never bring an edge of the still into the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..base import Motion
from ..camera.poses import Framing, Pose, ease, pose_at
from .perspective import Vector, camera_centre, camera_view

ROLL_ZOOM = 0.3
"""Zoom of a roll at full amount, beyond 1; 9 % at the default amount of 0.3."""
SAMPLES = 33
"""Poses of a move that are measured."""


def pose_in_depth(motion: Motion, t: float, framing: Framing) -> Pose:
    """Return the pose at time ``t`` 0..1: that of the flat move, but with a zoom during rolls.

    A rotation about the optical axis has no parallax, and would look flat among the other moves.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    pose = pose_at(motion, t, framing)
    if not motion.camera.startswith("roll"):
        return pose
    return zoomed(pose, (1 + ROLL_ZOOM * motion.amount) ** ease(t, motion.easing))


def zoomed(pose: Pose, zoom: float) -> Pose:
    """Return the pose, zoomed in by a factor."""
    return replace(pose, zoom=pose.zoom * zoom)


@dataclass(frozen=True, slots=True)
class MoveExtent:
    """The extent of a move over a relief.

    Attributes:
        visible: the visible part of the still: ``[[left, top], [right, bottom]]``, frame widths.
        shift: largest shift for a difference in relief of 1, in frame widths.
        strength: factor on the relief that keeps shifts within their limit.
        zooms: the least and the largest zoom.
        overscan: zoom beyond that of the move.
        rest: centre of the reference camera, which took the still.
    """

    visible: NDArray[np.float64]
    shift: float
    strength: float
    zooms: tuple[float, float]
    overscan: float
    rest: Vector


def measure_extent(
    motion: Motion,
    framing: Framing,
    relief: tuple[float, float],
    most_shift: float,
    margin: float = 0.0,
) -> MoveExtent:
    """Measure a move over a still, and find the overscan that keeps its edges out of the frame.

    Args:
        motion: the move.
        framing: sizes of the still and the frame.
        relief: its lowest and highest value.
        most_shift: largest shift of two points against each other to either side, in frame widths.
        margin: frame widths between the visible part and the still's edge.

    Raises:
        ValueError: the move or the easing is unknown.
    """
    half = framing.aspect / 2
    frame = np.array(
        [(u, v, 1) for u in (-0.5, 0, 0.5) for v in (-half, -half / 2, 0, half / 2, half)],
        np.float32,
    ).T
    moves = [pose_in_depth(motion, n / (SAMPLES - 1), framing) for n in range(SAMPLES)]
    limits = np.array([[framing.width / 2 - margin], [framing.height / 2 - margin]])
    overscan = 1.0
    for _ in range(8):
        poses = [zoomed(pose, overscan) for pose in moves]
        rest = camera_centre(replace(_middle_pose(poses), yaw=0.0))
        # The still point behind a frame point is linear in its relief.
        base, parallax = np.empty((2, SAMPLES, 2, frame.shape[1]))
        for n, pose in enumerate(poses):
            view = camera_view(pose, rest)
            rays = (view.homography @ frame).astype(np.float32)
            base[n] = view.still_points(rays, 1.0)
            parallax[n] = view.still_points(rays, 2.0) - base[n]
        shifts = np.hypot(parallax[:, 0], parallax[:, 1]).max(axis=1)
        in_frame = float((shifts * [pose.zoom for pose in poses]).max())
        strength = min(1.0, most_shift / max(1e-9, in_frame * (relief[1] - relief[0])))
        points = np.stack([base + parallax * (strength * (value - 1)) for value in relief])
        centres = np.array([[abs(pose.x), abs(pose.y)] for pose in poses])[:, :, None]
        excess = float(((np.abs(points) - centres) / np.maximum(limits - centres, 1e-6)).max())
        if excess <= 1 + 1e-6:
            break
        overscan *= excess * 1.0005
    zooms = [pose.zoom for pose in poses]
    visible = np.stack([points.min(axis=(0, 1, 3)), points.max(axis=(0, 1, 3))])
    zoom_range = (min(zooms), max(zooms))
    return MoveExtent(visible, float(shifts.max()), strength, zoom_range, overscan, rest)


def _middle_pose(poses: list[Pose]) -> Pose:
    """Return the pose half way through a move, with the geometric mean zoom: shifts to either
    side of it are equal."""
    zooms = [pose.zoom for pose in poses]
    first, last = poses[0], poses[-1]
    return Pose(
        x=(first.x + last.x) / 2,
        y=(first.y + last.y) / 2,
        zoom=math.sqrt(min(zooms) * max(zooms)),
    )
