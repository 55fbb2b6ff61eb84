"""The ``camera`` renderer: a virtual camera that moves over a still. No model, no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Call, Frame, Limits, Motion, OnStep, Shot
from .dissolve import dissolve, halfway
from .dither import quantise
from .morph import Morph, blend, morph_between
from .moves import Pose, decide, pose_at
from .picture import Picture, prepare
from .resample import Plane, axis, resample
from .yuv import Planes, blank, planes_of

_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class CameraRenderer:
    """Moves over stills; dissolves between them where a scene has several.

    Sampling is Lanczos at exact positions for all moves but rolls and orbits, whose views are
    turned; those sample a denser picture linearly, also at exact positions.
    """

    name: ClassVar[str] = "camera"
    version: ClassVar[int] = 5

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
        morphs: dict[int, Morph | None] = {}
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
                    if upper not in morphs:
                        half = halfway(call.keyframes, upper, shot) / max(1, shot.span - 1)
                        morphs = {
                            upper: _morph(pictures[lower], pictures[upper], motion, half, call)
                        }
                    one, other = blank(call.width, call.height), blank(call.width, call.height)
                    view(pictures[lower], below, one)
                    view(pictures[upper], above, other)
                    blend(one, other, weight, planes_of(finished), morphs[upper])
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


def _morph(one: Picture, other: Picture, motion: Motion, share: float, call: Call) -> Morph | None:
    """How two pictures morph, as they are seen at ``share`` 0..1 of a move."""
    seen = []
    for picture in (one, other):
        frame = np.empty((call.height * 3 // 2, call.width), np.uint8)
        view(picture, pose_at(motion, share, picture.room), planes_of(frame))
        seen.append(frame[: call.height])
    return morph_between(seen[0], seen[1])


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
