"""The frames of a shot that a camera sees moving over its stills, one dissolving into the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from ..base import Call, Frame, Motion, OnStep, Shot
from ..image.yuv import Planes, planes_of
from .keyframe_weights import dissolve, halfway
from .morph import Morph, blend, morph_between
from .poses import Pose, decide


class StillView(Protocol):
    """A still made ready for a move."""

    def pose(self, motion: Motion, share: float) -> Pose:
        """The view at ``share`` 0..1 of a move."""
        ...

    def draw(self, pose: Pose, out: Frame) -> None:
        """Draw a view as a finished frame of planar YUV 4:2:0."""
        ...

    def planes(self, pose: Pose, width: int, height: int) -> Planes:
        """A view as planes to be blended with another's, as exact as they can be had."""
        ...


def frames_over_stills(
    shot: Shot, call: Call, ready: Callable[[Path, Motion], StillView], on_step: OnStep
) -> Iterator[Frame]:
    """Yield the frames of a call as planar YUV 4:2:0, each a new array.

    Args:
        shot: the slot.
        call: what of it is asked for.
        ready: makes a still ready for a move.
        on_step: progress.
    """
    motion = decide(shot.motion, shot.seed)
    sights: dict[int, StillView] = {}
    morphs: dict[int, Morph | None] = {}
    last: tuple[object, Frame] | None = None
    for index in range(call.frames):
        frame = shot.start + call.first + index
        share = frame / max(1, shot.span - 1)
        lower, upper, weight = dissolve(call.keyframes, frame, shot)
        for number in {lower, upper} - sights.keys():
            sights[number] = ready(call.keyframes[number].image, motion)
        for number in sights.keys() - {lower, upper}:
            del sights[number]  # Keyframes are passed once: memory holds two at the most.
        below, above = (sights[n].pose(motion, share) for n in (lower, upper))
        state = (lower, upper, weight, below, above)
        if last is not None and last[0] == state:
            finished = last[1].copy()
        else:
            finished = np.empty((call.height * 3 // 2, call.width), np.uint8)
            if weight == 0:
                sights[lower].draw(below, finished)
            else:
                pair = sights[lower], sights[upper]
                if upper not in morphs:
                    half = halfway(call.keyframes, upper, shot) / max(1, shot.span - 1)
                    morphs = {upper: _morph(pair, motion, half, call)}
                one, other = (
                    sight.planes(pose, call.width, call.height)
                    for sight, pose in zip(pair, (below, above), strict=True)
                )
                blend(one, other, weight, planes_of(finished), morphs[upper])
        last = (state, finished)
        yield finished
        on_step(index + 1, call.frames)


def _morph(
    pair: tuple[StillView, StillView], motion: Motion, share: float, call: Call
) -> Morph | None:
    """How two stills morph, as they are seen at ``share`` 0..1 of a move."""
    seen = []
    for sight in pair:
        frame = np.empty((call.height * 3 // 2, call.width), np.uint8)
        sight.draw(sight.pose(motion, share), frame)
        seen.append(frame[: call.height])
    return morph_between(seen[0], seen[1])
