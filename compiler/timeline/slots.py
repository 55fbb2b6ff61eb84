"""The slots of a timeline: finding them, and giving them their rendered media."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.recipe import Recipe, RecipeError
from ..errors import InputError, Problem
from ..files.file_urls import relative_or_absolute
from .metadata import GENERATOR_KEY, GENERATOR_KIND, MEDIA_KEY, own_metadata, plain


@dataclass(frozen=True, slots=True)
class SlotClip:
    """A clip that waits for video, or has it, and its recipe."""

    clip: otio.schema.Clip
    stated: dict[str, Any]
    """The recipe's JSON; what an editor or another version wrote may not be a recipe."""

    @property
    def recipe(self) -> Recipe:
        """The recipe.

        Raises:
            InputError: the clip states none that can be read.
        """
        try:
            return Recipe.from_json(self.stated)
        except RecipeError as error:
            raise InputError(Problem.general(f"{self.name}: {error}")) from error

    @property
    def renderer(self) -> str:
        """The renderer that the recipe names."""
        return str(self.stated.get("renderer") or "")

    @property
    def scene(self) -> str:
        """The scene that the slot belongs to, as the timeline was built."""
        return str(own_metadata(self.clip).get("scene", ""))

    @property
    def name(self) -> str:
        """The slot's name, which its media are named after, whatever the clip is called now."""
        return str(self.clip.media_references()[GENERATOR_KEY].name or self.clip.name)


def slot_clips(timeline: otio.schema.Timeline) -> Iterator[SlotClip]:
    """Every slot, in the order of the timeline."""
    for clip in timeline.find_clips():
        slot = slot_of(clip)
        if slot is not None:
            yield slot


def slot_of(clip: otio.schema.Clip) -> SlotClip | None:
    """A clip as a slot, if it carries a recipe."""
    reference = clip.media_references().get(GENERATOR_KEY)
    if (
        isinstance(reference, otio.schema.GeneratorReference)
        and reference.generator_kind == GENERATOR_KIND
    ):
        return SlotClip(clip, plain(reference.parameters))
    return None


def set_media(slot: SlotClip, path: Path, relative_to: Path | None = None) -> None:
    """Make a rendered file the slot's media.

    Args:
        slot: the slot.
        path: absolute path of the media.
        relative_to: the timeline's folder, to name the file relative to it.
    """
    reference = slot.clip.media_references()[GENERATOR_KEY]
    url = relative_or_absolute(path, relative_to) if relative_to else path
    references = slot.clip.media_references()
    references[MEDIA_KEY] = otio.schema.ExternalReference(str(url), reference.available_range)
    slot.clip.set_media_references(references, MEDIA_KEY)
