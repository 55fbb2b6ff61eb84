"""Match clips to slots: by recipe, media path, file name, still, clip name, in this order.

A clip whose media exist and belong to no slot is the editor's own, whatever its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.store import key12_in_name
from ..notices import Notice
from ..timeline.item_label import label_of
from ..timeline.media import media_file_name, media_path, missing_name
from .known_slots import KnownSlot, KnownSlots, slot_of_clip


@dataclass(frozen=True, slots=True)
class Match:
    """The slot of a clip.

    Attributes:
        slot: the slot.
        is_still: whether the clip shows its still, so that all frames are alike.
        lost: the file that the clip names if it is missing, and has neither name nor key of a slot.
    """

    slot: KnownSlot
    is_still: bool = False
    lost: str = ""


def match_clip(clip: otio.schema.Clip, known_slots: KnownSlots, root: Path) -> Match | None:
    """Return the slot that a clip shows; None if the clip is the editor's own.

    Args:
        clip: from an editor.
        known_slots: the candidates.
        root: the folder that relative media paths start from.
    """
    own = slot_of_clip(clip, root)
    if own is not None:
        return Match(own)
    lost = ""
    path = media_path(clip.media_reference, root)
    if path is not None:
        file = media_file_name(clip.media_reference)
        slot = _slot_of_media(file, known_slots)
        if slot is not None:
            return Match(slot)
        slot = _slot_of_still(path, file, str(clip.name), known_slots)
        if slot is not None:
            return Match(slot, is_still=True)
        if path.is_file():
            return None
        lost = missing_name(clip.media_reference, path)
    name = str(clip.name)
    slot = known_slots.by_name.get(name) or _slot_of_media(name, known_slots)
    return Match(slot, is_still=slot.media is None, lost=lost) if slot is not None else None


def lost_media(
    timeline: otio.schema.Timeline, known_slots: KnownSlots, root: Path
) -> Iterator[Notice]:
    """Yield a warning for each clip that only its name identifies, because its file is missing."""
    audio = otio.schema.TrackKind.Audio
    for clip in timeline.find_clips():
        if getattr(clip.parent(), "kind", "") != audio:
            match = match_clip(clip, known_slots, root)
            if match is not None and match.lost:
                what = f"{match.lost} does not exist; the slot of that name is shown"
                yield Notice("missing", f"{label_of(clip)}: {what}")


def _slot_of_media(file: str, known_slots: KnownSlots) -> KnownSlot | None:
    """Match the name of rendered media; conversions may change its suffix or append to its key."""
    by_stem = known_slots.by_stem
    slot = by_stem.get(Path(file).stem) or by_stem.get(file)
    key12 = key12_in_name(file)
    if slot is not None or key12 is None:
        return slot
    return next((one for stem, one in by_stem.items() if stem.endswith(f"-{key12}")), None)


def _slot_of_still(path: Path, file: str, name: str, known_slots: KnownSlots) -> KnownSlot | None:
    """Match the still of a slot that is not rendered; of several slots, the one of that name."""
    slots = known_slots.by_name.values()
    same = [slot for slot in slots if slot.still == path]
    same = same or [slot for slot in slots if slot.still.name == file]
    named = next((slot for slot in same if slot.name == name), None)
    return named or (same[0] if len({slot.scene for slot in same}) == 1 else None)
