"""What was made before: the slots of compiled timelines, and the recipes beside rendered media.

An editor keeps a clip's name and the path of its media, and drops what it doesn't know. So the
recipe of a clip is looked for where it must be: beside the media, and in the timeline that was
compiled into the same place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.store import media_name, sidecar_of
from ..assembly.recipes import Recipe
from ..files.exists import is_folder
from ..timeline.json_text import parse
from ..timeline.metadata import KEYFRAME_KEY, MEDIA_KEY
from ..timeline.slots import SlotClip, slot_clips, slot_of
from ..timeline.values import media_path, own_metadata

_MEDIA_NAME = re.compile(r"^(?P<slot>.+)-(?P<key>[0-9a-f]{12})$")
"""A rendered file's name without its suffix."""


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot as it was made.

    Attributes:
        name: the slot's name, which its media are named after.
        scene, part, parts: whose picture it is.
        recipe: of its media.
        media: the rendered file, where there is one.
        shift: frames by which its scene's picture begins earlier than it was compiled to, because
            an edit needed them.
    """

    name: str
    scene: str
    part: int
    parts: int
    recipe: Recipe
    media: Path | None = None
    shift: int = 0

    @property
    def still(self) -> Path:
        """The first of its stills."""
        return Path(self.recipe["keyframes"][0]["image"])


@dataclass(slots=True)
class KnownSlots:
    """Slots by the ways in which a clip may still name them, and the timeline they come from."""

    compiled: otio.schema.Timeline | None = None
    compiled_path: Path | None = None
    by_name: dict[str, KnownSlot] = field(default_factory=dict)
    by_file: dict[str, KnownSlot] = field(default_factory=dict)
    """By the media's name without its suffix."""
    folders: list[Path] = field(default_factory=list)
    """Folders of rendered media."""


def gather(
    timeline: otio.schema.Timeline,
    path: Path,
    *,
    compiled: Path | None = None,
    media: Path | None = None,
) -> KnownSlots:
    """Collect what is known that may belong to a timeline.

    Args:
        timeline: that came back from an editor.
        path: its file.
        compiled: the timeline that it was made from; else the one near it, or near its media, that
            has the most in common with it.
        media: a folder of rendered media besides those that are found.
    """
    library = KnownSlots()
    found = _compiled_near(timeline, path, compiled)
    if found is not None:
        library.compiled_path, library.compiled = found
    library.folders = list(_media_folders(timeline, path, library.compiled_path, media))
    slots = list(slot_clips(library.compiled)) if library.compiled is not None else []
    for slot in slots:
        library.by_name.setdefault(slot.name, _of_slot(slot, path.parent))
    names = {media_name(known.name): known for known in library.by_name.values()}
    for folder in library.folders:
        for sidecar in sorted(folder.glob("*.json")):
            known = _of_sidecar(sidecar, names)
            if known is not None:
                library.by_file.setdefault(sidecar.stem, known)
    for name, known in library.by_name.items():
        if known.media is None:
            rendered = next(
                (one for one in library.by_file.values() if one.recipe == known.recipe), None
            )
            library.by_name[name] = rendered or known
    return library


def of_clip(clip: otio.schema.Clip, root: Path) -> KnownSlot | None:
    """The slot that a clip itself says it is; None where an editor dropped its recipe."""
    slot = slot_of(clip)
    return _of_slot(slot, root) if slot is not None else None


def _of_slot(slot: SlotClip, root: Path) -> KnownSlot:
    stated = own_metadata(slot.clip)
    reference = slot.clip.media_references().get(MEDIA_KEY)
    media = None
    if isinstance(reference, otio.schema.ExternalReference):
        path = media_path(reference, root)
        if path is not None and path.is_file() and recipe_in(sidecar_of(path)) is not None:
            media = path
    return KnownSlot(
        slot.name,
        str(stated.get("scene", slot.name)),
        int(stated.get("part", 1)),
        int(stated.get("parts", 1)),
        slot.recipe,
        media,
        int(stated.get("shift", 0)),
    )


def _of_sidecar(sidecar: Path, names: dict[str, KnownSlot]) -> KnownSlot | None:
    """The slot of some media; ``names`` are what slots' media are called before their key."""
    recipe = recipe_in(sidecar)
    matched = _MEDIA_NAME.match(sidecar.stem)
    media = next(
        (m for m in sorted(sidecar.parent.glob(f"{escape(sidecar.stem)}.*")) if m != sidecar), None
    )
    if recipe is None or matched is None or media is None:
        return None
    name = matched["slot"]
    named = names.get(name)
    if named is None:
        return KnownSlot(name, name, 1, 1, recipe, media)
    shift = named.shift if named.recipe == recipe else 0
    return KnownSlot(named.name, named.scene, named.part, named.parts, recipe, media, shift)


def recipe_in(sidecar: Path) -> Recipe | None:
    """The recipe beside some media; None where there is none."""
    try:
        recipe: Any = json.loads(sidecar.read_text("utf-8"))["recipe"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return recipe if isinstance(recipe, dict) and "keyframes" in recipe else None


def _media_folders(
    timeline: otio.schema.Timeline, path: Path, compiled: Path | None, media: Path | None
) -> Iterator[Path]:
    """Folders that may hold rendered media: what is named, what is beside, what clips name."""
    seen: set[Path] = set()
    candidates = [media, path.parent / "media", path.with_suffix("") / "media"]
    if compiled is not None:
        candidates.append(compiled.parent / "media")
    candidates += [file.parent for file in _files(timeline, path.parent)]
    for folder in candidates:
        if folder is not None and is_folder(folder) and folder not in seen:
            seen.add(folder)
            yield folder


def _files(timeline: otio.schema.Timeline, root: Path) -> Iterable[Path]:
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if isinstance(reference, otio.schema.ExternalReference) and reference.target_url:
            path = media_path(reference, root)
            if path is not None:
                yield path


def _compiled_near(
    timeline: otio.schema.Timeline, path: Path, named: Path | None
) -> tuple[Path, otio.schema.Timeline] | None:
    """The compiled timeline that shares most names and files with one that came back."""
    if named is not None:
        candidates = [named]
    else:
        folders = [path.parent, *sorted(path.parent.glob("build/*/"))]
        folders += [file.parent.parent for file in _files(timeline, path.parent)]
        candidates = [
            file
            for folder in dict.fromkeys(folders)
            if folder.is_dir()
            for file in sorted(folder.glob("*.otio"))
            if file.absolute() != path.absolute()
        ]
    mine = _names(timeline, path.parent)
    best: tuple[int, Path, otio.schema.Timeline] | None = None
    for file in candidates:
        try:
            loaded = parse(file.read_text("utf-8"))
        except (otio.exceptions.OTIOError, OSError, LookupError, ValueError):
            continue
        if not isinstance(loaded, otio.schema.Timeline) or "script" not in own_metadata(loaded):
            continue
        if next(slot_clips(loaded), None) is None:
            continue
        shared = len(mine & _names(loaded, file.parent))
        if best is None or shared > best[0]:
            best = (shared, file, loaded)
    if best is None or (named is None and best[0] == 0):
        return None
    return best[1], best[2]


def _names(timeline: otio.schema.Timeline, root: Path) -> set[str]:
    """What two timelines may have in common: names of clips and of their files."""
    names = set()
    for clip in timeline.find_clips():
        names.add(str(clip.name))
        for key in (clip.active_media_reference_key, MEDIA_KEY, KEYFRAME_KEY):
            reference = clip.media_references().get(key)
            if isinstance(reference, otio.schema.ExternalReference):
                names.add(Path(reference.target_url).name)
    return names
