"""Clips of two timelines in pairs: each clip, and the same clip before or after the edit.

Clips are identified by the slot that they show; of several clips of one slot, those whose in points
are nearest are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import opentimelineio as otio

from ..timeline.layout import Placed
from ..timeline.metadata import own_metadata
from ..timeline.nested import OpenedItem
from ..timeline.slots import slot_of


@dataclass(frozen=True, slots=True, eq=False)
class ShownClip:
    """A clip of a picture track, compared by identity.

    Attributes:
        name: of its slot or itself, and of its track, unless that is the first.
        track: number of the track.
        placed: the clip, in frames.
        inside: names of the nested timelines that it is in, the outermost first.
    """

    name: str
    track: int
    placed: Placed
    inside: tuple[str, ...] = ()

    @property
    def in_point(self) -> int:
        """The frame of the scene's picture at its start; extending a slot does not change it."""
        clip = self.placed.item
        slot = slot_of(clip) if isinstance(clip, otio.schema.Clip) else None
        if slot is None:
            return self.placed.media_start
        shift = int(own_metadata(clip).get("shift", 0))
        return slot.recipe.shot.start - shift + self.placed.media_start


ClipPair = tuple[ShownClip, ShownClip]
"""The same clip before and after."""


def shown_clips(items: Sequence[OpenedItem]) -> list[ShownClip]:
    """Return the clips of picture tracks, the lowest track first."""
    return [
        ShownClip(
            _name(one.placed.item) + (f" on V{one.track + 1}" if one.track else ""),
            one.track,
            one.placed,
            one.inside,
        )
        for one in items
        if not one.is_sound and not isinstance(one.placed.item, otio.schema.Gap)
    ]


def _name(item: otio.core.Item) -> str:
    slot = slot_of(item) if isinstance(item, otio.schema.Clip) else None
    return slot.name if slot is not None else str(item.name) or "a clip without a name"


def pair_clips(
    old: Sequence[ShownClip], new: Sequence[ShownClip]
) -> tuple[list[ClipPair], list[ShownClip], list[ShownClip]]:
    """Return pairs, removed and added clips, each in reel order."""
    pairs: list[ClipPair] = []
    added = list(new)
    removed = []
    for shown in old:
        candidates = [other for other in added if other.name == shown.name]
        if not candidates:
            removed.append(shown)
            continue
        best = min(
            candidates,
            key=lambda other: (
                abs(other.in_point - shown.in_point),
                abs(other.placed.start - shown.placed.start),
            ),
        )
        added.remove(best)
        pairs.append((shown, best))
    return pairs, removed, added


def split_pieces(one: ShownClip, two: ShownClip, added: Sequence[ShownClip]) -> list[ShownClip]:
    """Return the pieces that a clip was split into, in order; none if it was not split.

    They show all its frames, each once: ``two``, its counterpart, and added clips of the same name.
    Pieces that follow each other at different speeds, as of a speed ramp, may show other frames.
    """
    same = [piece for piece in (*added, two) if piece.name == two.name]
    by_in_point = {piece.in_point: piece for piece in same}
    pieces = []
    reached, out_point = one.in_point, one.in_point + _media_frames(one)
    while reached < out_point and reached in by_in_point:
        pieces.append(by_in_point[reached])
        # A frozen or reversed piece leads to no other.
        reached += _media_frames(pieces[-1])
        if _media_frames(pieces[-1]) <= 0:
            break
    if len(pieces) > 1 and two in pieces and reached == out_point:
        return pieces
    return _ramp_pieces(two, same)


def _ramp_pieces(shown: ShownClip, same: Sequence[ShownClip]) -> list[ShownClip]:
    """Return the pieces of a speed ramp around one of them, in order; none if there are none."""
    ramp = [shown]
    for piece in sorted(same, key=lambda piece: piece.placed.start):
        if _follows(ramp[-1], piece):
            ramp.append(piece)
    for piece in sorted(same, key=lambda piece: -piece.placed.start):
        if _follows(piece, ramp[0]):
            ramp.insert(0, piece)
    return ramp if len({piece.placed.speed for piece in ramp}) > 1 else []


def _follows(before: ShownClip, after: ShownClip) -> bool:
    """Whether one clip goes on where the other ends, in the reel and, within a frame, its media."""
    if before.track != after.track or before.placed.end != after.placed.start:
        return False
    ends = before.in_point + max(0, _media_frames(before))
    begins = after.in_point + max(0, -_media_frames(after))
    return abs(ends - begins) <= 1


def _media_frames(shown: ShownClip) -> int:
    return round(shown.placed.frames * shown.placed.speed)
