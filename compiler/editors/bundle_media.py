"""Media of an opened bundle, copied beside the files that commands write.

Bundles are unpacked into the cache, which is evicted; so no written file may refer to it.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.store import sidecar_of
from ..files.atomic_output import atomic_output
from .formats.bundle_cache import bundles_folder


def rename_media(timeline: otio.schema.Timeline, folder: Path) -> dict[Path, Path]:
    """Point media references from the cache to a folder; nothing is copied yet.

    Args:
        timeline: any; changed in place.
        folder: the new place. If a file of that name with other content exists there, the copy is
            numbered.

    Returns:
        The copies to make, target by source: media and their recipes.
    """
    copies: dict[Path, Path] = {}
    for reference, path in _cached_references(timeline):
        if path not in copies:
            files = [file for file in (path, sidecar_of(path)) if file.is_file()]
            copies |= _free_names(files, folder, set(copies.values()))
        reference.target_url = str(copies.get(path, path))
    return copies


def copy_media(copies: Mapping[Path, Path]) -> None:
    """Copy files atomically, unless they exist.

    Raises:
        WorkError: a file cannot be written.
    """
    for path, target in copies.items():
        if not target.exists():
            with atomic_output(target) as temporary:
                shutil.copyfile(path, temporary)


def cached_media(timeline: otio.schema.Timeline) -> list[Path]:
    """Return the media of a timeline that are in the cache, each once."""
    return list(dict.fromkeys(path for _, path in _cached_references(timeline)))


def _cached_references(
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
    """Return unused names in a folder for a medium and its recipe, numbered if necessary."""
    for number in count(1):
        end = "" if number == 1 else f"-{number}"
        named = {file: folder / f"{file.stem}{end}{file.suffix}" for file in files}
        if all(target not in taken and _is_free(target, file) for file, target in named.items()):
            break
    return named


def _is_free(target: Path, file: Path) -> bool:
    """Whether a path is unused, or a file with the same content."""
    if target.is_symlink() or (target.exists() and not target.is_file()):
        return False
    return not target.exists() or filecmp.cmp(file, target, shallow=False)
