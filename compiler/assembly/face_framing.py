"""Keep faces in the frame: the fit of a still with people, and the focus and extent of its move.

A crop keeps every head, with the hair above it. If that is impossible, or more than `MOST_CROPPED`
of the still would go, the whole still is shown before its own blur.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...renderers.base import Motion, Shot
from ...renderers.camera.poses import Framing, cover_framing, pose_at
from ...renderers.image.faces import Face
from ...renderers.image.saliency import Box

MOST_CROPPED = 0.45
"""Largest share of a still with faces that a crop may remove."""
_SAME_SHAPE = 0.01
"""Largest share of a still that a crop removes if it has the frame's shape."""
_MARGIN = 0.02
"""Least distance of a head from the frame's edge, in frame widths."""
_SMALLER = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.1, 0.0)
"""Shares of a move's amount that are tried."""
_SAMPLES = 9
"""Sampled times of a move."""
_SMALL = 0.25
"""Share of the largest face's area below which a face is a passer-by's."""


Filling: TypeAlias = Literal["cover", "contain", "blur"]


@dataclass(frozen=True, slots=True)
class SceneLook:
    """The framing of a scene's stills.

    Attributes:
        motion: the move.
        fit: how a still fills the frame.
        people: whether a renderer in depth cuts out people.
        closer: the move of a closer framing, which alternates with it on a long still.
    """

    motion: Motion
    fit: Filling
    people: bool = False
    closer: Motion | None = None


@dataclass(frozen=True, slots=True)
class FaceFraming:
    """The framing of a still with faces: its fit, and the focus and the amount of its move."""

    fit: Filling
    focus: tuple[float, float]
    amount: float


def frame_faces(
    faces: Sequence[Face],
    still_aspect: float,
    frame_aspect: float,
    motion: Motion,
    fit: Filling | None,
) -> FaceFraming:
    """Return the framing in which all heads stay in the frame during a move.

    Args:
        faces: of the still, at least one; those far smaller than the largest do not count.
        still_aspect, frame_aspect: height over width.
        motion: its move and the amount wanted; its focus is ignored.
        fit: as stated; None chooses between a crop and a blur.
    """
    box = np.array(heads_box(faces))
    cropped = 1 - min(still_aspect / frame_aspect, frame_aspect / still_aspect)
    if fit == "cover" or (fit is None and cropped <= MOST_CROPPED):
        found = _in_frame(box, still_aspect, frame_aspect, motion)
        if found is not None:
            return found
        if fit == "cover" or cropped < _SAME_SHAPE:
            return FaceFraming("cover", _middle(box), motion.amount)
    # The whole still, in the middle of a frame of its own.
    shrunk = _shrunk(box, still_aspect, frame_aspect)
    found = _in_frame(shrunk, frame_aspect, frame_aspect, motion)
    return replace(found or FaceFraming("blur", _middle(shrunk), 0.0), fit=fit or "blur")


def keep_in_frame(
    box: Box, still_aspect: float, frame_aspect: float, motion: Motion, fit: Filling
) -> Motion | None:
    """Return a move about a box, made shorter until it stays in the frame; None if it cannot.

    Args:
        box: left, top, right and bottom, 0..1 of the still.
        still_aspect, frame_aspect: height over width.
        motion: its zoom counts, its focus does not.
        fit: how the still fills the frame.
    """
    inside = np.array(box)
    if fit != "cover":
        inside, still_aspect = _shrunk(inside, still_aspect, frame_aspect), frame_aspect
    found = _in_frame(inside, still_aspect, frame_aspect, motion)
    if found is None:
        return None
    return replace(motion, focus=found.focus, amount=found.amount)


def head_band(faces: Sequence[Face], still_aspect: float, shot: Shot) -> tuple[float, float]:
    """Return the rows that heads reach during a shot's move, 0..1 of the frame's height.

    Args:
        faces: of its still, at least one.
        still_aspect: height over width.
        shot: its fit, its move and the frame's shape count.
    """
    frame_aspect = shot.height / shot.width
    box = np.array(heads_box(faces))
    framing = cover_framing(still_aspect, frame_aspect)
    if shot.fit != "cover":
        box, framing = _shrunk(box, still_aspect, frame_aspect), Framing(1, *(frame_aspect,) * 2)
    rows = np.concatenate(
        [
            _seen(box, shot.motion, framing, number / (_SAMPLES - 1))[:, 1]
            for number in range(_SAMPLES)
        ]
    )
    top, bottom = 0.5 + rows.min() / frame_aspect, 0.5 + rows.max() / frame_aspect
    return max(0.0, round(float(top), 3)), min(1.0, round(float(bottom), 3))


def heads_box(faces: Sequence[Face]) -> Box:
    """Return the box of all heads but those of passers-by: left, top, right and bottom, 0..1."""
    largest = max(face.area for face in faces)
    heads = np.array([face.head for face in faces if face.area >= _SMALL * largest])
    left, top = heads[:, :2].min(axis=0).tolist()
    right, bottom = heads[:, 2:].max(axis=0).tolist()
    return left, top, right, bottom


def _shrunk(
    box: NDArray[np.float64], still_aspect: float, frame_aspect: float
) -> NDArray[np.float64]:
    """Return a box of a still as one of a frame that shows the whole still in its middle."""
    size = np.array([frame_aspect / still_aspect, still_aspect / frame_aspect] * 2).clip(max=1)
    return np.asarray(0.5 + (box - 0.5) * size)


def _in_frame(
    box: NDArray[np.float64], still_aspect: float, frame_aspect: float, motion: Motion
) -> FaceFraming | None:
    """Return the widest move of a crop that keeps a box in the frame; None if none does."""
    framing = cover_framing(still_aspect, frame_aspect)
    focus = _middle(box)
    for share in _SMALLER:
        moved = replace(motion, amount=round(motion.amount * share, 3), focus=focus)
        if _is_inside(box, moved, framing):
            return FaceFraming("cover", focus, moved.amount)
    return None


def _is_inside(box: NDArray[np.float64], motion: Motion, framing: Framing) -> bool:
    left, top, right, bottom = box
    # A head at the still's own edge needs no room beyond it.
    room = np.array([0.5, framing.aspect / 2]) - _MARGIN
    beside, above = min(left, 1 - right) * framing.width, min(top, 1 - bottom) * framing.height
    touches = np.array([beside < _MARGIN, above < _MARGIN])
    room = np.where(touches, room + 2 * _MARGIN, room)
    for number in range(_SAMPLES):
        if (np.abs(_seen(box, motion, framing, number / (_SAMPLES - 1))) > room).any():
            return False
    return True


def _seen(
    box: NDArray[np.float64], motion: Motion, framing: Framing, t: float
) -> NDArray[np.float64]:
    """Return the corners of a box in the frame at time ``t`` 0..1, in frame widths; (4, 2)."""
    left, top, right, bottom = box - 0.5
    corners = np.array([(x, y, 1.0) for x in (left, right) for y in (top, bottom)])
    corners *= (framing.width, framing.height, 1.0)
    seen = corners @ np.linalg.inv(pose_at(motion, t, framing).matrix()).T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _middle(box: NDArray[np.float64]) -> tuple[float, float]:
    left, top, right, bottom = map(float, box)
    return round((left + right) / 2, 3), round((top + bottom) / 2, 3)
