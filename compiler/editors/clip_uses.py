"""Frames of its slot's media that each clip of a track shows, and clips that continue others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import opentimelineio as otio

from ...renderers.base import Shot
from ...renderers.run.recipe import Recipe
from ..timeline.layout import Placed, lay_out
from ..timeline.rate import whole_frames
from .known_slots import KnownSlot, KnownSlots
from .match_clips import match_clip


@dataclass(frozen=True, slots=True)
class ClipUse:
    """A clip that shows a slot.

    Attributes:
        placed: the clip, in frames of the reel.
        slot: the slot.
        begin: the frame of the slot's media at the clip's start.
        first, stop: the half-open range of media frames that it shows, transitions included; may
            exceed the media.
        body_stop: ``stop`` without the transition out of the clip.
    """

    placed: Placed
    slot: KnownSlot
    begin: int
    first: int
    stop: int
    body_stop: int

    @property
    def clip(self) -> otio.schema.Clip:
        """The clip."""
        assert isinstance(self.placed.item, otio.schema.Clip)
        return self.placed.item


def chains_of(
    track: otio.schema.Track, known_slots: KnownSlots, root: Path, fps: Fraction
) -> list[list[ClipUse]]:
    """Return the clips of a track that show slots; those that continue each other form a chain.

    Args:
        track: a picture track.
        known_slots: the slots that its clips may show.
        root: the folder that relative media paths start from.
        fps: the reel's frame rate.
    """
    chains: list[list[ClipUse]] = []
    for before, use in pairwise([None, *_uses(track, known_slots, root, fps)]):
        if use is None:
            continue
        if before is not None and _continues(before, use):
            chains[-1].append(use)
        else:
            chains.append([use])
    return chains


def _uses(
    track: otio.schema.Track, known_slots: KnownSlots, root: Path, fps: Fraction
) -> Iterator[ClipUse | None]:
    """Yield the use of each item, in order; None for items that show no slot."""
    for placed in lay_out(track, fps):
        item = placed.item
        match = match_clip(item, known_slots, root) if isinstance(item, otio.schema.Clip) else None
        if match is None:
            yield None
        else:
            yield _use(placed, match.slot, fps, is_still=match.is_still)


def _use(placed: Placed, slot: KnownSlot, fps: Fraction, *, is_still: bool) -> ClipUse:
    clip = placed.item
    assert isinstance(clip, otio.schema.Clip)
    rate = slot.recipe.shot.fps
    available = clip.media_reference.available_range
    origin = whole_frames(available.start_time, rate) if available is not None else 0
    begin = whole_frames(clip.trimmed_range().start_time, rate) - origin
    step = abs(placed.speed) * rate / fps
    before = placed.into.before if placed.into else 0
    after = placed.out.after if placed.out else 0
    first = math.ceil(-before * step - Fraction(1, 2))
    body_stop = math.ceil((placed.frames - 1) * step - Fraction(1, 2)) + 1
    stop = math.ceil((placed.frames - 1 + after) * step - Fraction(1, 2)) + 1
    if is_still:
        begin = _begin_of_still(begin, first, stop, slot.recipe.shot)
    return ClipUse(placed, slot, begin, begin + first, begin + stop, begin + body_stop)


def _begin_of_still(begin: int, first: int, stop: int, shot: Shot) -> int:
    """Clamp the start of a still to its slot; all frames of a still are alike."""
    if stop - first > shot.frames:
        return shot.head
    return max(-first, min(begin, shot.frames - stop))


def _continues(before: ClipUse, after: ClipUse) -> bool:
    """Whether a clip starts with the frame of the scene's span that follows another's last."""
    return (
        before.placed.speed == after.placed.speed == 1
        and before.placed.end == after.placed.start
        and _scene_fields(before.slot.recipe) == _scene_fields(after.slot.recipe)
        and before.slot.recipe.shot.start + before.body_stop
        == after.slot.recipe.shot.start + after.begin
    )


def _scene_fields(recipe: Recipe) -> Recipe:
    """Return a recipe without the fields in which slots of one scene differ."""
    shot = replace(recipe.shot, start=0, frames=0, head=0, tail=0)
    return replace(recipe, shot=shot, idr=(), follows=None)
