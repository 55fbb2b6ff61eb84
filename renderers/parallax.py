"""The ``parallax`` renderer: a camera that moves through a still in depth. No GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import cv2
import numpy as np

from .base import Call, Frame, Limits, OnStep, Shot
from .camera import dissolve
from .diorama import Diorama, prepare
from .ground import ground
from .moves import decide


class ParallaxRenderer:
    """Moves through stills in depth; dissolves between them where a scene has several."""

    name: ClassVar[str] = "parallax"
    version: ClassVar[int] = 1

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
                    dioramas[upper].draw(above, over)
                    cv2.addWeighted(finished, 1 - weight, over, weight, 0, dst=finished)
            last = (state, finished)
            yield finished
            on_step(index + 1, call.frames)

    def close(self) -> None:
        """Nothing is held."""
