"""Where heads are in the frame, for captions to keep off them."""

from __future__ import annotations

from collections.abc import Sequence

from ...renderers.base import RendererError, Shot
from ...renderers.image.known_faces import faces_of
from ..assembly.face_framing import head_band
from .cropped_stills import aspect_of


def heads_of(shots: Sequence[Shot]) -> tuple[float, float] | None:
    """Return the rows that heads reach during the slots of a scene; None without a face.

    They are 0..1 of the frame.

    Args:
        shots: of the scene's slots, which share their stills.
    """
    bands = []
    framings = list({shot.motion: shot for shot in shots}.values())
    for still in dict.fromkeys(key.image for key in shots[0].keyframes):
        try:
            faces = faces_of(still)
        except RendererError:
            continue  # Rendering reports the error.
        aspect = aspect_of(still) if faces else None
        if aspect is not None:
            bands += [head_band(faces, aspect, shot) for shot in framings]
    if not bands:
        return None
    return min(top for top, _ in bands), max(bottom for _, bottom in bands)
