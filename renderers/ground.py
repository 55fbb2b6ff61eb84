"""A still as it fills the frame, and how near everything in it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .base import Shot
from .depth.sources import SUBJECT_SHIFT, Depth, Still, depth_of
from .diorama import Ground
from .moves import Room, room_for
from .picture import on_canvas
from .stills import load_cutout

CANVAS_DENSITY = 1.5
"""Pixels of a canvas to a pixel of the frame, where the still is as dense."""


def ground(path: Path, shot: Shot, settings: Mapping[str, Any]) -> Ground:
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
        depth = depth_of(Still(path, rgb, alpha), shot.depth, settings, is_surely=is_first)
        return Ground(rgb, depth, room_for(height / width, aspect))
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
    return Ground(canvas, Depth(card, SUBJECT_SHIFT), Room(1.0, aspect, aspect))


def _even(length: float) -> int:
    return max(2, 2 * math.ceil(length / 2 - 1e-9))
