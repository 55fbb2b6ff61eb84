"""How much of a still is outside a frame of another shape."""

from __future__ import annotations

from pathlib import Path

from ...renderers.base import Shot
from ..errors import WorkError
from ..media.probe import probe

_LEAST = 0.1
"""Share of a still from which its crop is told."""


def cropped_stills(shot: Shot) -> tuple[str, ...]:
    """Return a line for each still of which a tenth or more is outside the frame, or would be.

    What a camera move leaves out is not counted.
    """
    lines: dict[str, str] = {}
    for keyframe in shot.keyframes:
        aspect = aspect_of(keyframe.image)
        if aspect is None:
            continue
        ratio = shot.height / shot.width / aspect
        share = 1 - min(ratio, 1 / ratio)
        if share >= _LEAST:
            sides = "left and right" if ratio > 1 else "top and bottom"
            name = keyframe.image.name
            if shot.fit == "cover":
                lines[name] = f"crops {share:.0%} of {name} ({sides}); fit: blur shows all of it"
            else:
                around = "a blurred copy" if shot.fit == "blur" else "black"
                lines[name] = f"shows all of {name} on {around}; fit: cover would crop {share:.0%}"
    return tuple(lines.values())


def aspect_of(still: Path) -> float | None:
    """Return height over width of an upright still; None if it cannot be read."""
    try:
        video = probe(still).video
    except WorkError:
        return None  # Rendering reports the error.
    if video is None:
        return None
    aspect = video.height / video.width
    return 1 / aspect if video.rotation in (90, 270) else aspect
