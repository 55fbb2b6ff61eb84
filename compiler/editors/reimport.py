"""Reimport: a timeline from an editor, with the recipes of its slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store
from ..notices import Notice
from ..progress_clock import count
from ..timeline.properties import rate_of
from .formats import FORMATS
from .known_slots import KnownSlots, find_known_slots
from .match_clips import lost_media
from .read_timeline import read_timeline
from .rebuild_recipes import RebuiltClip, rebuild_recipes
from .relink import relink_nearby
from .restore_metadata import restore_metadata

_WITHOUT_AUDIO = {".edl"}
"""Formats that carry no audio, and no frame rate."""
_ANY_FPS = Fraction(24)
"""To read the names in a list by, until its rate is known."""


@dataclass(frozen=True, slots=True)
class ReimportedTimeline:
    """A timeline that came back.

    Attributes:
        timeline: with recipes in its slots.
        output: the ``.otio`` that it belongs in.
        known_slots: the compiled slots and rendered media.
        rebuilt: the clips that show slots, in the order of the timeline.
        foreign: names of the other clips.
        warnings: losses that could not be restored.
        fps: the reel's frame rate.
    """

    timeline: otio.schema.Timeline
    output: Path
    known_slots: KnownSlots
    rebuilt: list[RebuiltClip]
    foreign: list[str]
    warnings: list[Notice]
    fps: Fraction

    @property
    def summary(self) -> str:
        """One line about its clips."""
        text = f"{self.output.name}: {count(len(self.rebuilt), 'clip')} of slots"
        extended = sum(not one.is_unchanged for one in self.rebuilt)
        text += f", {extended} to be rendered again" if extended else ""
        return text + (f", {len(self.foreign)} of its own" if self.foreign else "")


@dataclass(frozen=True, slots=True)
class SlotToRender:
    """A slot without finished media.

    Attributes:
        slot: its name.
        frames: the length of the media that it needs.
        media_frames: the length of its present media, which are too short; None if it has none.
    """

    slot: str
    frames: int
    media_frames: int | None

    def __str__(self) -> str:
        why = f"its media hold {self.media_frames}" if self.media_frames else "not rendered yet"
        return f"to render: {self.slot}, {count(self.frames, 'frame')} ({why})"

    def as_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def reimport(
    path: Path,
    fps: Fraction | None = None,
    *,
    sequence: str | None = None,
    compiled: Path | None = None,
    media: Path | None = None,
) -> ReimportedTimeline:
    """Read a timeline that an editor wrote, and give its slots their recipes back.

    Args:
        path: any file that `read_timeline` reads.
        fps: the frame rate of an ``.edl``; by default the compiled timeline's.
        sequence: name of the timeline, for files that hold several.
        compiled: the timeline that it was made from; searched for nearby by default.
        media: another folder of rendered media, besides those nearby.

    Raises:
        InputError: the file cannot be read.
    """
    is_list = path.suffix.lower() in _WITHOUT_AUDIO
    timeline = read_timeline(path, fps or (_ANY_FPS if is_list else None), sequence)
    known_slots = find_known_slots(timeline, path, compiled=compiled, media=media)
    if is_list and fps is None:
        before = known_slots.compiled
        timeline = read_timeline(path, rate_of(before) if before is not None else None)
    fps = rate_of(timeline, path)
    has_audio = not is_list or bool(timeline.audio_tracks())
    lost = list(lost_media(timeline, known_slots, path.parent))
    rebuilt = rebuild_recipes(timeline, known_slots, path.parent, fps, recipe_key)
    found = relink_nearby(timeline, path.parent, known_slots.files)
    foreign = _foreign_clips(timeline, rebuilt)
    restored = restore_metadata(timeline, known_slots, path.parent, fps, has_audio=has_audio)
    warnings = [*lost, *found, *restored]
    is_otio = FORMATS.get(path.suffix.lower()) is FORMATS[".otio"]
    output = path if is_otio else path.with_name(f"{path.name}.otio")
    return ReimportedTimeline(timeline, output, known_slots, rebuilt, foreign, warnings, fps)


def _foreign_clips(timeline: otio.schema.Timeline, rebuilt: Sequence[RebuiltClip]) -> list[str]:
    slot_clips = {id(one.use.clip) for one in rebuilt}
    return [
        str(clip.name)
        for child in timeline.tracks
        if not isinstance(child, otio.schema.Track) or child.kind == otio.schema.TrackKind.Video
        for clip in ([child] if isinstance(child, otio.schema.Clip) else _clips_in(child))
        if id(clip) not in slot_clips
    ]


def _clips_in(item: otio.core.Composition) -> Iterator[otio.schema.Clip]:
    """Yield the clips of picture tracks in a composition, at any depth."""
    for child in item:
        if isinstance(child, otio.schema.Clip):
            yield child
        elif isinstance(child, otio.core.Composition):
            kind = getattr(child, "kind", otio.schema.TrackKind.Video)
            if kind != otio.schema.TrackKind.Audio:
                yield from _clips_in(child)


def slots_to_render(reimported: ReimportedTimeline, store: Store) -> tuple[list[SlotToRender], int]:
    """Return the slots without finished media in a store, and the number of those with."""
    by_key: dict[str, RebuiltClip] = {}
    for one in reimported.rebuilt:
        by_key.setdefault(recipe_key(one.recipe), one)
    missing = [
        SlotToRender(
            one.use.slot.name,
            one.recipe.shot.frames,
            None if one.is_unchanged else one.use.slot.recipe.shot.frames,
        )
        for key, one in by_key.items()
        if not store.find(one.use.slot.name, key)
    ]
    return missing, len(by_key) - len(missing)
