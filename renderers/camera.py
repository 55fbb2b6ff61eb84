"""The ``camera`` renderer: a virtual camera that moves over a still. No model, no GPU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .base import Call, Frame, Keyframe, Limits, Motion, OnStep, RendererError, Shot
from .moves import Pose, Room, pose_at, room_for, zoom_range
from .stills import fit_still, load_still
from .yuv import Planes, to_planes

LONGEST_MORPH_S = 2.5
"""Seconds over which one keyframe dissolves into the next, at the most."""
DETAIL = 1.3
"""Pixels of the still's own detail for one of the frame, at the widest view of the move: what is
finer than a frame can show is filtered out once, before it can shimmer."""
OVERSAMPLING = 2.0
"""Pixels of the prepared still for one of the frame. The still is enlarged to them once, by
Lanczos: linear samples between them are nearer to the ideal than cubic ones of the still itself, in
a third of the time."""


class CameraRenderer:
    """Moves over stills; dissolves between them where a scene has several."""

    name: ClassVar[str] = "camera"
    version: ClassVar[int] = 1

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self._draft = quality == "draft"

    @property
    def limits(self) -> Limits:
        """No limits: any count, any size, any rate."""
        return Limits()

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the frames as planar YUV 4:2:0, each a new array."""
        pictures = [_prepare(key, shot, draft=self._draft) for key in call.keyframes]
        for index in range(call.frames):
            frame = shot.start + call.first + index
            share = frame / max(1, shot.span - 1)
            lower, upper, weight = morph(call.keyframes, frame, shot)
            made = self._view(pictures[lower], shot.motion, share, call)
            if weight > 0:
                over = self._view(pictures[upper], shot.motion, share, call)
                cv2.addWeighted(made, 1 - weight, over, weight, 0, dst=made)
            yield made
            on_step(index + 1, call.frames)

    def close(self) -> None:
        """Nothing is held."""

    def _view(self, picture: _Picture, motion: Motion, share: float, call: Call) -> Frame:
        pose = pose_at(motion, share, picture.room)
        matrix = view_matrix(pose, picture.scale, picture.planes.y.shape, call.width, call.height)
        chroma = chroma_matrix(matrix)
        out = np.empty((call.height * 3 // 2, call.width), np.uint8)
        quarter = call.height // 2 * (call.width // 2)
        flat = out.reshape(-1)
        size = call.width * call.height
        half = (call.height // 2, call.width // 2)
        _warp(picture.planes.y, matrix, out[: call.height])
        _warp(picture.planes.u, chroma, flat[size : size + quarter].reshape(half))
        _warp(picture.planes.v, chroma, flat[size + quarter :].reshape(half))
        return out


@dataclass(frozen=True, slots=True)
class _Picture:
    """A still prepared for a move: its planes, and their pixels to a frame width at zoom 1."""

    planes: Planes
    scale: tuple[float, float]
    room: Room


def _prepare(keyframe: Keyframe, shot: Shot, *, draft: bool) -> _Picture:
    aspect = shot.height / shot.width
    still = fit_still(load_still(keyframe.image), aspect, shot.fit)
    room = room_for(still.height / still.width, aspect)
    try:
        widest, _ = zoom_range(shot.motion, room)
    except ValueError as error:
        raise RendererError(str(error)) from error
    # Pixels of the whole still for one of the frame each, at the widest view.
    wanted = shot.width * room.width * widest
    if still.width > wanted * DETAIL:
        still = still.resize(_even(still, wanted * DETAIL), Image.Resampling.LANCZOS)
    size = _even(still, still.width if draft else max(still.width, wanted * OVERSAMPLING))
    planes = to_planes(np.asarray(still), size)
    return _Picture(planes, (size[0] / room.width, size[1] / room.height), room)


def _even(still: Image.Image, width: float) -> tuple[int, int]:
    """The size of a still scaled to about a width, its sides rounded to even numbers."""
    scale = width / still.width
    return (
        max(2, 2 * round(still.width * scale / 2)),
        max(2, 2 * round(still.height * scale / 2)),
    )


def morph(keyframes: tuple[Keyframe, ...], frame: int, shot: Shot) -> tuple[int, int, float]:
    """Which two keyframes are seen at a frame of the span, and the weight of the second.

    A keyframe is reached, alone, at its own frame. The dissolve towards it takes the second half of
    the way there, `LONGEST_MORPH_S` at the most.
    """
    upper = next((n for n, key in enumerate(keyframes) if key.frame > frame), len(keyframes))
    if upper in (0, len(keyframes)):
        only = min(upper, len(keyframes) - 1)
        return only, only, 0.0
    start, end = keyframes[upper - 1].frame, keyframes[upper].frame
    length = min((end - start) / 2, LONGEST_MORPH_S * float(shot.fps))
    weight = 1 - (end - frame) / max(1.0, length)
    if weight <= 0:
        return upper - 1, upper - 1, 0.0
    return upper - 1, upper, weight * weight * (3 - 2 * weight)


def view_matrix(
    pose: Pose, scale: tuple[float, float], shape: tuple[int, ...], width: int, height: int
) -> NDArray[np.float64]:
    """The 2x3 matrix from pixel centres of the frame to pixel centres of the picture.

    Args:
        pose: the view.
        scale: pixels of the picture to a frame width at zoom 1, along x and along y.
        shape: ``(height, width)`` of the picture.
        width, height: of the frame.
    """
    step = 1 / (pose.zoom * width)
    cos, sin = math.cos(pose.angle) * step, math.sin(pose.angle) * step
    from_x, from_y = (width - 1) / 2, (height - 1) / 2
    # In frame widths from the picture's middle, then in its pixels along either axis.
    matrix = np.array(
        [
            [cos, -sin, pose.x - cos * from_x + sin * from_y],
            [sin, cos, pose.y - sin * from_x - cos * from_y],
        ]
    )
    matrix *= np.array([[scale[0]], [scale[1]]])
    matrix[:, 2] += ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    return matrix


def chroma_matrix(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """`view_matrix` for the chroma planes.

    A frame's sample (i, j) is sited left, at luma (2i, 2j + 1/2); a picture's in the middle.
    """
    to_luma = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
    from_luma = np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25], [0.0, 0.0, 1.0]])
    full = np.vstack([luma, [0.0, 0.0, 1.0]])
    return np.asarray((from_luma @ full @ to_luma)[:2])


def _warp(plane: NDArray[np.uint8], matrix: NDArray[np.float64], out: NDArray[np.uint8]) -> None:
    cv2.warpAffine(
        plane,
        matrix,
        (out.shape[1], out.shape[0]),
        dst=out,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
