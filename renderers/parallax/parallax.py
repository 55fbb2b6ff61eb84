"""The ``parallax`` renderer: a camera that moves through a still in depth. No GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Call, Frame, Limits, Motion, OnStep, Shot

if TYPE_CHECKING:
    from .layered_scene import LayeredImage


class ParallaxRenderer:
    """Move through stills in depth, with dissolves between the keyframes of a scene."""

    name: ClassVar[str] = "parallax"
    version: ClassVar[int] = 4

    def __init__(self, settings: Mapping[str, Any], quality: str):
        self._settings = settings

    @property
    def limits(self) -> Limits:
        """No limits: any count, any size, any rate."""
        return Limits(controls=frozenset({"camera", "depth_of_field"}))

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        """Yield the frames as planar YUV 4:2:0, each a new array."""
        # 50 ms, which reading a script does not need.
        from ..camera.still_frames import frames_over_stills  # noqa: PLC0415
        from .depth_image import load_depth_image  # noqa: PLC0415
        from .layered_scene import layered_image  # noqa: PLC0415

        def open_view(still: Path, motion: Motion) -> LayeredImage:
            return layered_image(load_depth_image(still, shot, self._settings), shot, motion)

        return frames_over_stills(shot, call, open_view, on_step)

    def close(self) -> None:
        """Do nothing; the renderer has no resources."""
