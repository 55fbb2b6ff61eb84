"""Depth maps of a script."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.renderers.base import RendererError
from otio_gvideo.renderers.parallax.depth.maps import read_depth
from PIL import Image

SUFFIX = ".tif"


def seeds() -> list[bytes]:
    levels = np.linspace(0, 1, 12 * 16, dtype=np.float32).reshape(16, 12)
    maps = [levels, (levels * 255).astype(np.uint8), (levels * 65535).astype(np.uint16)]
    kinds = [("TIFF", maps[0]), *((kind, image) for kind in ("PNG", "TIFF") for image in maps[1:])]
    found = []
    for kind, image in kinds:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, kind)
        found.append(stream.getvalue())
    return found


def read(path: Path) -> None:
    try:
        depth = read_depth(path)
    except RendererError as error:
        raise WorkError(str(error)) from error
    assert np.isfinite(depth).all()
