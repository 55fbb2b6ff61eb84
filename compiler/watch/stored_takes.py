"""The takes of a slot: finished videos in the store, and in a timeline beside the reel."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...renderers.base import RendererError
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import KEY12, DamagedError, media_name, read_sidecar
from ..editors.read_timeline import read_timeline
from ..errors import InputError
from ..files.file_version import FileVersion, file_version
from ..outputs.paths import Outputs
from ..script.yaml_source import KeyPath
from ..timeline.media import media_path
from ..timeline.metadata import MEDIA_KEY
from ..timeline.slots import slot_clips
from ..timeline.takes import takes_of
from .script_edit import Scalar

MOST = 12
"""Takes of a slot to show, the newest first."""
_IN_SCENE = ("renderer", "quality", "seed", "prompt", "negative_prompt")
_IN_MOTION = ("camera", "amount", "easing", "strength", "depth_of_field")
_FOLLOWING = ("version", "settings", "encoding", "follows", "written", "idr", "ending")
"""Fields of a recipe that the script does not state: other fields and the configuration do."""
_MOST_SEED = 2**31


@dataclass(frozen=True, slots=True)
class StoredTake:
    """A finished video of a slot.

    Attributes:
        key: of its recipe.
        media: the file.
        recipe: the JSON of its recipe.
        is_current: whether the script asks for it.
        changes: values of the scene that make it the current one, by their path in the scene; None
            if the script cannot express it, as when a still or the length has changed.
    """

    key: str
    media: Path
    recipe: Mapping[str, Any]
    is_current: bool
    changes: Mapping[KeyPath, Scalar] | None

    @property
    def name(self) -> str:
        """Its key in short."""
        return self.key[:KEY12]


def takes_of_slot(outputs: Outputs, slot: str, recipe: Recipe, key: str) -> list[StoredTake]:
    """Return the takes of a slot: the current one, then the newest.

    Args:
        outputs: of the reel: its store, and timelines in its folder, as from an editor.
        slot: name of the slot.
        recipe: that the script asks for.
        key: of that recipe.
    """
    wanted = recipe.as_json()
    takes = [
        StoredTake(found, media, stated, found == key, _changes(wanted, stated, found))
        for media, found, stated in _stored(outputs, slot)
    ]
    return sorted(takes, key=lambda take: not take.is_current)[:MOST]


def another_seed(taken: int) -> int:
    """Return a random seed other than ``taken``."""
    seed = random.randrange(_MOST_SEED)
    return seed if seed != taken else seed + 1


def _stored(outputs: Outputs, slot: str) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield media, key and recipe of a slot's finished videos, the newest first, keys once."""
    prefix = f"{media_name(slot)}-"
    found = {path for path in outputs.media.glob("*.mp4") if path.stem[:-KEY12] == prefix}
    for timeline in set(outputs.folder.glob("*.otio")) - {outputs.timeline}:
        found |= _media_of(file_version(timeline)).get(slot, set())
    keys = set()
    for media in sorted(found, key=_modified, reverse=True):
        try:
            document = read_sidecar(media) or {}
        except DamagedError:
            continue
        key, recipe = document.get("key"), document.get("recipe")
        if isinstance(key, str) and isinstance(recipe, dict) and key not in keys:
            keys.add(key)
            yield media, key, recipe


@lru_cache(16)
def _media_of(timeline: FileVersion) -> Mapping[str, set[Path]]:
    """Return the media of the slots of a timeline, by slot, takes included; none if unreadable."""
    found: dict[str, set[Path]] = {}
    try:
        slots = list(slot_clips(read_timeline(timeline.path)))
    except InputError:
        return found
    for slot in slots:
        references = slot.clip.media_references()
        for name in (MEDIA_KEY, *takes_of(slot)):
            path = media_path(references.get(name), timeline.path.parent)
            if path is not None and path.suffix == ".mp4":
                found.setdefault(slot.name, set()).add(path)
    return found


def _changes(
    wanted: Mapping[str, Any], taken: dict[str, Any], key: str
) -> dict[KeyPath, Scalar] | None:
    """Return what a scene must say for the take of a key; None if it cannot say it."""
    try:
        if recipe_key(Recipe.from_json(taken)) != key:
            return None  # One of its files has changed.
    except RendererError:
        return None
    changes: dict[KeyPath, Scalar] = {}
    for name, value in wanted.items():
        if name == "motion" or name in _FOLLOWING or taken.get(name) == value:
            continue
        if name not in _IN_SCENE or name not in taken:
            return None
        changes[name,] = taken[name]
    for name in {**wanted["motion"], **taken["motion"]}:
        if taken["motion"].get(name) == wanted["motion"].get(name):
            continue
        if name not in _IN_MOTION or name not in taken["motion"]:
            return None
        changes["motion", name] = taken["motion"][name]
    same = wanted["renderer"] == taken["renderer"] and wanted["quality"] == taken["quality"]
    if same and any(wanted.get(name) != taken.get(name) for name in ("version", "settings")):
        return None
    return changes


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
