"""How much of a still or video is outside a frame of another shape."""

from __future__ import annotations

from pathlib import Path

from ...renderers.base import Shot
from ..errors import WorkError
from ..media.probe import probe

_LEAST = 0.1
"""Least cropped share of a picture to report."""


def cropped_stills(shot: Shot) -> tuple[str, ...]:
    """Return a line for each still of which a tenth or more is outside the frame, or would be.

    What a camera move leaves out is not counted.
    """
    stills = dict.fromkeys(keyframe.image for keyframe in shot.keyframes)
    lines = (crop_line(still, (shot.width, shot.height), shot.fit) for still in stills)
    return tuple(dict.fromkeys(line for line in lines if line is not None))


def crop_line(picture: Path, size: tuple[int, int], fit: str) -> str | None:
    """Return how much of a still or video is outside the frame; None for less than a tenth.

    Args:
        picture: the file.
        size: width and height of the frame.
        fit: as in `Shot`.
    """
    aspect = aspect_of(picture)
    if aspect is None:
        return None
    ratio = size[1] / size[0] / aspect
    share = 1 - min(ratio, 1 / ratio)
    if share < _LEAST:
        return None
    if fit == "cover":
        sides = "left and right" if ratio > 1 else "top and bottom"
        return f"crops {share:.0%} of {picture.name} ({sides}); fit: blur shows all of it"
    around = "a blurred copy" if fit == "blur" else "black"
    return f"shows all of {picture.name} on {around}; fit: cover would crop {share:.0%}"


def aspect_of(picture: Path) -> float | None:
    """Return height over width of a still or video, upright; None if it cannot be read."""
    try:
        video = probe(picture).video
    except WorkError:
        return None  # Rendering reports the error.
    if video is None:
        return None
    width, height = video.display_size
    return float(height / width)
