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
        shots: of the scene's slots.
    """
    bands = []
    for shot in {(shot.keyframes, shot.fit, shot.motion): shot for shot in shots}.values():
        for still in dict.fromkeys(key.image for key in shot.keyframes):
            try:
                faces = faces_of(still)
            except RendererError:
                continue  # Rendering reports the error.
            aspect = aspect_of(still) if faces else None
            if aspect is not None:
                bands.append(head_band(faces, aspect, shot))
    if not bands:
        return None
    return min(top for top, _ in bands), max(bottom for _, bottom in bands)
