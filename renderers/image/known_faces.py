"""The faces of a still file, looked for once: kept by the file's content in the user's cache."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..files.digest import file_digest
from ..files.json_cache import read_entries, update_entries
from .faces import Face, find_faces
from .stills import load_still

NAME = "faces.json"
_METHOD = "1"
"""Counted in the keys: a change finds other faces."""
_SIDE = 1280
"""Longer side of the copy that is looked at, in pixels."""
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
    with suppress(KeyError, TypeError):
        return tuple(Face(*values) for values in read_entries(NAME)[key])
    image = load_still(path)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    faces = find_faces(np.asarray(image))

    def add(entries: dict[str, Any]) -> None:
        entries[key] = [list(astuple(face)) for face in faces]
        for old in list(entries)[:-_KEPT]:
            del entries[old]

    update_entries(NAME, add)
    return faces
