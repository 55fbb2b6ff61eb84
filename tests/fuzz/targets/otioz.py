"""``.otioz``, the zip archive around a timeline and its media."""

from __future__ import annotations

import shutil
from pathlib import Path

from otio_gvideo.compiler.editors.read_timeline import read_timeline

from .. import mutators
from ..exports import exported

SUFFIX = ".otioz"

mutate = mutators.mutate_bytes


def seeds() -> list[bytes]:
    return [exported(SUFFIX)]


def read(path: Path) -> None:
    try:
        read_timeline(path)
    finally:
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
