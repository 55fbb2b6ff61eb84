"""The ``parallax`` renderer: a camera that moves through a still in depth. No GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from .base import Call, Frame, Limits, Motion, OnStep, Shot
from .diorama import Diorama, prepare
from .dissolve import dissolve, halfway
from .ground import ground
from .morph import Morph, blend, morph_between
from .moves import decide
from .yuv import planes_of


class ParallaxRenderer:
    """Moves through stills in depth; dissolves between them where a scene has several."""

    name: ClassVar[str] = "parallax"
    version: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self._settings = settings

    @property
    def limits(self) -> Limits:
        """No limits: any count, any size, any rate."""
        return Limits()

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the frames as planar YUV 4:2:0, each a new array."""
        motion = decide(shot.motion, shot.seed)
        dioramas: dict[int, Diorama] = {}
        size = (call.height * 3 // 2, call.width)
        over = np.empty(size, np.uint8)
        morphs: dict[int, Morph | None] = {}
        last: tuple[object, Frame] | None = None
        for index in range(call.frames):
            frame = shot.start + call.first + index
            share = frame / max(1, shot.span - 1)
            lower, upper, weight = dissolve(call.keyframes, frame, shot)
            for number in {lower, upper} - dioramas.keys():
                still = ground(call.keyframes[number].image, shot, self._settings)
                dioramas[number] = prepare(still, shot, motion)
            for number in dioramas.keys() - {lower, upper}:
                del dioramas[number]
            below, above = (dioramas[n].pose(motion, share) for n in (lower, upper))
            state = (lower, upper, weight, below, above)
            if last is not None and last[0] == state:
                finished = last[1].copy()
            else:
                finished = np.empty(size, np.uint8)
                dioramas[lower].draw(below, finished)
                if weight > 0:
                    if upper not in morphs:
                        half = halfway(call.keyframes, upper, shot) / max(1, shot.span - 1)
                        pair = dioramas[lower], dioramas[upper]
                        morphs = {upper: _morph(*pair, motion, half, call)}
                    dioramas[upper].draw(above, over)
                    planes = planes_of(finished)
                    blend(planes, planes_of(over), weight, planes, morphs[upper])
            last = (state, finished)
            yield finished
            on_step(index + 1, call.frames)

    def close(self) -> None:
        """Nothing is held."""


def _morph(one: Diorama, other: Diorama, motion: Motion, share: float, call: Call) -> Morph | None:
    """How two stills morph, as they are seen at ``share`` 0..1 of a move."""
    seen = []
    for diorama in (one, other):
        frame = np.empty((call.height * 3 // 2, call.width), np.uint8)
        diorama.draw(diorama.pose(motion, share), frame)
        seen.append(frame[: call.height])
    return morph_between(seen[0], seen[1])
