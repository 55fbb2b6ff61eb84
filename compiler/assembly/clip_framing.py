"""Frame a clip: crop it around faces, or show it whole where a crop would cut them off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from ...renderers.base import Keyframe, Motion, RendererError, Shot
from ...renderers.files.digest import file_digest
from ...renderers.files.json_cache import remembered
from ...renderers.image.faces import Face, find_faces
from ..errors import WorkError
from ..media.media_info import MediaInfo
from ..script import model
from .face_framing import Filling, frame_faces, head_band

_METHOD = "2"
"""Counted in the keys: a change finds other faces."""
_SIDE = 1280
"""Longer side of the sampled frames, in pixels."""
_STATIC = Motion(camera="static")


@dataclass(frozen=True, slots=True)
class ClipFraming:
    """How the picture of a clip fills the frame.

    Attributes:
        fit: crop, letterbox or blur.
        focus: point to crop around, 0..1 of width and height; None is the salient part.
        heads: rows that heads reach, 0..1 of the frame's height; None without a face.
    """

    fit: Filling = "cover"
    focus: tuple[float, float] | None = None
    heads: tuple[float, float] | None = None


def frame_clip(
    info: MediaInfo, times: Sequence[Fraction], fit: model.Fit, output: model.ScriptOutput
) -> ClipFraming:
    """Return how a clip fills the frame, by the faces in five of its frames.

    Args:
        info: of the video.
        times: first and last second of its range of the video.
        fit: of the scene.
        output: the frame.
    """
    stated: Filling | None = None if fit == "auto" else fit
    video = info.video
    assert video is not None
    width, height = video.display_size
    aspect = float(height / width)
    faces = _faces_between(info, times)
    if not faces:
        return ClipFraming(stated or "cover")
    found = frame_faces(faces, aspect, output.height / output.width, _STATIC, stated)
    motion = Motion(camera="static", focus=found.focus)
    shot = Shot(
        output.width, output.height, output.fps, 1, 0, 0, 0, 1, (Keyframe(info.path, 0),),
        fit=found.fit, motion=motion,
    )  # fmt: skip
    focus = found.focus if found.fit == "cover" else None
    return ClipFraming(found.fit, focus, head_band(faces, aspect, shot))


def _faces_between(info: MediaInfo, times: Sequence[Fraction]) -> list[Face]:
    """Return the faces in some frames; none if they cannot be read, which flattening reports."""
    try:
        key = f"{_METHOD}:{file_digest(info.path)}:{':'.join(map(str, times))}"
        found = remembered("clip_faces.json", key, lambda: _look(info, times))
        return [Face(*values) for values in found]
    except (av.error.FFmpegError, OSError, ValueError, TypeError, RendererError, WorkError):
        return []


def _look(info: MediaInfo, times: Sequence[Fraction]) -> list[list[Any]]:
    from ..backend.encode.reframe import sample_frames  # noqa: PLC0415 - 20 ms, for clips alone

    faces: list[Face] = []
    for rgb in sample_frames(info, times):
        scale = min(1.0, _SIDE / max(rgb.shape[:2]))
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces += find_faces(np.asarray(small, np.uint8))
    return [list(astuple(face)) for face in faces]
