"""Known slots: those of compiled timelines, and the recipes beside rendered media.

An editor keeps a clip's name and the path of its media, and drops foreign metadata. So a clip's
recipe is read from the file beside its media, and from the compiled timeline nearby.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.recipe import Recipe, RecipeError
from ...renderers.run.store import media_name, sidecar_of, slot_in_stem
from ..errors import InputError
from ..files.exists import is_file, is_folder
from ..timeline.json_text import parse
from ..timeline.media import media_file_name, media_path
from ..timeline.metadata import KEYFRAME_KEY, MEDIA_KEY, own_metadata
from ..timeline.slots import SlotClip, slot_clips, slot_of


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot as it was compiled or rendered.

    Attributes:
        name: the slot's name, and the prefix of its media's name.
        scene, part, parts: the scene that it is a part of.
        recipe: of its media.
        media: the rendered file, if there is one.
        shift: frames by which an edit extended its scene before the compiled start.
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
        """The first keyframe."""
        return self.recipe.shot.keyframes[0].image


@dataclass(frozen=True, slots=True)
class KnownSlots:
    """Slots by the ways in which a clip may identify them.

    Attributes:
        by_name: by slot name, from the compiled timeline.
        by_stem: by the media's file name without its suffix, from the media folders.
        folders: folders of rendered media.
        compiled: the compiled timeline, if there is one nearby.
        compiled_path: its file.
    """

    by_name: Mapping[str, KnownSlot]
    by_stem: Mapping[str, KnownSlot]
    folders: Sequence[Path]
    compiled: otio.schema.Timeline | None = None
    compiled_path: Path | None = None

    @property
    def files(self) -> list[Path]:
        """The media of the compiled timeline."""
        if self.compiled is None or self.compiled_path is None:
            return []
        return list(_media_files(self.compiled, self.compiled_path.parent))


def find_known_slots(
    timeline: otio.schema.Timeline,
    path: Path,
    *,
    compiled: Path | None = None,
    media: Path | None = None,
) -> KnownSlots:
    """Find the slots that may belong to a timeline.

    Args:
        timeline: from an editor.
        path: its file.
        compiled: the timeline that it was made from; by default the one near it, or near its media,
            that shares most names with it.
        media: another folder of rendered media, besides those nearby.
    """
    compiled_path, compiled_timeline = _compiled_near(timeline, path, compiled) or (None, None)
    folders = list(_media_folders(timeline, path, compiled_path, media))
    by_name: dict[str, KnownSlot] = {}
    for slot in slot_clips(compiled_timeline) if compiled_timeline is not None else ():
        with suppress(InputError):  # No recipe that can be read: nothing to restore from it.
            by_name.setdefault(slot.name, _known_slot(slot, path.parent))
    by_stem = _slots_by_stem(folders, by_name)
    for name, known in by_name.items():
        if known.media is None:
            by_name[name] = next((s for s in by_stem.values() if s.recipe == known.recipe), known)
    return KnownSlots(by_name, by_stem, folders, compiled_timeline, compiled_path)


def _slots_by_stem(
    folders: Iterable[Path], by_name: Mapping[str, KnownSlot]
) -> dict[str, KnownSlot]:
    by_media_name = {media_name(known.name): known for known in by_name.values()}
    by_stem: dict[str, KnownSlot] = {}
    for folder in folders:
        for sidecar in sorted(folder.glob("*.json")):
            known = _slot_of_sidecar(sidecar, by_media_name)
            if known is not None:
                by_stem.setdefault(sidecar.stem, known)
    return by_stem


def slot_of_clip(clip: otio.schema.Clip, root: Path) -> KnownSlot | None:
    """Return the slot that a clip's own metadata state; None if an editor dropped its recipe."""
    slot = slot_of(clip)
    return _known_slot(slot, root) if slot is not None else None


def _known_slot(slot: SlotClip, root: Path) -> KnownSlot:
    metadata = own_metadata(slot.clip)
    reference = slot.clip.media_references().get(MEDIA_KEY)
    media = media_path(reference, root)
    if media is not None and not (media.is_file() and recipe_in(sidecar_of(media))):
        media = None
    return KnownSlot(
        slot.name,
        str(metadata.get("scene", slot.name)),
        int(metadata.get("part", 1)),
        int(metadata.get("parts", 1)),
        slot.recipe,
        media,
        int(metadata.get("shift", 0)),
    )


