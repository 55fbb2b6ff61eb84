"""Media of a project that was moved, found again by their names.

A file that is missing is looked for under a folder; of several with its name, the one whose folders
are most like those it was in. Recipes are relinked too, so that their slots can be rendered; since
keys are made of content, nothing needs to be rendered for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..files.exists import is_there
from ..files.file_urls import paths_of
from ..timeline.metadata import GENERATOR_KEY
from ..timeline.slots import slot_of
from ..timeline.values import media_path


@dataclass(slots=True)
class Relinked:
    """What became of the files that were missing: where they are now, and those not found."""

    found: dict[str, Path] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def relink(timeline: otio.schema.Timeline, root: Path, folder: Path) -> Relinked:
    """Name every missing file of a timeline where it is now, in place.

    Args:
        timeline: any timeline.
        root: the folder that its relative media are named from.
        folder: where to look, and in all folders below it.
    """
    done = Relinked()
    index = _index(folder)

    def now(url: str, path: Path | None) -> str:
        """The path that a file has now; as it was where nothing is known of it."""
        if path is None and paths_of(url) and url not in done.missing:
            done.missing.append(url)  # No file can have that name here.
        if path is None or is_there(path):
            return url
        if url not in done.found:
            same = index.get(path.name, [])
            if not same:
                if url not in done.missing:
                    done.missing.append(url)
                return url
            done.found[url] = max(same, key=lambda other: _likeness(path, other))
        return str(done.found[url])

    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            if isinstance(reference, otio.schema.ExternalReference) and reference.target_url:
                url = str(reference.target_url)
                reference.target_url = now(url, media_path(reference, root))
        slot = slot_of(clip)
        if slot is not None:
            recipe = _relinked(slot.recipe, lambda name: now(name, Path(name)))
            references = clip.media_references()
            references[GENERATOR_KEY].parameters.update(recipe)
            clip.set_media_references(references, clip.active_media_reference_key)
    return done


def _relinked(recipe: dict[str, Any], now: Callable[[str], str]) -> dict[str, Any]:
    """A recipe with the files that it names where they are now."""
    motion = recipe["motion"]
    return {
        **recipe,
        "keyframes": [{**k, "image": now(k["image"])} for k in recipe["keyframes"]],
        "depth": now(recipe["depth"]) if recipe["depth"] else None,
        "motion": {**motion, "loras": [{**x, "path": now(x["path"])} for x in motion["loras"]]},
    }


def _index(folder: Path) -> dict[str, list[Path]]:
    """Every file under a folder, by its name."""
    index: dict[str, list[Path]] = {}
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            index.setdefault(name, []).append(Path(parent, name).absolute())
    return index


def _likeness(old: Path, new: Path) -> int:
    """How many folders at their ends two paths share."""
    shared = 0
    for one, other in zip(reversed(old.parts), reversed(new.parts), strict=False):
        if one != other:
            break
        shared += 1
    return shared
