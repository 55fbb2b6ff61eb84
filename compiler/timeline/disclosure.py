"""Disclosure: what a timeline tells of models is what made the media that are seen."""

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
    """Name in the timeline the models behind its slots' media, and no others.

    A slot whose media are not there counts as what it asks for. What is said of renderers that no
    slot names is left as it is: their slots may have lost their recipes in an editor.

    Args:
        timeline: whose slots may have media, or picked takes.
        folder: that relative media are in.
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
    """The renderer that made what is seen of a slot, as far as is known."""
    asked = slot.renderer
    if picked_take(slot) is not None:
        asked = slot.clip.active_media_reference_key.rpartition(".")[0]
    reference = slot.clip.media_reference
    if not isinstance(reference, otio.schema.ExternalReference):
        return asked
    media = media_path(reference, folder)
    made = None if media is None else attempt_log_of(media)
    return asked if made is None else made.renderer


def origin_for(name: str, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is told of the model behind a renderer of a recipe; None for one without a model."""
    settings = recipe.get("settings", {}) if recipe.get("renderer") == name else {}
    try:
        return model_origin(name, settings)
    except RendererError:  # Settings of another version; that a model made it stays true.
        return model_origin(name, {})