def _slot_of_sidecar(sidecar: Path, by_media_name: Mapping[str, KnownSlot]) -> KnownSlot | None:
    """Return the slot of the media beside a recipe; None if either is missing."""
    recipe = recipe_in(sidecar)
    name = slot_in_stem(sidecar.stem)
    media = next(
        (m for m in sorted(sidecar.parent.glob(f"{escape(sidecar.stem)}.*")) if m != sidecar), None
    )
    if recipe is None or name is None or media is None:
        return None
    compiled = by_media_name.get(name)
    if compiled is None:
        return KnownSlot(name, name, 1, 1, recipe, media)
    shift = compiled.shift if compiled.recipe == recipe else 0
    return replace(compiled, recipe=recipe, media=media, shift=shift)


def recipe_in(sidecar: Path) -> Recipe | None:
    """Return the recipe in a file beside media; None if it has none that can be read."""
    try:
        return Recipe.from_json(stated_in(sidecar))
    except RecipeError:
        return None


def stated_in(sidecar: Path) -> dict[str, Any] | None:
    """Return the JSON of the recipe in a file beside media, unchecked; None if it has none."""
    try:
        stated: Any = json.loads(sidecar.read_text("utf-8"))["recipe"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return stated if isinstance(stated, dict) and "keyframes" in stated else None


def _media_folders(
    timeline: otio.schema.Timeline, path: Path, compiled: Path | None, media: Path | None
) -> Iterator[Path]:
    """Yield folders that may hold rendered media: given, beside the timelines, of the clips."""
    candidates = [media, path.parent / "media", path.with_suffix("") / "media"]
    if compiled is not None:
        candidates.append(compiled.parent / "media")
    candidates += [file.parent for file in _media_files(timeline, path.parent)]
    for folder in dict.fromkeys(candidates):
        if folder is not None and is_folder(folder):
            yield folder


def _media_files(timeline: otio.schema.Timeline, root: Path) -> Iterator[Path]:
    for clip in timeline.find_clips():
        path = media_path(clip.media_reference, root)
        if path is not None and path != root:  # The root is the path of an empty URL.
            yield path


def _compiled_near(
    timeline: otio.schema.Timeline, path: Path, named: Path | None
) -> tuple[Path, otio.schema.Timeline] | None:
    """Return the compiled timeline that shares most names with one from an editor."""
    own_names = _names(timeline)
    best: tuple[int, Path, otio.schema.Timeline] | None = None
    for file in [named] if named is not None else _otio_files_near(timeline, path):
        try:
            loaded = parse(file.read_text("utf-8"))
        except (otio.exceptions.OTIOError, OSError, LookupError, ValueError):
            continue
        if not isinstance(loaded, otio.schema.Timeline) or "script" not in own_metadata(loaded):
            continue
        if not _has_scenes(loaded):
            continue
        shared = len(own_names & _names(loaded))
        if best is None or shared > best[0]:
            best = (shared, file, loaded)
    if best is None or (named is None and best[0] == 0):
        return None
    return best[1], best[2]


def _has_scenes(timeline: otio.schema.Timeline) -> bool:
    """Whether a timeline has slots, or clips of a script."""
    tracks = timeline.video_tracks()
    is_clip = any("scene" in own_metadata(clip) for track in tracks for clip in track.find_clips())
    return is_clip or next(slot_clips(timeline), None) is not None


def _otio_files_near(timeline: otio.schema.Timeline, path: Path) -> Iterator[Path]:
    """Yield other ``.otio`` files beside a timeline, in its builds, and above its media."""
    folders = [path.parent, *sorted(path.parent.glob("build/*/"))]
    folders += [file.parent.parent for file in _media_files(timeline, path.parent)]
    for folder in dict.fromkeys(folders):
        if folder.is_dir():
            for file in sorted(folder.glob("*.otio")):
                # A named pipe would be waited for.
                if is_file(file) and file.absolute() != path.absolute():
                    yield file


def _names(timeline: otio.schema.Timeline) -> set[str]:
    """Return the names of clips and of their files."""
    names = set()
    for clip in timeline.find_clips():
        references = clip.media_references()
        keys = (clip.active_media_reference_key, MEDIA_KEY, KEYFRAME_KEY)
        names |= {str(clip.name), *(media_file_name(references.get(key)) for key in keys)}
    return names - {""}
