"""Takes: alternative media of a slot by other renderers or qualities; the active key picks one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.recipe import Recipe
from .metadata import GENERATOR_KEY, KEYFRAME_KEY, MEDIA_KEY
from .slots import SlotClip

_NOT_TAKES = (MEDIA_KEY, KEYFRAME_KEY, GENERATOR_KEY)


def take_name(renderer: str, quality: str) -> str:
    """Return the key of a take among its clip's media references."""
    return f"{renderer}.{quality}"


def retaken(
    recipe: Recipe, renderer: str, version: int, quality: str, settings: Mapping[str, Any]
) -> Recipe:
    """Return a slot's recipe for another renderer and quality; it follows no other slot."""
    # A language model wrote the prompt in the shape of the slot's own renderer.
    written = recipe.shot.written if renderer == recipe.renderer else ""
    shot = replace(recipe.shot, quality=quality, settings=dict(settings), written=written)
    return replace(recipe, renderer=renderer, version=version, shot=shot, follows=None)


def takes_of(slot: SlotClip) -> tuple[str, ...]:
    """Return the names of a slot's takes in order."""
    return tuple(name for name in slot.clip.media_references() if name not in _NOT_TAKES)


def picked_take(slot: SlotClip) -> otio.schema.ExternalReference | None:
    """Return the take that is active; None if the media of the slot's own recipe are."""
    if slot.clip.active_media_reference_key in _NOT_TAKES:
        return None
    reference = slot.clip.media_reference
    return reference if isinstance(reference, otio.schema.ExternalReference) else None


def set_take(slot: SlotClip, name: str, path: Path) -> None:
    """Add or replace a take of a slot; the active take stays.

    Args:
        slot: the slot.
        name: of `take_name`.
        path: absolute path of its media, as long as the slot's own.
    """
    references = slot.clip.media_references()
    available = references[GENERATOR_KEY].available_range
    references[name] = otio.schema.ExternalReference(str(path), available)
    slot.clip.set_media_references(references, slot.clip.active_media_reference_key)


def pick(slot: SlotClip, name: str) -> None:
    """Make a take active; ``DEFAULT_MEDIA`` for the slot's own media.

    Raises:
        KeyError: there is no such take.
    """
    if name != MEDIA_KEY and name not in takes_of(slot):
        raise KeyError(name)
    slot.clip.active_media_reference_key = name
