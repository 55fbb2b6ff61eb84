"""Where a still's depth comes from: the best there is of a map, a model, a mask and a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats
from . import guess, maps, model, outline, subject

KNOWN_SHIFT = 0.06
"""Frame widths that two points may move against each other to either side, where depth is known."""
SUBJECT_SHIFT = 0.025
"""The same of a subject before its background, whose own depths are not known."""
GUESSED_SHIFT = 0.0075
"""The same where depth is guessed: 1.5 % of a frame's width over the whole move."""
SAME_PLACE = 2.0
"""How much steeper a still must be along a map's edges, to be of the same place."""
JUMP = 0.08
"""Difference between neighbours of a map that is such an edge."""
ALPHA_SIDE = 1600
"""Samples along the longer side of a mask that is taken from a still's alpha."""
CUTOUT = 0.02
"""Share of a still that is clear, from which its alpha is taken for the outline of a subject."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How near everything in a still is.

    Attributes:
        values: 0 (far) to 1 (near), over the whole still, of any size.
        most_shift: frame widths that two points may move against each other to either side.
    """

    values: Floats
    most_shift: float


@dataclass(frozen=True, slots=True)
class DepthStill:
    """A still to find the depth of.

    Attributes:
        path: of its file.
        rgb: shape ``(height, width, 3)``.
        alpha: how opaque it is, shape ``(height, width)``; None where it is so all over.
    """

    path: Path
    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None


def depth_of(
    still: DepthStill,
    depth_map: Path | None,
    settings: Mapping[str, Any],
    *,
    is_surely: bool = True,
) -> Depth:
    """The depth of a still.

    Args:
        still: the still.
        depth_map: a map of it, if there is one.
        is_surely: whether the map is of this still. A scene's map is that of its first; the others
            often show the same place at another hour, and then it does for them too.
        settings: of the renderer: ``depth_model`` and the like.

    Raises:
        RendererError: the map cannot be read, or the model fails.
        UnavailableError: a package or a model that the settings ask for is missing.
    """
    if depth_map is not None:
        values = maps.read_depth(depth_map)
        if is_surely or _belongs(values, still.rgb):
            return Depth(values, KNOWN_SHIFT)
    if still.alpha is not None and float((still.alpha < 128).mean()) > CUTOUT:
        return Depth(outline.reduced(still.alpha, ALPHA_SIDE) / np.float32(255), SUBJECT_SHIFT)
    if settings.get("depth_model"):
        return Depth(model.estimated(still.path, still.rgb, settings), KNOWN_SHIFT)
    mask = subject.subject_mask(still.rgb)
    if mask is not None:
        return Depth(mask, SUBJECT_SHIFT)
    return Depth(guess.guessed(still.rgb), GUESSED_SHIFT)


def _belongs(values: Floats, rgb: NDArray[np.uint8]) -> bool:
    small = outline.reduced(rgb)
    like = cv2.resize(values, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    return outline.contrast_along(outline.edges_of(like, JUMP), small) > SAME_PLACE
