"""Media of a bundle that was opened, kept beside what is written of it.

They lie in the cache, which is cleared in time: no file that a command writes may name them there.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.store import sidecar_of
from ..files.atomic_output import whole_file
from .formats.bundle_cache import bundles_folder


def rename_media(timeline: otio.schema.Timeline, folder: Path) -> dict[Path, Path]:
    """Name media that lie in the cache in a folder instead; nothing is copied.

    Args:
        timeline: any; changed in place.
        folder: where they will lie. A file of one name and other content keeps its name, and the
            medium gets a number.

    Returns:
        The files to copy there, with their recipes, by where they lie now.
    """
    copies: dict[Path, Path] = {}
    for reference, path in _cached(timeline):
        if path not in copies:
            files = [file for file in (path, sidecar_of(path)) if file.is_file()]
            copies |= _free_names(files, folder, set(copies.values()))
        reference.target_url = str(copies.get(path, path))
    return copies


def copy_media(copies: Mapping[Path, Path]) -> None:
    """Copy files, each whole or not at all; those that are there are left as they are.

    Raises:
        WorkError: one cannot be written.
    """
    for path, target in copies.items():
        if not target.exists():
            with whole_file(target) as temporary:
                shutil.copyfile(path, temporary)


def cached_media(timeline: otio.schema.Timeline) -> list[Path]:
    """The media of a timeline that lie in the cache, each once."""
    return list(dict.fromkeys(path for _, path in _cached(timeline)))


def _cached(
    timeline: otio.schema.Timeline,
) -> Iterator[tuple[otio.schema.ExternalReference, Path]]:
    try:
        cache = bundles_folder()
    except RuntimeError:
        return
    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            if isinstance(reference, otio.schema.ExternalReference):
                path = Path(str(reference.target_url))
                if path.is_absolute() and path.is_relative_to(cache):
                    yield reference, path


def _free_names(files: list[Path], folder: Path, taken: set[Path]) -> dict[Path, Path]:
    """Names in a folder for a medium and its recipe, numbered until nothing else has them."""
    number = 1
    while True:
        end = "" if number == 1 else f"-{number}"
        named = {file: folder / f"{file.stem}{end}{file.suffix}" for file in files}
        if all(target not in taken and _is_free(target, file) for file, target in named.items()):
            return named
        number += 1


def _is_free(target: Path, file: Path) -> bool:
    """Whether nothing is at a place, or the same content."""
    if target.is_symlink() or (target.exists() and not target.is_file()):
        return False
    return not target.exists() or filecmp.cmp(file, target, shallow=False)
