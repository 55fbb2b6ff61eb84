"""The ``camera`` renderer: a virtual camera that moves over a still. No model, no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Call, Frame, Keyframe, Limits, OnStep, Shot
from .moves import Pose, decide, pose_at
from .picture import Picture, prepare
from .resample import Plane, axis, resample
from .yuv import Planes, quantise

LONGEST_DISSOLVE_S = 2.5
"""Seconds over which one keyframe dissolves into the next, at the most."""
_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class CameraRenderer:
    """Moves over stills; dissolves between them where a scene has several.

    Sampling is Lanczos at exact positions for all moves but rolls and orbits, whose views are
    turned; those sample a denser picture linearly, also at exact positions. ``draft`` samples
    everything linearly.
    """

    name: ClassVar[str] = "camera"
    version: ClassVar[int] = 3

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self._kernel = "triangle" if quality == "draft" else "lanczos"

    @property
    def limits(self) -> Limits:
        """No limits: any count, any size, any rate."""
        return Limits()

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the frames as planar YUV 4:2:0, each a new array."""
        motion = decide(shot.motion, shot.seed)
        pictures: dict[int, Picture] = {}
        made, over = _blank(call), _blank(call)
        last: tuple[object, Frame] | None = None
        for index in range(call.frames):
            frame = shot.start + call.first + index
            share = frame / max(1, shot.span - 1)
            lower, upper, weight = dissolve(call.keyframes, frame, shot)
            for number in {lower, upper} - pictures.keys():
                pictures[number] = prepare(call.keyframes[number].image, shot, motion)
            for number in pictures.keys() - {lower, upper}:
                del pictures[number]  # Keyframes are passed once: memory holds two at the most.
            below, above = (pose_at(motion, share, pictures[n].room) for n in (lower, upper))
            state = (lower, upper, weight, below, above)
            if last is not None and last[0] == state:
                finished = last[1].copy()
            else:
                self._view(pictures[lower], below, made)
                if weight > 0:
                    self._view(pictures[upper], above, over)
                    for plane, other in _pairs(made, over):
                        cv2.addWeighted(plane, 1 - weight, other, weight, 0, dst=plane)
                finished = _frame(made)
            last = (state, finished)
            yield finished
            on_step(index + 1, call.frames)

    def close(self) -> None:
        """Nothing is held."""

    def _view(self, picture: Picture, pose: Pose, out: Planes) -> None:
        height, width = out.y.shape
        matrix = view_matrix(pose, picture, width, height)
        chroma = chroma_matrix(matrix)
        for plane, place, into in (
            (picture.planes.y, matrix, out.y),
            (picture.planes.u, chroma, out.u),
            (picture.planes.v, chroma, out.v),
        ):
            if picture.is_linear:
                _warp(plane, place, into)
            else:
                resample(
                    plane,
                    axis(into.shape[0], place[1, 2], place[1, 1], plane.shape[0], self._kernel),
                    axis(into.shape[1], place[0, 2], place[0, 0], plane.shape[1], self._kernel),
                    into,
                )


def dissolve(keyframes: tuple[Keyframe, ...], frame: int, shot: Shot) -> tuple[int, int, float]:
    """Which two keyframes are seen at a frame of the span, and the weight of the second.

    A keyframe is reached, alone, at its own frame. The dissolve towards it takes the second half of
    the way there, `LONGEST_DISSOLVE_S` at the most.
    """
    upper = next((n for n, key in enumerate(keyframes) if key.frame > frame), len(keyframes))
    if upper in (0, len(keyframes)):
        only = min(upper, len(keyframes) - 1)
        return only, only, 0.0
    start, end = keyframes[upper - 1].frame, keyframes[upper].frame
    length = min((end - start) / 2, LONGEST_DISSOLVE_S * float(shot.fps))
    weight = 1 - (end - frame) / max(1.0, length)
    if weight <= 0:
        return upper - 1, upper - 1, 0.0
    return upper - 1, upper, weight * weight * (3 - 2 * weight)


def view_matrix(pose: Pose, picture: Picture, width: int, height: int) -> NDArray[np.float64]:
    """The 3x3 homography from pixel centres of the frame to pixel centres of the picture.

    Args:
        pose: the view.
        picture: what is looked at.
        width, height: of the frame.
    """
    from_frame = np.array(
        [
            [1 / width, 0.0, (1 - width) / (2 * width)],
            [0.0, 1 / width, (1 - height) / (2 * width)],
            [0.0, 0.0, 1.0],
        ]
    )
    to_picture = np.array(
        [
            [picture.density[0], 0.0, picture.middle[0]],
            [0.0, picture.density[1], picture.middle[1]],
            [0.0, 0.0, 1.0],
        ]
    )
    return np.asarray(to_picture @ pose.matrix() @ from_frame)


def chroma_matrix(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """`view_matrix` for the chroma planes: sample (i, j) is sited at luma (2i, 2j + 1/2)."""
    to_luma = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.5], [0.0, 0.0, 1.0]])
    from_luma = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25], [0.0, 0.0, 1.0]])
    return np.asarray(from_luma @ luma @ to_luma)


def _warp(plane: Plane, matrix: NDArray[np.float64], out: Plane) -> None:
    size = (out.shape[1], out.shape[0])
    if matrix[2, 0] == 0 and matrix[2, 1] == 0:
        cv2.warpAffine(
            plane, matrix[:2], size, dst=out, flags=_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    else:
        cv2.warpPerspective(
            plane, matrix, size, dst=out, flags=_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


def _blank(call: Call) -> Planes:
    half = (call.height // 2, call.width // 2)
    return Planes(
        np.empty((call.height, call.width), np.float32),
        np.empty(half, np.float32),
        np.empty(half, np.float32),
    )


def _pairs(one: Planes, other: Planes) -> tuple[tuple[Plane, Plane], ...]:
    return (one.y, other.y), (one.u, other.u), (one.v, other.v)


def _frame(planes: Planes) -> Frame:
    """Planes as one array of 8 bits."""
    height, width = planes.y.shape
    out = np.empty((height * 3 // 2, width), np.uint8)
    quantise(planes.y, out[:height])
    chroma = out[height:].reshape(2, height // 2, width // 2)
    quantise(planes.u, chroma[0])
    quantise(planes.v, chroma[1])
    return out
