"""The frames of a shot: a camera moves over its stills, which dissolve into each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from ..base import Call, Frame, Motion, OnStep, Shot
from ..image.yuv import Planes, planes_of
from .keyframe_weights import dissolve_midpoint, keyframe_weights
from .morph import Morph, blend, morph_between
from .poses import Pose, resolve_auto


class StillView(Protocol):
    """A still prepared for a camera move."""

    def pose(self, motion: Motion, t: float) -> Pose:
        """Return the pose at ``t`` 0..1 of a move."""
        ...

    def draw(self, pose: Pose, out: Frame) -> None:
        """Draw a view as a finished frame of planar YUV 4:2:0."""
        ...

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        """Return a view as planes to blend, before rounding if the renderer can."""
        ...


def frames_over_stills(
    shot: Shot, call: Call, open_view: Callable[[Path, Motion], StillView], on_step: OnStep
) -> Iterator[Frame]:
    """Yield the frames of a call as planar YUV 4:2:0, each a new array.

    Args:
        shot: the slot.
        call: its part to render.
        open_view: prepares a still for a move.
        on_step: progress.
    """
    motion = resolve_auto(shot.motion, shot.seed)
    views: dict[int, StillView] = {}
    morphs: dict[int, Morph | None] = {}
    last: tuple[object, Frame] | None = None
    for index in range(call.frames):
        frame = shot.start + call.first + index
        t = frame / max(1, shot.span - 1)
        lower, upper, weight = keyframe_weights(call.keyframes, frame, shot)
        for number in {lower, upper} - views.keys():
            views[number] = open_view(call.keyframes[number].image, motion)
        for number in views.keys() - {lower, upper}:
            del views[number]  # Keyframes pass once, so that two are in memory at most.
        poses = tuple(views[n].pose(motion, t) for n in (lower, upper))
        state = (lower, upper, weight, *poses)
        if last is not None and last[0] == state:
            finished = last[1].copy()
        else:
            finished = np.empty((call.height * 3 // 2, call.width), np.uint8)
            if weight == 0:
                views[lower].draw(poses[0], finished)
            else:
                pair = views[lower], views[upper]
                if upper not in morphs:
                    middle = dissolve_midpoint(call.keyframes, upper, shot)
                    morphs = {upper: _morph(pair, motion, middle / max(1, shot.span - 1), call)}
                one, other = (
                    view.planes(pose, call.width, call.height)
                    for view, pose in zip(pair, poses, strict=True)
                )
                blend(one, other, weight, planes_of(finished), morphs[upper])
        last = (state, finished)
        yield finished
        on_step(index + 1, call.frames)


def _morph(pair: tuple[StillView, StillView], motion: Motion, t: float, call: Call) -> Morph | None:
    """Return the morph between two stills in their views at ``t`` 0..1 of a move."""
    lumas = []
    for view in pair:
        frame = np.empty((call.height * 3 // 2, call.width), np.uint8)
        view.draw(view.pose(motion, t), frame)
        lumas.append(frame[: call.height])
    return morph_between(lumas[0], lumas[1])
