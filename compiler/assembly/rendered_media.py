"""Find rendered media by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import opentimelineio as otio

from ...renderers.base import RendererError
from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store, damage_of, key12_in_name
from ..errors import InputError
from ..timeline.slots import set_media, slot_clips, slot_of


def find_rendered(clip: otio.schema.Clip, folders: Sequence[Path]) -> Path | None:
    """Return the rendered media of a clip, by its recipe's key or the key in its file name."""
    slot = slot_of(clip)
    if slot is not None:
        try:
            key = recipe_key(slot.recipe)
        except (
            RendererError,
            InputError,
        ):  # A still is missing; its rendered media may exist.
            key = None
        for folder in folders:
            found = Store(folder).find(slot.name, key) if key is not None else None
            if found is not None:
                return found.absolute()
    key12 = key12_in_name(Path(getattr(clip.media_reference, "target_url", "") or "").name)
    if key12 is None:
        return None
    for folder in folders:
        for path in sorted(folder.glob(f"*-{key12}.mp4")):
            if not damage_of(path, read=False):
                return path.absolute()
    return None


def link_rendered(timeline: otio.schema.Timeline, folders: Iterable[Path]) -> None:
    """Link every slot to its rendered media in the folders, if there are any."""
    places = list(folders)
    for slot in slot_clips(timeline):
        found = find_rendered(slot.clip, places)
        if found is not None:
            set_media(slot, found)
