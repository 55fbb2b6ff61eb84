"""Which slot a clip is: by its recipe, the path of its media, their file name, its still, its name.

The first way that leads to a slot wins. A clip with media of its own that are none of ours is the
editor's, whatever it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ..timeline.values import media_path
from .known_slots import KnownSlot, KnownSlots, of_clip

_KEY = re.compile(r"-([0-9a-f]{12})(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Match:
    """A clip's slot, and whether the clip shows its still, so that all its frames are alike."""

    known: KnownSlot
    by_still: bool = False


def match(clip: otio.schema.Clip, library: KnownSlots, root: Path) -> Match | None:
    """The slot that a clip shows, or None for one of the editor's own."""
    reference = clip.media_reference
    path = (
        media_path(reference, root)
        if isinstance(reference, otio.schema.ExternalReference) and reference.target_url
        else None
    )
    own = of_clip(clip, root)
    if own is not None:
        return Match(own)
    if path is not None:
        known = _by_file(path, library)
        if known is not None:
            return Match(known)
        known = _by_still(path, str(clip.name), library)
        if known is not None:
            return Match(known, by_still=True)
        if path.is_file():
            return None
    known = library.by_name.get(str(clip.name)) or _by_file(Path(str(clip.name)), library)
    return Match(known, by_still=known.media is None) if known is not None else None


def _by_file(path: Path, library: KnownSlots) -> KnownSlot | None:
    """By the name of rendered media; an editor that converts them changes the suffix alone, or
    puts something after the key."""
    known = library.by_file.get(path.stem) or library.by_file.get(path.name)
    if known is not None:
        return known
    found = _KEY.search(path.name)
    if found is None:
        return None
    return next(
        (one for stem, one in library.by_file.items() if stem.endswith(f"-{found[1]}")), None
    )


def _by_still(path: Path, name: str, library: KnownSlots) -> KnownSlot | None:
    """By the still of a slot that is not rendered, and where several share it by name as well."""
    same = [k for k in library.by_name.values() if k.still == path]
    same = same or [k for k in library.by_name.values() if k.still.name == path.name]
    named = next((known for known in same if known.name == name), None)
    return named or (same[0] if len({known.scene for known in same}) == 1 else None)
