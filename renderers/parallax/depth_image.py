"""A still as it fills the frame (cover, letterbox or blur), with its depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import Shot
from ..camera.letterbox import letterbox
from ..camera.poses import Framing, cover_framing
from ..camera.sampling import even_length
from ..image.known_faces import faces_of
from ..image.stills import load_cutout
from .depth.sources import SUBJECT_SHIFT, Depth, DepthStill, find_depth

CANVAS_DENSITY = 1.5
"""Pixels of a letterbox canvas to a pixel of the frame, if the still has them."""


@dataclass(frozen=True, slots=True)
class DepthImage:
    """A still with its depth, whatever the camera move.

    Attributes:
        rgb: shape ``(height, width, 3)``, levels 0..255.
        depth: its depth map.
        framing: sizes of the still and the frame.
    """

    rgb: NDArray[Any]
    depth: Depth
    framing: Framing

    @property
    def native(self) -> float:
        """Pixels to a frame width."""
        return float(self.rgb.shape[1] / self.framing.width)


def load_depth_image(path: Path, shot: Shot, settings: Mapping[str, Any]) -> DepthImage:
    """Load a still of a shot with its depth.

    With ``fit: cover`` the still has depth in itself. With ``blur`` it is a flat card in front of
    its own blur; with ``contain`` everything is flat.

    Raises:
        RendererError: the still or its depth map cannot be read.
        UnavailableError: the configured depth model is missing.
    """
    image, alpha = load_cutout(path)
    rgb = np.asarray(image)
    height, width = rgb.shape[:2]
    aspect = shot.height / shot.width
    if shot.fit == "cover":
        is_first = path == shot.keyframes[0].image
        still = DepthStill(path, rgb, alpha, faces_of(path) if shot.people else ())
        depth = find_depth(still, shot.depth, settings, is_map_of_still=is_first)
        return DepthImage(rgb, depth, cover_framing(height / width, aspect))
    native = width / min(1.0, aspect * width / height)
    density = min(native, shot.width * CANVAS_DENSITY)
    size = (even_length(density), even_length(density * aspect))
    step = native / density
    canvas = letterbox(rgb, size, step, max(1.0, step), blur=shot.fit == "blur")
    card = np.zeros((size[1], size[0]), np.float32)
    if shot.fit == "blur":
        left, top = (
            max(0, round((n - side / step) / 2))
            for n, side in ((size[0], width), (size[1], height))
        )
        card[top : size[1] - top, left : size[0] - left] = 1
    return DepthImage(
        canvas, Depth(card, SUBJECT_SHIFT, float(card.max())), Framing(1.0, aspect, aspect)
    )
