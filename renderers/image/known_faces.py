"""The faces of a still file, looked for once: kept by the file's content in the user's cache."""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..files.digest import file_digest
from ..files.json_cache import remembered
from .faces import Face, find_faces
from .stills import load_still

NAME = "faces.json"
_METHOD = "2"
"""Counted in the keys: a change finds other faces."""
_SIDE = 1280
"""Longer side of the searched copy, in pixels."""
_KEPT = 4096
"""Stills that are remembered."""


def faces_of(path: Path) -> tuple[Face, ...]:
    """Return the faces of a still, the largest first.

    Raises:
        RendererError: the still cannot be decoded.
    """
    return _known(path, f"{_METHOD}:{file_digest(path)}")


@lru_cache(maxsize=_KEPT)
def _known(path: Path, key: str) -> tuple[Face, ...]:
    def look() -> list[list[Any]]:
        image = load_still(path)
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
        return [list(astuple(face)) for face in find_faces(np.asarray(image))]

    return tuple(Face(*values) for values in remembered(NAME, key, look, _KEPT))
