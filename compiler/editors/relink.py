"""Relink: the media of a moved project, found again by file name.

Of several files with a name, the one whose parent folders match best is chosen. The files of
recipes are relinked as well; their keys stay the same, since these hash content.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.recipe import with_files
from ..files.exists import is_file, is_folder, is_there
from ..files.file_urls import file_name_of, paths_of
from ..notices import Notice
from ..timeline.item_label import label_of
from ..timeline.media import media_file_name, media_path, missing_name
from ..timeline.metadata import GENERATOR_KEY
from ..timeline.slots import slot_of


@dataclass(frozen=True, slots=True)
class Relinked:
    """New paths of a timeline's missing files by their old names, and the files without one."""

    found: Mapping[str, Path]
    missing: Sequence[str]


def relink(timeline: otio.schema.Timeline, root: Path, folder: Path) -> Relinked:
    """Replace the paths of missing files, in place.

    Args:
        timeline: any timeline.
        root: the folder that relative media paths start from.
        folder: searched with all its subfolders.
    """
    index = _index(folder)
    found: dict[str, Path] = {}
    missing: list[str] = []
    for name, path in dict(_missing_files(timeline, root)).items():
        candidates = index.get(file_name_of(name), []) if path is not None else []
        if path is not None and candidates:
            found[name] = max(candidates, key=lambda other: _shared_parts(path, other))
        else:
            missing.append(name)

    def new_name(name: str) -> str:
        return str(found.get(name, name))

    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            if isinstance(reference, otio.schema.ExternalReference):
                reference.target_url = new_name(str(reference.target_url))
        slot = slot_of(clip)
        if slot is not None:
            references = clip.media_references()
            recipe = with_files(slot.recipe, lambda path: Path(new_name(str(path))))
            references[GENERATOR_KEY].parameters.update(recipe.as_json())
            clip.set_media_references(references, clip.active_media_reference_key)
    return Relinked(found, missing)


def relink_nearby(
    timeline: otio.schema.Timeline, root: Path, files: Iterable[Path] = ()
) -> list[Notice]:
    """Replace missing files by files of the same name nearby, in place; return a notice for each.

    Args:
        timeline: from an editor.
        root: the folder that relative media paths start from; searched with its ``media``.
        files: others that may be meant, such as those of the compiled timeline.
    """
    nearby: dict[str, list[Path]] = {}
    for folder in (root, root / "media"):
        for file in sorted(folder.iterdir()) if is_folder(folder) else []:
            nearby.setdefault(file.name, []).append(file)
    for file in files:
        nearby.setdefault(file.name, []).insert(0, file)
    notices = {}
    for clip in timeline.find_clips():
        reference = clip.media_reference
        path = media_path(reference, root)
        if path is None or not reference.target_url or is_there(path):
            continue
        named = missing_name(reference, path)
        candidates = [one for one in nearby.get(media_file_name(reference), []) if is_file(one)]
        if candidates:
            found = max(candidates, key=lambda other: _shared_parts(path, other))
            what = f"{label_of(clip)}: {named} does not exist; {found} is used"
            notices[named] = Notice("missing", what)
            reference.target_url = str(found)
    return list(notices.values())


def _missing_files(timeline: otio.schema.Timeline, root: Path) -> Iterator[tuple[str, Path | None]]:
    """Yield names of missing files and their paths; None for paths that this system refuses.

    The URLs of networks have no paths.
    """
    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            url = str(getattr(reference, "target_url", None) or "")
            path = media_path(reference, root)
            is_missing = bool(paths_of(url)) if path is None else not is_there(path)
            if url and is_missing:
                yield url, path
        slot = slot_of(clip)
        if slot is not None:
            yield from ((str(file), file) for file in slot.recipe.files if not is_there(file))


def _index(folder: Path) -> dict[str, list[Path]]:
    """Return all files under a folder by name."""
    index: dict[str, list[Path]] = {}
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            index.setdefault(name, []).append(Path(parent, name).absolute())
    return index


def _shared_parts(old: Path, new: Path) -> int:
    """Return the length of the common end of two paths, in parts; ``old`` may be of Windows."""
    shared = 0
    old_parts = old.as_posix().replace("\\", "/").split("/")
    for one, other in zip(reversed(old_parts), reversed(new.parts), strict=False):
        if one != other:
            break
        shared += 1
    return shared
