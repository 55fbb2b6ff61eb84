"""A still as it fills the frame, and how near everything in it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base import Shot
from ..camera.poses import MoveRoom, room_for
from ..camera.still_planes import on_canvas
from ..image.stills import load_cutout
from .depth.sources import SUBJECT_SHIFT, Depth, DepthStill, depth_of
from .layered_scene import DepthImage

CANVAS_DENSITY = 1.5
"""Pixels of a canvas to a pixel of the frame, where the still is as dense."""


def ground(path: Path, shot: Shot, settings: Mapping[str, Any]) -> DepthImage:
    """A still of a shot with its depth.

    A still that covers the frame has depth in itself. One that is shown whole is a card that lies
    before its blur; before black there is nothing to move against.

    Raises:
        RendererError: the still or its depth map cannot be read.
        UnavailableError: the settings ask for a model that is not there.
    """
    image, alpha = load_cutout(path)
    rgb = np.asarray(image)
    height, width = rgb.shape[:2]
    aspect = shot.height / shot.width
    if shot.fit == "cover":
        is_first = path == shot.keyframes[0].image
        depth = depth_of(DepthStill(path, rgb, alpha), shot.depth, settings, is_surely=is_first)
        return DepthImage(rgb, depth, room_for(height / width, aspect))
    native = width / min(1.0, aspect * width / height)
    density = min(native, shot.width * CANVAS_DENSITY)
    size = (_even(density), _even(density * aspect))
    step = native / density
    canvas = on_canvas(rgb, size, step, max(1.0, step), blur=shot.fit == "blur")
    card = np.zeros((size[1], size[0]), np.float32)
    if shot.fit == "blur":
        beside = [
            max(0, round((n - side / step) / 2))
            for n, side in ((size[0], width), (size[1], height))
        ]
        card[beside[1] : size[1] - beside[1], beside[0] : size[0] - beside[0]] = 1
    return DepthImage(canvas, Depth(card, SUBJECT_SHIFT), MoveRoom(1.0, aspect, aspect))


def _even(length: float) -> int:
    return max(2, 2 * math.ceil(length / 2 - 1e-9))
