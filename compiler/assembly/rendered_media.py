"""Rendered: media that are there already, found by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import opentimelineio as otio

from ...renderers.base import RendererError
from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import KEY_LENGTH, Store, damage_of
from ..errors import InputError
from ..timeline.slots import set_media, slot_clips, slot_of

_KEY = re.compile(rf"-([0-9a-f]{{{KEY_LENGTH}}})(?![0-9a-f])")


def find_rendered(clip: otio.schema.Clip, folders: Sequence[Path]) -> Path | None:
    """The rendered media of a clip: by its recipe's key, else by the key in its file's name."""
    slot = slot_of(clip)
    if slot is not None:
        try:
            key = recipe_key(slot.recipe)
        except (
            RendererError,
            InputError,
        ):  # A still is gone: what was rendered of it may be there.
            key = None
        for folder in folders:
            found = Store(folder).find(slot.name, key) if key is not None else None
            if found is not None:
                return found.absolute()
    named = _KEY.search(Path(getattr(clip.media_reference, "target_url", "") or "").name)
    if named is None:
        return None
    for folder in folders:
        for path in sorted(folder.glob(f"*-{named[1]}.mp4")):
            if not damage_of(path, read=False):
                return path.absolute()
    return None


def link_rendered(timeline: otio.schema.Timeline, folders: Iterable[Path]) -> None:
    """Name the rendered media of every slot that has any in the folders."""
    places = list(folders)
    for slot in slot_clips(timeline):
        found = find_rendered(slot.clip, places)
        if found is not None:
            set_media(slot, found)
