"""The ``parallax`` renderer: a camera that moves through a still in depth. No GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..base import Call, Frame, Limits, Motion, OnStep, Shot
from ..camera.still_frames import frames_over_stills
from .depth_image import ground
from .layered_scene import LayeredImage, prepare


class ParallaxRenderer:
    """Moves through stills in depth; dissolves between them where a scene has several."""

    name: ClassVar[str] = "parallax"
    version: ClassVar[int] = 3

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

        def ready(still: Path, motion: Motion) -> LayeredImage:
            return prepare(ground(still, shot, self._settings), shot, motion)

        return frames_over_stills(shot, call, ready, on_step)

    def close(self) -> None:
        """Nothing is held."""
