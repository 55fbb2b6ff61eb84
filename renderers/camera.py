"""The ``camera`` renderer: a virtual camera that moves over a still. No model, no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Call, Frame, Keyframe, Limits, OnStep, Shot
from .dither import quantise
from .moves import Pose, decide, pose_at
from .picture import Picture, prepare
from .resample import Plane, axis, resample
from .yuv import Planes, blank, planes_of

LONGEST_DISSOLVE_S = 2.5
"""Seconds over which one keyframe dissolves into the next, at the most."""
_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class CameraRenderer:
    """Moves over stills; dissolves between them where a scene has several.

    Sampling is Lanczos at exact positions for all moves but rolls and orbits, whose views are
    turned; those sample a denser picture linearly, also at exact positions.
    """

    name: ClassVar[str] = "camera"
    version: ClassVar[int] = 4

    def __init__(self, settings: Mapping[str, Any], quality: str):
        """Nothing hangs on settings or quality."""

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
                finished = np.empty((call.height * 3 // 2, call.width), np.uint8)
                if weight == 0:
                    view(pictures[lower], below, planes_of(finished))
                else:
                    _blend(pictures[lower], below, pictures[upper], above, weight, finished)
            last = (state, finished)
            yield finished
            on_step(index + 1, call.frames)

    def close(self) -> None:
        """Nothing is held."""


def view(picture: Picture, pose: Pose, out: Planes) -> None:
    """What a picture looks like from a pose; into planes of ``float32`` or ``uint8``."""
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
                axis(into.shape[0], place[1, 2], place[1, 1], plane.shape[0]),
                axis(into.shape[1], place[0, 2], place[0, 0], plane.shape[1]),
                into,
            )


def _blend(
    below: Picture, pose: Pose, above: Picture, over: Pose, weight: float, out: Frame
) -> None:
    """A dissolve between two views, rounded once."""
    height, width = out.shape[0] * 2 // 3, out.shape[1]
    one, other = blank(width, height), blank(width, height)
    view(below, pose, one)
    view(above, over, other)
    finished = planes_of(out)
    for plane, second, into in (
        (one.y, other.y, finished.y),
        (one.u, other.u, finished.u),
        (one.v, other.v, finished.v),
    ):
        cv2.addWeighted(plane, 1 - weight, second, weight, 0, dst=plane)
        quantise(plane, into)


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


def _warp(plane: Plane, matrix: NDArray[np.float64], out: NDArray[Any]) -> None:
    size = (out.shape[1], out.shape[0])
    into = out if out.dtype == np.float32 else np.empty(out.shape, np.float32)
    cv2.warpPerspective(
        plane, matrix, size, dst=into, flags=_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if into is not out:
        quantise(into, out)
