"""AI disclosure: name the models behind the visible media in the timeline's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.base import RendererError
from ...renderers.diffusion.model_settings import model_origin
from ...renderers.run.attempts import attempt_log_of
from .media import media_path
from .metadata import NAMESPACE, own_metadata, plain
from .slots import SlotClip, slot_clips
from .takes import picked_take, takes_of

KEY = "generated_by"


def disclose(timeline: otio.schema.Timeline, folder: Path) -> None:
    """Update ``generated_by`` to the models behind the slots' media.

    A slot without media counts as its recipe's renderer. Entries of renderers that no slot names
    stay: their slots may have lost their recipes in an editor.

    Args:
        timeline: changed in place.
        folder: folder that relative media paths start from.
    """
    slots = list(slot_clips(timeline))
    stated = plain(own_metadata(timeline).get(KEY) or [])
    before = {str(one.get("renderer")): one for one in stated}
    named = {slot.renderer for slot in slots}
    named |= {take.rpartition(".")[0] for slot in slots for take in takes_of(slot)}
    told = {name: one for name, one in before.items() if name not in named}
    for slot in slots:
        name = maker_of(slot, folder)
        origin = before.get(name) or origin_for(name, slot.stated)
        if origin is not None:
            told.setdefault(name, origin)
    if list(told.values()) != stated:
        kept = {key: plain(value) for key, value in own_metadata(timeline).items() if key != KEY}
        timeline.metadata[NAMESPACE] = {**kept, **({KEY: list(told.values())} if told else {})}


def maker_of(slot: SlotClip, folder: Path) -> str:
    """Return the renderer of a slot's visible media, as far as known."""
    asked = slot.renderer
    if picked_take(slot) is not None:
        asked = slot.clip.active_media_reference_key.rpartition(".")[0]
    media = media_path(slot.clip.media_reference, folder)
    made = None if media is None else attempt_log_of(media)
    return asked if made is None else made.renderer


def origin_for(name: str, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the disclosure of a renderer's model; None for a renderer without one."""
    settings = recipe.get("settings", {}) if recipe.get("renderer") == name else {}
    try:
        return model_origin(name, settings)
    except RendererError:  # Settings of another version: still a model.
        return model_origin(name, {})
