"""A still in depth, made ready for a move: two layers, the relief of each, and where to look from.

Made once for a still, and the same for every slot of a scene:

    still, depth -> how far the move shifts things -> overscan -> two layers -> planes to draw

The view is a little closer than the move's own, so that nothing that stands nearer or farther than
the picture's plane brings an edge of the still into the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import layers, mesh
from .base import Motion, RendererError, Shot
from .depth.sources import Depth
from .moves import Pose, Room, ease, pose_at
from .perspective import Floats, Place, Relief, eye, seen, view
from .picture import LINEAR_LOSS
from .resample import axis, resample
from .yuv import Grid, Planes, to_planes

DEPTH = 0.35
"""Difference in relief between the farthest and the nearest: the far moves by a third less."""
NEARER = 0.3
"""How much nearer a roll at full amount comes, 9 % at the default of 0.3."""
LINEAR_DENSITY = 1.6
"""Samples of a layer to a pixel of the closest view, which is sampled linearly."""
WORK_WIDTH = 540
"""Samples of the work grid to a frame width, at the most."""
MARGIN_PX = 2.5
"""Pixels kept between what is seen and the still's edge, of the frame or of the still: whichever
are larger, so that no filter reaches over it."""
SAMPLES = 33
"""Of a move, at which its reach is measured."""


@dataclass(frozen=True, slots=True)
class Diorama:
    """A still ready for a move in depth.

    Attributes:
        back, front: the layers; no front where no jump of depth can be seen.
        back_relief, front_relief: of each.
        density: samples of a layer to a frame width.
        middle: the picture's middle as ``(x, y)`` among a layer's samples.
        room: of the picture.
        overscan: zoom beyond that of the move.
        rest: where the camera stood that took the picture.
    """

    back: mesh.Layer
    front: mesh.Layer | None
    back_relief: Relief
    front_relief: Relief
    density: tuple[float, float]
    middle: tuple[float, float]
    room: Room
    overscan: float
    rest: Place

    def pose(self, motion: Motion, share: float) -> Pose:
        """The view at ``share`` 0..1 of a move."""
        return closer(pose_in_depth(motion, share, self.room), self.overscan)

    def draw(self, pose: Pose, out: NDArray[np.uint8]) -> None:
        """Draw a view as planar YUV 4:2:0."""
        view_ = view(pose, self.rest)
        frame = mesh.node_places(out.shape[1], out.shape[0] * 2 // 3)
        back = self._nodes(*seen(view_, frame, self.back_relief))
        front = back
        if self.front is not None:
            front = self._nodes(*seen(view_, frame, self.front_relief))
        mesh.draw(out, self.back, back, self.front, front)

    def _nodes(self, x: Floats, y: Floats) -> Floats:
        made = np.stack([x, y])
        for axis_, (density, middle) in enumerate(zip(self.density, self.middle, strict=True)):
            made[axis_] *= np.float32(density)
            made[axis_] += np.float32(middle)
        return made


def pose_in_depth(motion: Motion, share: float, room: Room) -> Pose:
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
class Ground:
    """A still with its depth, before anything is known of the move.

    Attributes:
        rgb: shape ``(height, width, 3)``, levels 0..255.
        depth: how near everything in it is.
        room: its size in frame widths.
    """

    rgb: NDArray[Any]
    depth: Depth
    room: Room

    @property
    def native(self) -> float:
        """Pixels to a frame width."""
        return float(self.rgb.shape[1] / self.room.width)


def prepare(ground: Ground, shot: Shot, motion: Motion) -> Diorama:
    """Make a still ready for a move of a shot.

    Raises:
        RendererError: there is no such move.
    """
    values = ground.depth.values
    relief = (values - np.float32(_pivot(values))) * np.float32(DEPTH) + 1
    lowest, highest = float(relief.min()), float(relief.max())
    try:
        margin = MARGIN_PX / min(shot.width, ground.native)
        reach = measure(motion, ground.room, (lowest, highest), ground.depth.most_shift, margin)
    except ValueError as error:
        raise RendererError(str(error)) from error
    relief = (relief - 1) * np.float32(reach.strength) + 1
    # The picture, as dense as it is or as dense as the closest view can show.
    height, width = ground.rgb.shape[:2]
    native, dense = ground.native, shot.width * reach.zooms[1] * LINEAR_DENSITY
    base = min(native, dense)
    cutoff = max(1.0, native / (shot.width * math.sqrt(reach.zooms[0] * reach.zooms[1])))
    columns = _part(width, native, base, cutoff, reach.seen[:, 0])
    rows = _part(height, native, base, cutoff, reach.seen[:, 1])
    planes = to_planes(ground.rgb, rows, columns)
    luma = np.clip((planes.y - 16) / np.float32(219), 0, 1)
    coarse = min(1.0, min(WORK_WIDTH, shot.width) / base)
    work = _Work(columns, rows, (_at_least_2(columns, coarse), _at_least_2(rows, coarse)))
    split = layers.split(
        work.over(relief),
        np.asarray(cv2.resize(luma, work.size, interpolation=cv2.INTER_AREA)),
        reach.shift * work.density(native)[0],
    )
    finer = max(1.0, dense / base)
    front = None
    if split is None:
        back = mesh.layer(_denser(planes, finer))
        reliefs = [layers.smoothed(work.over(relief))] * 2
    else:
        back, front = (
            mesh.layer(
                _denser(_carried_on(planes, part), finer),
                _matte(split.matte(luma), finer) if part is split.front else None,
            )
            for part in (split.back, split.front)
        )
        reliefs = [split.back.relief, split.front.relief]
    middle = tuple(
        ((side - 1) / 2 - grid.start) / grid.step
        for side, grid in ((width, columns), (height, rows))
    )
    back_relief, front_relief = (work.relief(values, native, middle) for values in reliefs)
    grown = [_even(grid.count * finer) / grid.count for grid in (columns, rows)]
    return Diorama(
        back=back,
        front=front,
        back_relief=back_relief,
        front_relief=front_relief,
        density=(native / columns.step * grown[0], native / rows.step * grown[1]),
        middle=(
            (middle[0] + 0.5) * grown[0] - 0.5 + mesh.PAD,
            (middle[1] + 0.5) * grown[1] - 0.5 + mesh.PAD,
        ),
        room=ground.room,
        overscan=reach.overscan,
        rest=reach.rest,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """The work grid: coarse samples over the part of a still that a move sees."""

    columns: Grid
    rows: Grid
    size: tuple[int, int]

    def over(self, values: Floats) -> Floats:
        """A map of the whole still, of any size, on this grid."""
        places, blur = [], []
        for grid, count, length in self._axes(values):
            scale = length / grid.source
            blur.append(max(0.01, 0.4 * scale * grid.step * grid.count / count))
            samples = (np.arange(count) + 0.5) * grid.count / count - 0.5
            pixels = grid.start + grid.step * samples
            places.append(((pixels + 0.5) * scale - 0.5).astype(np.float32))
        if max(blur) > 0.4:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), sigmaX=blur[0], sigmaY=blur[1]))
        x, y = np.meshgrid(*places)
        return np.asarray(
            cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )

    def _axes(self, values: Floats) -> tuple[tuple[Grid, int, int], ...]:
        return (
            (self.columns, self.size[0], values.shape[1]),
            (self.rows, self.size[1], values.shape[0]),
        )

    def density(self, native: float) -> tuple[float, float]:
        """Samples to a frame width."""
        return (
            native / self.columns.step * self.size[0] / self.columns.count,
            native / self.rows.step * self.size[1] / self.rows.count,
        )

    def relief(self, values: Floats, native: float, middle: tuple[float, ...]) -> Relief:
        """A map on this grid, as views look it up; ``middle`` is the still's among its base."""
        return Relief(
            values,
            self.density(native),
            (
                (middle[0] + 0.5) * self.size[0] / self.columns.count - 0.5,
                (middle[1] + 0.5) * self.size[1] / self.rows.count - 0.5,
            ),
        )


