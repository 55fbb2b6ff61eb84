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
from ..image.dither import quantise
from ..image.resample import Plane, axis, resample
from ..image.yuv import Planes, blank, planes_of
from .poses import Pose, pose_at
from .still_frames import frames_over_stills
from .still_planes import StillPlanes, still_planes

_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class CameraRenderer:
    """Move over stills, with dissolves between the keyframes of a scene.

    Upright views are sampled with Lanczos at exact positions. Rolls and orbits are warped by a
    homography, bilinearly, from planes of twice the density.
    """

    name: ClassVar[str] = "camera"
    version: ClassVar[int] = 6

    def __init__(self, settings: Mapping[str, Any], quality: str):
        """Accept any settings and quality; none of them changes a pixel."""

    @property
    def limits(self) -> Limits:
        """No limits: any count, any size, any rate."""
        return Limits()

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the frames as planar YUV 4:2:0, each a new array."""

        def open_view(still: Path, motion: Motion) -> _PlanarView:
            return _PlanarView(still_planes(still, shot, motion))

        return frames_over_stills(shot, call, open_view, on_step)

    def close(self) -> None:
        """Do nothing; the renderer has no resources."""


@dataclass(frozen=True, slots=True)
class _PlanarView:
    """A `StillView` of a flat still."""

    still: StillPlanes

    def pose(self, motion: Motion, t: float) -> Pose:
        return pose_at(motion, t, self.still.framing)

    def draw(self, pose: Pose, out: Frame) -> None:
        draw_view(self.still, pose, planes_of(out))

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        planes = blank(width, height)
        draw_view(self.still, pose, planes)
        return planes


def draw_view(still: StillPlanes, pose: Pose, out: Planes) -> None:
    """Draw the view of a pose into planes of ``float32`` or ``uint8``."""
    height, width = out.y.shape
    luma = view_matrix(pose, still, width, height)
    chroma = chroma_matrix(luma)
    for plane, matrix, into in (
        (still.planes.y, luma, out.y),
        (still.planes.u, chroma, out.u),
        (still.planes.v, chroma, out.v),
    ):
        if still.is_linear:
            _warp(plane, matrix, into)
        else:
            resample(
                plane,
                axis(into.shape[0], matrix[1, 2], matrix[1, 1], plane.shape[0]),
                axis(into.shape[1], matrix[0, 2], matrix[0, 0], plane.shape[1]),
                into,
            )


def view_matrix(pose: Pose, still: StillPlanes, width: int, height: int) -> NDArray[np.float64]:
    """Return the 3x3 homography from pixel centres of the frame to those of the still's luma.

    Args:
        pose: the view.
        still: the still.
        width, height: of the frame.
    """
    from_frame = np.array(
        [
            [1 / width, 0.0, (1 - width) / (2 * width)],
            [0.0, 1 / width, (1 - height) / (2 * width)],
            [0.0, 0.0, 1.0],
        ]
    )
    to_still = np.array(
        [
            [still.density[0], 0.0, still.middle[0]],
            [0.0, still.density[1], still.middle[1]],
            [0.0, 0.0, 1.0],
        ]
    )
    return np.asarray(to_still @ pose.matrix() @ from_frame)


def chroma_matrix(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the homography of the chroma planes: sample (i, j) is sited at luma (2i, 2j + 1/2)."""
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
