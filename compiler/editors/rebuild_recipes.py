"""Rebuild the recipes of an edited timeline: unchanged if the media suffice, extended if not.

A scene's camera move and keyframes are timed over its *span*, the frames for which the scene is
visible; media hold some of these frames. If a clip, transitions included, shows

* only frames that its media hold, the recipe and so the file stay the same;
* further frames of the span, the media are extended by those;
* frames beyond the span, the span grows, and the picture is timed anew over its whole length.

Clips that continue each other across a cut (parts of a long scene, pieces of a split clip) are
extended together, so that the picture does not jump between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.base import Keyframe
from ...renderers.run.recipe import Recipe
from ..timeline.metadata import GENERATOR_KEY, GENERATOR_KIND, KEYFRAME_KEY, MEDIA_KEY, NAMESPACE
from ..timeline.rate import time_range
from ..timeline.slots import slot_of
from .clip_uses import ClipUse, chains_of
from .known_slots import KnownSlots


@dataclass(frozen=True, slots=True)
class RebuiltClip:
    """A clip with its recipe.

    Attributes:
        use: the clip, and the frames of its present media that it shows.
        recipe: of the media that it needs.
        begin: the frame of those media at the clip's start.
        shift: frames by which the scene now begins before its compiled start.
    """

    use: ClipUse
    recipe: Recipe
    begin: int
    shift: int = 0

    @property
    def is_unchanged(self) -> bool:
        """Whether the present media suffice."""
        return self.recipe == self.use.slot.recipe


def rebuild_recipes(
    timeline: otio.schema.Timeline,
    known_slots: KnownSlots,
    root: Path,
    fps: Fraction,
    key_of: Callable[[Recipe], str],
) -> list[RebuiltClip]:
    """Give every clip that shows a slot its recipe, in place.

    Args:
        timeline: from an editor; changed.
        known_slots: the slots that its clips may show.
        root: the folder that relative media paths start from.
        fps: the reel's frame rate.
        key_of: returns the key of a recipe.

    Returns:
        The clips that show slots, in the order of the timeline.
    """
    rebuilt = [
        one
        for track in timeline.find_children(descended_from_type=otio.schema.Track)
        if track.kind != otio.schema.TrackKind.Audio
        for chain in chains_of(track, known_slots, root, fps)
        for one in _rebuild_chain(chain)
    ]
    rebuilt = _update_follows(rebuilt, key_of)
    for one in rebuilt:
        _write_clip(one)
    return rebuilt


def _rebuild_chain(chain: Sequence[ClipUse]) -> list[RebuiltClip]:
    """Return the recipes of clips that continue each other."""
    span = chain[0].slot.recipe.shot.span
    first = min(use.slot.recipe.shot.start + use.first for use in chain)
    stop = max(use.slot.recipe.shot.start + use.stop for use in chain)
    shift = max(0, -first)
    new_span = max(span, stop) + shift
    rebuilt = []
    for use in chain:
        recipe = use.slot.recipe
        # Pieces of one slot share one file.
        pieces = [other for other in chain if other.slot.recipe == recipe]
        low = min(0, *(piece.first for piece in pieces))
        high = max(recipe.shot.frames, *(piece.stop for piece in pieces))
        if new_span != span or low < 0 or high > recipe.shot.frames:
            recipe = _extend(recipe, pieces, low, high, shift, new_span)
        rebuilt.append(RebuiltClip(use, recipe, use.begin - low, use.slot.shift + shift))
    return rebuilt


def _extend(
    recipe: Recipe, pieces: Sequence[ClipUse], low: int, high: int, shift: int, span: int
) -> Recipe:
    """Extend a recipe to more frames.

    Args:
        recipe: of the present media.
        pieces: the clips that show them.
        low, high: the half-open range of frames, counted in the present media; contains them.
        shift: frames by which the scene's span begins earlier.
        span: the new length of the span.
    """
    frames = high - low
    shot = recipe.shot
    end = shot.span - 1
    cuts = {0}
    for use in pieces:
        into = use.placed.into.after if use.placed.into else 0
        out = use.placed.out.before if use.placed.out else 0
        cuts |= {use.begin, use.begin + into, use.body_stop - out, use.body_stop}
    idr = sorted({cut - low for cut in cuts} | {0})
    extended = replace(
        shot,
        start=shot.start + low + shift,
        frames=frames,
        head=min(use.begin for use in pieces) - low,
        tail=high - max(use.body_stop for use in pieces),
        span=span,
        keyframes=tuple(
            Keyframe(one.image, _keyframe_frame(one.frame, end, shift, span))
            for one in shot.keyframes
        ),
    )
    return replace(recipe, shot=extended, idr=tuple(frame for frame in idr if 0 <= frame < frames))


def _keyframe_frame(frame: int, end: int, shift: int, span: int) -> int:
    """Move a keyframe into a longer span: those at the ends stay there, others keep their time."""
    if frame == 0:
        return 0
    return span - 1 if frame == end else frame + shift


def _update_follows(
    rebuilt: list[RebuiltClip], key_of: Callable[[Recipe], str]
) -> list[RebuiltClip]:
    """Point ``follows`` at the new keys of the media that slots continue."""
    if not any(one.recipe.follows for one in rebuilt):
        return rebuilt
    by_old_key = {key_of(one.use.slot.recipe): one.recipe for one in rebuilt}
    new_keys: dict[str, str] = {}

    def new_key(key: str) -> str:
        if key not in new_keys:
            recipe = by_old_key.get(key)
            new_keys[key] = key if recipe is None else key_of(updated(recipe))
        return new_keys[key]

    def updated(recipe: Recipe) -> Recipe:
        return replace(recipe, follows=new_key(recipe.follows)) if recipe.follows else recipe

    return [replace(one, recipe=updated(one.recipe)) for one in rebuilt]


def _write_clip(one: RebuiltClip) -> None:
    """Write a clip's recipe, media and range into the timeline.

    An unchanged clip that has its recipe also keeps its takes, and the active one.
    """
    clip, slot, recipe = one.use.clip, one.use.slot, one.recipe
    if one.is_unchanged and slot_of(clip) is not None:
        return
    rate = recipe.shot.fps
    media = time_range(0, recipe.shot.frames, rate)
    file = slot.media if one.is_unchanged else None
    duration = clip.trimmed_range().duration
    # Other takes are as long as the former media, so they are dropped with them.
    references: dict[str, Any] = {
        MEDIA_KEY: otio.schema.ExternalReference(
            str(file or slot.still), media, metadata=_foreign_metadata(clip.media_reference)
        ),
        KEYFRAME_KEY: otio.schema.ExternalReference(str(slot.still), media),
        GENERATOR_KEY: otio.schema.GeneratorReference(
            slot.name, GENERATOR_KIND, media, recipe.as_json()
        ),
    }
    clip.set_media_references(references, MEDIA_KEY)
    clip.source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(one.begin, float(rate)), duration
    )
    clip.metadata[NAMESPACE] = {
        **dict(clip.metadata.get(NAMESPACE, {})),
        "scene": slot.scene,
        "part": slot.part,
        "parts": slot.parts,
        **({"shift": one.shift} if one.shift else {}),
    }


def _foreign_metadata(reference: otio.core.MediaReference) -> Mapping[str, Any]:
    return {key: value for key, value in reference.metadata.items() if key != NAMESPACE}
