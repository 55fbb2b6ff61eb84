"""Recipes for slots as an editor left them: kept where their media suffice, extended where not.

A scene's picture is laid out over its *span*, the frames for which the scene is seen. Media hold
some of those frames. Where a clip, with the reach of its transitions, shows

* only frames that its media hold, nothing changes: the recipe, and so the file, stay as they are;
* frames of the span that its media don't hold, the media are made again with those frames besides;
* frames beyond the span, the span grows, and the picture is laid out anew over its whole length.

Clips that continue each other across a cut (the parts of a long scene, the pieces of a clip that
was split) are treated as one, so that the picture does not jump between them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..assembly.recipes import Recipe
from ..timeline.layout import Placed, lay_out
from ..timeline.metadata import GENERATOR_KEY, GENERATOR_KIND, KEYFRAME_KEY, MEDIA_KEY, NAMESPACE
from ..timeline.rate import time_range, whole_frames
from ..timeline.slots import slot_of
from .known_slots import KnownSlot, KnownSlots
from .match_clips import match

_PLACE = ("start", "frames", "head", "tail", "idr", "follows")
"""What two slots of one scene's picture may differ in."""


@dataclass(frozen=True, slots=True)
class ClipUse:
    """A clip that shows a slot.

    Attributes:
        placed: the clip, in frames of the reel.
        known: the slot.
        begin: the frame of the slot's media that is seen at the clip's start.
        first, stop: the frames of the media that are seen, transitions included, half-open; may
            lie beyond the media.
        body_stop: the same without the transition out of it.
    """

    placed: Placed
    known: KnownSlot
    begin: int
    first: int
    stop: int
    body_stop: int

    @property
    def clip(self) -> otio.schema.Clip:
        """The clip."""
        assert isinstance(self.placed.item, otio.schema.Clip)
        return self.placed.item


@dataclass(frozen=True, slots=True)
class RebuiltClip:
    """What becomes of a clip: its recipe, and where in the media that it names the clip begins."""

    use: ClipUse
    recipe: Recipe
    begin: int
    shift: int = 0
    """Frames by which the scene's picture begins earlier than it was compiled to."""

    @property
    def is_kept(self) -> bool:
        """Whether the media suffice as they are."""
        return self.recipe == self.use.known.recipe


def rebuild(
    timeline: otio.schema.Timeline,
    library: KnownSlots,
    root: Path,
    fps: Fraction,
    key_of: Callable[[Recipe], str],
) -> list[RebuiltClip]:
    """Give every clip that shows a slot its recipe back, in place.

    Args:
        timeline: as it came back; changed.
        library: what is known of slots.
        root: the folder that relative media are named from.
        fps: the reel's rate.
        key_of: the key of a recipe.

    Returns:
        What became of each clip, in the order of the timeline.
    """
    remade: list[RebuiltClip] = []
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        if track.kind == otio.schema.TrackKind.Audio:
            continue
        for chain in _chains(_uses(track, library, root, fps)):
            remade += _remake(chain)
    remade = _follow(remade, key_of)
    for one in remade:
        _apply(one)
    return remade


def _uses(
    track: otio.schema.Track, library: KnownSlots, root: Path, fps: Fraction
) -> list[ClipUse | None]:
    """The slot that each item shows, in order; None of what shows none."""
    uses: list[ClipUse | None] = []
    for placed in lay_out(track, fps):
        found = None
        if isinstance(placed.item, otio.schema.Clip):
            found = match(placed.item, library, root)
        if found is None:
            uses.append(None)
            continue
        uses.append(_use(placed, found.known, fps, by_still=found.by_still))
    return uses


def _use(placed: Placed, known: KnownSlot, fps: Fraction, *, by_still: bool) -> ClipUse:
    clip = placed.item
    assert isinstance(clip, otio.schema.Clip)
    recipe, rate = known.recipe, Fraction(known.recipe["fps"])
    available = clip.media_reference.available_range
    origin = whole_frames(available.start_time, rate) if available is not None else 0
    begin = whole_frames(clip.trimmed_range().start_time, rate) - origin
    step = abs(placed.speed) * rate / fps
    before = placed.into.before if placed.into else 0
    after = placed.out.after if placed.out else 0
    first = math.ceil(-before * step - Fraction(1, 2))
    body_stop = math.ceil((placed.frames - 1) * step - Fraction(1, 2)) + 1
    stop = math.ceil((placed.frames - 1 + after) * step - Fraction(1, 2)) + 1
    if by_still:
        begin = _settled(begin, first, stop, recipe)
    return ClipUse(placed, known, begin, begin + first, begin + stop, begin + body_stop)


def _settled(begin: int, first: int, stop: int, recipe: Recipe) -> int:
    """Where a clip of a still begins: its frames are alike, so as near as the slot allows."""
    if stop - first > recipe["frames"]:
        return int(recipe["head"])
    return max(-first, min(begin, int(recipe["frames"]) - stop))


def _chains(uses: Sequence[ClipUse | None]) -> list[list[ClipUse]]:
    """Clips that continue each other's picture, together."""
    chains: list[list[ClipUse]] = []
    for before, use in pairwise([None, *uses]):
        if use is None:
            continue
        if before is not None and _continues(before, use):
            chains[-1].append(use)
        else:
            chains.append([use])
    return chains