def _carried_on(planes: Planes, part: layers.Part) -> Planes:
    y, u, v = (layers.carried_on(plane, part) for plane in (planes.y, planes.u, planes.v))
    return Planes(y, u, v)


def _at_least_2(grid: Grid, factor: float) -> int:
    return max(2, round(grid.count * factor))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a move does to a relief.

    Attributes:
        seen: the part of the picture that is seen: ``[[left, top], [right, bottom]]``.
        shift: frame widths by which a difference in relief of 1 shifts, at the most.
        strength: factor on the relief that keeps shifts within the most there may be.
        zooms: the least and the largest zoom.
        overscan, rest: as a `Diorama` has them.
    """

    seen: NDArray[np.float64]
    shift: float
    strength: float
    zooms: tuple[float, float]
    overscan: float
    rest: Place


def measure(
    motion: Motion, room: Room, relief: tuple[float, float], most_shift: float, margin: float = 0.0
) -> Reach:
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
    return Reach(box, float(shifts.max()), strength, (min(zooms), max(zooms)), overscan, rest)


def _middle(poses: list[Pose]) -> Pose:
    """Half way through a move, in zoom by ratio: to either side of it things shift alike."""
    zooms = [pose.zoom for pose in poses]
    first, last = poses[0], poses[-1]
    return Pose(
        x=(first.x + last.x) / 2,
        y=(first.y + last.y) / 2,
        zoom=math.sqrt(min(zooms) * max(zooms)),
    )


def _pivot(depth: Floats) -> float:
    """The depth that moves as the move says: that of the middle of the picture, in the main."""
    rows, columns = depth.shape
    inner = depth[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]
    return float(np.median(inner))


def _part(
    length: int, native: float, density: float, cutoff: float, seen_: NDArray[np.float64]
) -> Grid:
    """Samples over what a move sees of one side, and some more for filters to reach into."""
    step = native / density
    centre = (length - 1) / 2
    start = max(0, math.floor(centre + native * float(seen_[0]) - 16 * step))
    end = min(length - 1, math.ceil(centre + native * float(seen_[1]) + 16 * step))
    return Grid(_even((end - start) / step + 1), float(start), step, length, cutoff)


def _denser(planes: Planes, factor: float) -> Planes:
    """Planes made denser, and a little sharper, for a linear sampler."""
    rows, columns = (_even(length * factor) for length in planes.y.shape)
    steps = planes.y.shape[0] / rows, planes.y.shape[1] / columns
    made = []
    for plane in (planes.y, planes.u, planes.v):
        is_chroma = plane is not planes.y
        counts = (rows // 2, columns // 2) if is_chroma else (rows, columns)
        starts = [(step - 1) / 2 for step in steps]
        if is_chroma:
            # Chroma lies with even columns of luma, and between two rows.
            starts = [(steps[0] - 1) / 2, (steps[1] - 1) / 4]
        axes = [
            axis(count, start, step, length)
            for count, start, step, length in zip(counts, starts, steps, plane.shape, strict=True)
        ]
        made.append(resample(_sharpened(plane, steps[1]), axes[0], axes[1]))
    return Planes(*made)


def _sharpened(plane: Floats, step: float) -> Floats:
    """What a linear sampler will lose is given back before: second differences, at another step."""
    loss = LINEAR_LOSS * step * step
    kernel = np.array([-loss, 1 + 2 * loss, -loss], np.float32)
    return np.asarray(cv2.sepFilter2D(plane, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE))


def _matte(matte: Floats, factor: float) -> NDArray[np.uint8]:
    rows, columns = (_even(length * factor) for length in matte.shape)
    levels = cv2.convertScaleAbs(matte, alpha=255)
    return np.asarray(cv2.resize(levels, (columns, rows), interpolation=cv2.INTER_LINEAR))


def _even(length: float) -> int:
    """The even number of samples that holds a length."""
    return max(2, 2 * math.ceil(length / 2 - 1e-9))
