"""What an editor dropped from a timeline, put back from the one that was compiled.

Title, size and rate; which track is the narration and how loud the music is; transitions that were
written as dissolves; words, moved along with the voice that says them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..backend.encode.transitions import DIPS, SLIDES, XFADE_NAMES
from ..notices import Notice
from ..timeline.layout import Placed, lay_out
from ..timeline.metadata import NAMESPACE
from ..timeline.slots import plain, slot_of
from ..timeline.values import own_metadata
from .known_slots import KnownSlots

OURS = {*XFADE_NAMES, *SLIDES, *DIPS}
"""Transitions that are ours by name."""
THEIRS = {
    "additive dissolve": "dissolve",
    "blur dissolve": "blur",
    "cross dissolve": "dissolve",
    "cross fade": "dissolve",
    "crossfade": "dissolve",
    "cross zoom": "zoom_in",
    "dip to black": "fade_black",
    "dip to color dissolve": "fade_black",
    "dip to white": "fade_white",
    "edge wipe": "wipe_left",
    "film dissolve": "dissolve",
    "fade to color": "fade_black",
    "iris": "circle_open",
    "oval iris": "circle_open",
    "push": "push_left",
    "slide": "slide_left",
    "smooth cut": "dissolve",
    "wipe": "wipe_left",
}
"""Editors' names of transitions, in small letters, as ours."""


def restore(
    timeline: otio.schema.Timeline, library: KnownSlots, fps: Fraction, *, sound: bool
) -> list[Notice]:
    """Put back what was dropped, in place, after the slots have their recipes again.

    Args:
        timeline: as it came back.
        library: what is known of it.
        fps: the reel's rate.
        sound: whether the format can carry sound; where it cannot, that of the compiled timeline
            is taken.

    Returns:
        What could not be put back as it was, one line each.
    """
    notes: list[Notice] = []
    compiled = library.compiled
    kinds = dict(_kinds(compiled, fps)) if compiled is not None else {}
    for track in timeline.video_tracks():
        _name_transitions(track, kinds, fps, notes)
    if compiled is None:
        return notes
    known, stated = plain(compiled.metadata[NAMESPACE]), _plain(own_metadata(timeline))
    timeline.metadata[NAMESPACE] = {**known, **stated}
    timeline.name = timeline.name or compiled.name
    if not sound:
        for track in compiled.audio_tracks():
            timeline.tracks.append(track.deepcopy())
        what = "the file carries no sound; that of the compiled timeline is laid under it"
        notes.append(Notice("format", what))
    _give_roles(timeline, compiled)
    if stated.get("words", known.get("words")) == known.get("words"):
        _move_words(timeline, compiled, fps)
    return notes


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: plain(value) for key, value in values.items()}


def _pairs(track: otio.schema.Track, fps: Fraction) -> Iterator[tuple[Placed, Placed]]:
    return pairwise(lay_out(track, fps))


def _slot_name(placed: Placed) -> str:
    slot = slot_of(placed.item) if isinstance(placed.item, otio.schema.Clip) else None
    return slot.scene if slot is not None else ""


def _kinds(compiled: otio.schema.Timeline, fps: Fraction) -> Iterator[tuple[tuple[str, str], str]]:
    """The transition between two scenes."""
    for track in compiled.video_tracks():
        for before, after in _pairs(track, fps):
            if before.out is not None:
                yield (_slot_name(before), _slot_name(after)), before.out.kind


def _name_transitions(
    track: otio.schema.Track,
    kinds: dict[tuple[str, str], str],
    fps: Fraction,
    notes: list[Notice],
) -> None:
    """Say of each transition what it is among ours."""
    dissolve = otio.schema.TransitionTypes.SMPTE_Dissolve
    for before, after in _pairs(track, fps):
        if before.out is None:
            continue
        item = before.out.item
        name = str(item.name)
        stated = own_metadata(item).get("transition")
        kind = stated if stated in OURS else name if name in OURS else THEIRS.get(name.casefold())
        if item.transition_type == dissolve:
            if stated is None and kind in (None, "dissolve"):
                # Editors that know no other were given a dissolve.
                kind = kinds.get((_slot_name(before), _slot_name(after)), "dissolve")
        elif kind is None and stated is None:
            kind = "dissolve"
            what = f"{after.item.name}: comes in by {name or 'a transition'!r}, "
            what += "which is not known here; a dissolve takes its place"
            notes.append(Notice("transition", what))
        if kind is None:
            continue
        item.metadata[NAMESPACE] = {**dict(item.metadata.get(NAMESPACE, {})), "transition": kind}
        if kind != "dissolve" and item.transition_type == dissolve:
            item.transition_type = otio.schema.TransitionTypes.Custom


def _files_of(track: otio.schema.Track) -> Counter[str]:
    return Counter(
        Path(clip.media_reference.target_url).name
        for clip in track.find_clips()
        if isinstance(clip.media_reference, otio.schema.ExternalReference)
    )


def _give_roles(timeline: otio.schema.Timeline, compiled: otio.schema.Timeline) -> None:
    """Say of each sound track what it was: the one whose files it shares."""
    known = [(track, _files_of(track)) for track in compiled.audio_tracks()]
    for track in timeline.audio_tracks():
        if own_metadata(track):
            continue
        files = _files_of(track)
        for other, theirs in known:
            shared = sum(number for file, number in files.items() if file in theirs)
            if shared * 2 > sum(files.values()):
                track.metadata[NAMESPACE] = plain(other.metadata.get(NAMESPACE, {}))
                break


@dataclass(frozen=True, slots=True)
class _Said:
    """A stretch of the voice: its file, the frame in it, and where in the reel it is heard."""

    file: str
    source: int
    reel: int
    frames: int


def _voice(timeline: otio.schema.Timeline, fps: Fraction) -> list[_Said]:
    said = []
    for track in timeline.audio_tracks():
        if own_metadata(track).get("role") != "narration":
            continue
        for placed in lay_out(track, fps):
            clip = placed.item
            if placed.is_clip and isinstance(clip, otio.schema.Clip) and placed.speed == 1:
                url = getattr(clip.media_reference, "target_url", "") or str(clip.name)
                said.append(_Said(Path(url).name, placed.media_start, placed.start, placed.frames))
    return said


def _move_words(
    timeline: otio.schema.Timeline, compiled: otio.schema.Timeline, fps: Fraction
) -> None:
    """Move each word with the voice that says it; words that are no longer said are dropped."""
    before, after = _voice(compiled, fps), _voice(timeline, fps)
    if before == after or not before:
        return
    words = []
    for word in plain(compiled.metadata[NAMESPACE]).get("words", []):
        for said in before:
            middle = (word["start"] + word["end"]) / 2 * float(fps)
            if not said.reel <= middle < said.reel + said.frames:
                continue
            in_file = said.source + middle - said.reel
            for heard in after:
                if heard.file == said.file and (
                    heard.source <= in_file < heard.source + heard.frames
                ):
                    # Whole frames moved, so times that did not move stay as they are.
                    moved = (heard.reel - heard.source) - (said.reel - said.source)
                    shift = moved / float(fps)
                    words.append(
                        {
                            **word,
                            "start": round(word["start"] + shift, 6),
                            "end": round(word["end"] + shift, 6),
                        }
                    )
            break
    words.sort(key=lambda word: word["start"])
    timeline.metadata[NAMESPACE]["words"] = words
