"""The cover of a timeline: a frame of the reel, which stays with its clip when that is moved."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from .layout import Placed, lay_out_timeline
from .metadata import own_metadata, plain
from .slots import slot_of


def cover_metadata(timeline: otio.schema.Timeline, frame: int, fps: Fraction) -> dict[str, Any]:
    """Return ``cover`` of a timeline's metadata: the frame, and the frame of its clip's media."""
    found: dict[str, Any] = {"frame": frame}
    for name, placed in _clips(timeline, fps):
        if placed.start <= frame < placed.end:
            shown = placed.media_start + round((frame - placed.start) * placed.speed)
            found |= {"clip": name, "clip_frame": shown}
    return found


def states_cover(timeline: otio.schema.Timeline) -> bool:
    """Whether a timeline asks for a cover."""
    return own_metadata(timeline).get("cover") is not None


def cover_of(timeline: otio.schema.Timeline, fps: Fraction) -> int | None:
    """Return the number of the cover frame of a reel; None without a cover.

    The frame of the clip's media if the clip still shows it, else the nearest that it shows. If the
    clip is gone, the frame of the reel, which may have become shorter.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    if not states_cover(timeline):
        return None
    stated = plain(own_metadata(timeline)["cover"])
    frame, wanted = int(stated["frame"]), stated.get("clip_frame")
    found = [
        (abs(inside - nearest), nearest)
        for name, placed in _clips(timeline, fps)
        if name == stated.get("clip") and wanted is not None and placed.speed > 0
        for inside in [placed.start + round((wanted - placed.media_start) / placed.speed)]
        for nearest in [min(max(inside, placed.start), placed.end - 1)]
    ]
    return min(found)[1] if found else frame


def _clips(timeline: otio.schema.Timeline, fps: Fraction) -> Iterator[tuple[str, Placed]]:
    """Yield the clips of the picture, with the names of their slots if they are slots."""
    for layout in lay_out_timeline(timeline, fps):
        for placed in layout.items if layout.is_picture else ():
            if placed.is_clip and isinstance(placed.item, otio.schema.Clip):
                slot = slot_of(placed.item)
                yield slot.name if slot is not None else str(placed.item.name), placed