def _continues(before: ClipUse, after: ClipUse) -> bool:
    """Whether a clip shows the frame of the scene's span that comes after another's last."""
    return (
        before.placed.speed == after.placed.speed == 1
        and before.placed.end == after.placed.start
        and _scene_of(before.known.recipe) == _scene_of(after.known.recipe)
        and before.known.recipe["start"] + before.body_stop
        == after.known.recipe["start"] + after.begin
    )


def _scene_of(recipe: Recipe) -> str:
    """What all slots of one scene's picture have in common."""
    shared = {key: value for key, value in recipe.items() if key not in _PLACE}
    return json.dumps(shared, sort_keys=True)


def _remake(chain: Sequence[ClipUse]) -> list[RebuiltClip]:
    """The recipes of clips that continue each other."""
    span = chain[0].known.recipe["span"]
    first = min(use.known.recipe["start"] + use.first for use in chain)
    stop = max(use.known.recipe["start"] + use.stop for use in chain)
    shift = max(0, -first)
    grown = max(span, stop) + shift
    remade = []
    for use in chain:
        # Pieces of one slot stay pieces of one file.
        same = [other for other in chain if other.known.recipe == use.known.recipe]
        low = min(0, *(other.first for other in same))
        high = max(use.known.recipe["frames"], *(other.stop for other in same))
        recipe = use.known.recipe
        if grown != span or low < 0 or high > recipe["frames"]:
            recipe = _extended(recipe, same, low, high, shift, grown)
        remade.append(RebuiltClip(use, recipe, use.begin - low, use.known.shift + shift))
    return remade


def _extended(
    recipe: Recipe, uses: Sequence[ClipUse], low: int, high: int, shift: int, span: int
) -> Recipe:
    """A recipe for media from frame ``low`` to ``high`` of those there are.

    Args:
        recipe: of the media that there are.
        uses: the clips that show them.
        low, high: frames of those media, half-open; at most 0, and at least their length.
        shift: frames by which the scene's span begins earlier.
        span: its new length.
    """
    frames = high - low
    end = recipe["span"] - 1
    keyframes = [{**k, "frame": _moved(k["frame"], end, shift, span)} for k in recipe["keyframes"]]
    places = {0}
    for use in uses:
        into = use.placed.into.after if use.placed.into else 0
        out = use.placed.out.before if use.placed.out else 0
        places |= {use.begin, use.begin + into, use.body_stop - out, use.body_stop}
    idr = {place - low for place in places} | {0}
    return {
        **recipe,
        "start": recipe["start"] + low + shift,
        "frames": frames,
        "head": min(use.begin for use in uses) - low,
        "tail": high - max(use.body_stop for use in uses),
        "span": span,
        "keyframes": keyframes,
        "idr": sorted(place for place in idr if 0 <= place < frames),
    }


def _moved(frame: int, end: int, shift: int, span: int) -> int:
    """Where a keyframe is reached in a longer span: ends stay ends, others keep their moment."""
    if frame == 0:
        return 0
    return span - 1 if frame == end else frame + shift


def _follow(remade: list[RebuiltClip], key_of: Callable[[Recipe], str]) -> list[RebuiltClip]:
    """Let slots that continue another's media continue those that it has now."""
    if not any(one.recipe.get("follows") for one in remade):
        return remade
    keys = {key_of(one.use.known.recipe): one for one in remade}
    done: dict[str, str] = {}

    def now(key: str) -> str:
        """The key of what has taken the place of a slot's media."""
        if key not in done:
            one = keys.get(key)
            done[key] = key if one is None else key_of(followed(one.recipe))
        return done[key]

    def followed(recipe: Recipe) -> Recipe:
        follows = recipe.get("follows")
        return {**recipe, "follows": now(follows)} if follows else recipe

    return [replace(one, recipe=followed(one.recipe)) for one in remade]


def _apply(one: RebuiltClip) -> None:
    """Write a clip's recipe, its media and its place in them into the timeline.

    A clip that has all of that keeps it, and the takes it has, and which of them is picked.
    """
    if one.is_kept and slot_of(one.use.clip) is not None:
        return
    clip, known, recipe = one.use.clip, one.use.known, one.recipe
    rate = Fraction(recipe["fps"])
    media = time_range(0, recipe["frames"], rate)
    shown = one.use.known.media if one.is_kept else None
    duration = clip.trimmed_range().duration
    # Other takes of the slot are as long as its media were, and go with them.
    references: dict[str, Any] = {
        MEDIA_KEY: otio.schema.ExternalReference(
            str(shown or known.still), media, metadata=_metadata_of(clip.media_reference)
        ),
        KEYFRAME_KEY: otio.schema.ExternalReference(str(known.still), media),
        GENERATOR_KEY: otio.schema.GeneratorReference(
            known.name, GENERATOR_KIND, media, dict(recipe)
        ),
    }
    clip.set_media_references(references, MEDIA_KEY)
    clip.source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(one.begin, float(rate)), duration
    )
    clip.metadata[NAMESPACE] = {
        **dict(clip.metadata.get(NAMESPACE, {})),
        "scene": known.scene,
        "part": known.part,
        "parts": known.parts,
        **({"shift": one.shift} if one.shift else {}),
    }


def _metadata_of(reference: otio.core.MediaReference) -> Any:
    """An editor's own notes on the media."""
    return {key: value for key, value in reference.metadata.items() if key != NAMESPACE}
