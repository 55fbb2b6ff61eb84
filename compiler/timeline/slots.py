"""The slots of a timeline: find them, and set their rendered media."""

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
    """A slot: a clip with a recipe, rendered or not."""

    clip: otio.schema.Clip
    stated: dict[str, Any]
    """JSON of the recipe; invalid if an editor or another version changed it."""

    @property
    def recipe(self) -> Recipe:
        """The recipe.

        Raises:
            InputError: the JSON is no valid recipe.
        """
        try:
            return Recipe.from_json(self.stated)
        except RecipeError as error:
            raise InputError(Problem.general(f"{self.name}: {error}")) from error

    @property
    def renderer(self) -> str:
        """Name of the renderer in the recipe."""
        return str(self.stated.get("renderer") or "")

    @property
    def scene(self) -> str:
        """Id of the scene that the slot was built for."""
        return str(own_metadata(self.clip).get("scene", ""))

    @property
    def name(self) -> str:
        """Name of the slot and its media; editors may rename the clip."""
        return str(self.clip.media_references()[GENERATOR_KEY].name or self.clip.name)


def slot_clips(timeline: otio.schema.Timeline) -> Iterator[SlotClip]:
    """Yield all slots in timeline order."""
    for clip in timeline.find_clips():
        slot = slot_of(clip)
        if slot is not None:
            yield slot


def slot_of(clip: otio.schema.Clip) -> SlotClip | None:
    """Return a clip as a slot; None without a recipe."""
    reference = clip.media_references().get(GENERATOR_KEY)
    if (
        isinstance(reference, otio.schema.GeneratorReference)
        and reference.generator_kind == GENERATOR_KIND
    ):
        return SlotClip(clip, plain(reference.parameters))
    return None


def set_media(slot: SlotClip, path: Path, relative_to: Path | None = None) -> None:
    """Set the rendered media of a slot.

    Args:
        slot: the slot.
        path: absolute path of the media.
        relative_to: folder of the timeline, to write a relative path.
    """
    reference = slot.clip.media_references()[GENERATOR_KEY]
    url = relative_or_absolute(path, relative_to) if relative_to else path
    references = slot.clip.media_references()
    references[MEDIA_KEY] = otio.schema.ExternalReference(str(url), reference.available_range)
    slot.clip.set_media_references(references, MEDIA_KEY)
