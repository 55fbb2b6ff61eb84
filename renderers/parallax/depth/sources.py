"""The source of a still's depth: a map, its alpha, a model, the outline of people, or a guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.faces import Face
from ...image.resample import Floats
from . import guess, maps, model, outline, person_segmentation

KNOWN_SHIFT = 0.06
"""Largest shift of two points against each other to either side for known depth, frame widths."""
SUBJECT_SHIFT = 0.025
"""The same for a flat subject in front of a flat background."""
GUESSED_SHIFT = 0.0075
"""The same for guessed depth: 1.5 % of the frame's width over the whole move."""
SAME_PLACE_CONTRAST = 2.0
"""Contrast of a still along the edges of a depth map that makes it a map of the same place."""
MAP_EDGE = 0.08
"""Difference between neighbours of a depth map that counts as such an edge."""
ALPHA_SIDE = 1600
"""Longer side of a depth map made from alpha, in samples."""
CUTOUT = 0.02
"""Transparent share of a still from which it is a cutout: its alpha is a subject's outline."""


@dataclass(frozen=True, slots=True)
class Depth:
    """The depth of a still.

    Attributes:
        values: 0 (far) to 1 (near), over the whole still, of any size.
        most_shift: largest shift of two points against each other to either side, in frame widths.
        subject: depth of the subject, if its outline is known.
    """

    values: Floats
    most_shift: float
    subject: float | None = None


@dataclass(frozen=True, slots=True)
class DepthStill:
    """A still to find the depth of.

    Attributes:
        path: of its file.
        rgb: shape ``(height, width, 3)``.
        alpha: its opacity, shape ``(height, width)``; None if all is opaque.
        faces: of people to cut out.
    """

    path: Path
    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    faces: tuple[Face, ...] = ()


def find_depth(
    still: DepthStill,
    depth_map: Path | None,
    settings: Mapping[str, Any],
    *,
    is_map_of_still: bool = True,
) -> Depth:
    """Return the depth of a still from the best source that it has.

    Args:
        still: the still.
        depth_map: file of the scene's depth map, if any.
        settings: of the renderer: ``depth_model``, ``revision``, ``device``.
        is_map_of_still: whether the map belongs to this still. It belongs to the first of a scene;
            for the others it is used if its edges match theirs, as those of one place at another
            hour do.

    Raises:
        RendererError: the map cannot be read, or the model fails.
        UnavailableError: the configured model, its device or a package is missing.
    """
    if depth_map is not None:
        values = maps.read_depth(depth_map)
        if is_map_of_still or _is_same_place(values, still.rgb):
            return Depth(values, KNOWN_SHIFT)
    if still.alpha is not None and float((still.alpha < 128).mean()) > CUTOUT:
        cutout = outline.shrink(still.alpha, ALPHA_SIDE) / np.float32(255)
        return Depth(cutout, SUBJECT_SHIFT, subject=1.0)
    if settings.get("depth_model"):
        return Depth(model.estimate_depth(still.path, still.rgb, settings), KNOWN_SHIFT)
    mask = person_segmentation.segment_people(still.rgb, still.faces)
    if mask is not None:
        return Depth(mask, SUBJECT_SHIFT, subject=1.0)
    return Depth(guess.guess_depth(still.rgb), GUESSED_SHIFT)


def _is_same_place(values: Floats, rgb: NDArray[np.uint8]) -> bool:
    small = outline.shrink(rgb)
    same_size = cv2.resize(values, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    edges = outline.edges_of(same_size, MAP_EDGE)
    return outline.contrast_along(edges, small) > SAME_PLACE_CONTRAST
