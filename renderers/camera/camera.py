"""The ``camera`` renderer: a virtual camera that moves over a still. No model, no GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Call, Frame, Limits, Motion, OnStep, Shot
from ..camera.still_planes import StillPlanes, prepare
from ..image.dither import quantise
from ..image.resample import Plane, axis, resample
from ..image.yuv import Planes, blank, planes_of
from .poses import Pose, pose_at
from .still_frames import frames_over_stills

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

        def ready(still: Path, motion: Motion) -> _Seen:
            return _Seen(prepare(still, shot, motion))

        return frames_over_stills(shot, call, ready, on_step)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture as a camera sees it."""

    picture: StillPlanes

    def pose(self, motion: Motion, share: float) -> Pose:
        return pose_at(motion, share, self.picture.room)

    def draw(self, pose: Pose, out: Frame) -> None:
        view(self.picture, pose, planes_of(out))

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        planes = blank(width, height)
        view(self.picture, pose, planes)
        return planes


def view(picture: StillPlanes, pose: Pose, out: Planes) -> None:
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


def view_matrix(pose: Pose, picture: StillPlanes, width: int, height: int) -> NDArray[np.float64]:
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
