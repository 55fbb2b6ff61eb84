"""Restore the metadata that an editor dropped, from the compiled timeline.

Title, size and frame rate; scenes and framing of the script's own clips; roles and levels of audio
tracks; transitions that were exported as dissolves; words, retimed with the narration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..backend.encode.transitions import DIPS, SLIDES, XFADE_NAMES
from ..notices import Notice
from ..timeline.layout import Placed, lay_out
from ..timeline.media import media_file_name
from ..timeline.metadata import NAMESPACE, output_metadata, own_metadata, plain
from ..timeline.nested import open_timeline
from ..timeline.properties import visible_start
from ..timeline.slots import slot_of
from .known_slots import KnownSlots
from .restore_clips import restore_clips
from .restore_levels import RestoredTrack, restore_levels

OWN_TRANSITIONS = frozenset({*XFADE_NAMES, *SLIDES, *DIPS})
"""Names of our transitions."""
EDITOR_TRANSITIONS = {
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
"""Our names of editors' transitions, by their names in lower case."""


def restore_metadata(
    timeline: otio.schema.Timeline,
    known_slots: KnownSlots,
    root: Path,
    fps: Fraction,
    *,
    has_audio: bool,
) -> list[Notice]:
    """Restore dropped metadata in place, after recipes are rebuilt.

    Args:
        timeline: from an editor.
        known_slots: with the compiled timeline.
        root: the folder that relative media paths start in.
        fps: the reel's frame rate.
        has_audio: whether the format carries audio; if not, the compiled timeline's is used.

    Returns:
        What could not be restored.
    """
    compiled = known_slots.compiled
    if compiled is not None:
        restore_clips(timeline, compiled, has_audio=has_audio)
    compiled_kinds = dict(_transition_kinds(compiled, fps)) if compiled is not None else {}
    notices = [
        notice
        for track in timeline.tracks.find_children(descended_from_type=otio.schema.Track)
        if track.kind == otio.schema.TrackKind.Video
        for notice in _restore_transitions(track, compiled_kinds, fps)
    ]
    if compiled is None:
        return notices
    before, stated = _metadata(compiled), _metadata(timeline)
    output = {**output_metadata(compiled), **output_metadata(timeline)}  # It may state a size only.
    timeline.metadata[NAMESPACE] = {**before, **stated, **({"output": output} if output else {})}
    timeline.name = timeline.name or compiled.name
    if not has_audio:
        for track in compiled.audio_tracks():
            timeline.tracks.append(track.deepcopy())
        what = "the file carries no sound; that of the compiled timeline is used"
        notices.append(Notice("format", what))
    restored = _restore_roles(timeline, compiled)
    if stated.get("words", before.get("words")) == before.get("words"):
        _restore_words(timeline, before.get("words", []), compiled, fps)
    return [*notices, *restore_levels(timeline, restored, root, fps)]


def _metadata(timeline: otio.schema.Timeline) -> dict[str, Any]:
    return {key: plain(value) for key, value in own_metadata(timeline).items()}


def _neighbours(track: otio.schema.Track, fps: Fraction) -> Iterator[tuple[Placed, Placed]]:
    return pairwise(lay_out(track, fps))


def _scene(item: otio.core.Item, end: int) -> str:
    """Return the scene at an end of an item, 0 or -1; in a nested timeline, of its first track."""
    while isinstance(item, otio.core.Composition) and len(item):
        item = item[end if isinstance(item, otio.schema.Track) else 0]
    slot = slot_of(item) if isinstance(item, otio.schema.Clip) else None
    return slot.scene if slot is not None else str(own_metadata(item).get("scene", ""))


def _transition_kinds(
    compiled: otio.schema.Timeline, fps: Fraction
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the scenes on either side of each transition, and its kind."""
    for track in compiled.video_tracks():
        for before, after in _neighbours(track, fps):
            if before.out is not None:
                yield (_scene(before.item, -1), _scene(after.item, 0)), before.out.kind


def _restore_transitions(
    track: otio.schema.Track, compiled_kinds: Mapping[tuple[str, str], str], fps: Fraction
) -> Iterator[Notice]:
    """Write the kind of each transition into its metadata; yield notices of unknown ones."""
    dissolve = otio.schema.TransitionTypes.SMPTE_Dissolve
    for before, after in _neighbours(track, fps):
        if before.out is None:
            continue
        item = before.out.item
        name = str(item.name)
        stated = own_metadata(item).get("transition")
        kind = stated if stated in OWN_TRANSITIONS else _own_kind(name)
        if item.transition_type == dissolve:
            if stated is None and kind in (None, "dissolve"):
                # Perhaps exported as a dissolve, for an editor that knows no other transition.
                kind = compiled_kinds.get(
                    (_scene(before.item, -1), _scene(after.item, 0)), "dissolve"
                )
        elif kind is None and stated is None:
            kind = "dissolve"
            what = f"unknown transition {name!r}; replaced by a dissolve"
            yield Notice("transition", f"{after.item.name}: {what}")
        if kind is None:
            continue
        item.metadata[NAMESPACE] = {**dict(item.metadata.get(NAMESPACE, {})), "transition": kind}
        if kind != "dissolve" and item.transition_type == dissolve:
            item.transition_type = otio.schema.TransitionTypes.Custom


def _own_kind(name: str) -> str | None:
    return name if name in OWN_TRANSITIONS else EDITOR_TRANSITIONS.get(name.casefold())


def _restore_roles(
    timeline: otio.schema.Timeline, compiled: otio.schema.Timeline
) -> list[RestoredTrack]:
    """Give each audio track the metadata of the compiled track with which it shares most clips."""
    restored = []
    candidates = [(track, _file_names(track)) for track in compiled.audio_tracks()]
    for track in timeline.tracks.find_children(descended_from_type=otio.schema.Track):
        if track.kind != otio.schema.TrackKind.Audio or own_metadata(track):
            continue
        names = _file_names(track)
        for candidate, candidate_names in candidates:
            shared = sum(number for name, number in names.items() if name in candidate_names)
            if shared * 2 > names.total():
                track.metadata[NAMESPACE] = plain(candidate.metadata.get(NAMESPACE, {}))
                restored.append(RestoredTrack(track, candidate))
                break
    return restored


def _file_names(track: otio.schema.Track) -> Counter[str]:
    return Counter(
        media_file_name(clip.media_reference)
        for clip in track.find_clips()
        if isinstance(clip.media_reference, otio.schema.ExternalReference)
    )


@dataclass(frozen=True, slots=True)
class _NarrationSpan:
    """A span of the narration, in frames of the reel.

    Attributes:
        file: name of the recording.
        in_point: the frame of the recording at its start.
        start: the frame of the reel at its start.
        frames: its length.
    """

    file: str
    in_point: int
    start: int
    frames: int


def _narration(timeline: otio.schema.Timeline, fps: Fraction) -> list[_NarrationSpan]:
    spans = []
    hidden = round(visible_start(timeline) * fps)
    for one in open_timeline(timeline, fps):
        placed, clip = one.placed, one.placed.item
        if not one.is_sound or not placed.is_clip or placed.speed != 1:
            continue
        assert isinstance(clip, otio.schema.Clip)
        if own_metadata(clip.parent()).get("role") == "narration":
            file = media_file_name(clip.media_reference) or str(clip.name)
            start = placed.start + hidden
            spans.append(_NarrationSpan(file, placed.media_start, start, placed.frames))
    return spans


def _restore_words(
    timeline: otio.schema.Timeline,
    words: list[dict[str, Any]],
    compiled: otio.schema.Timeline,
    fps: Fraction,
) -> None:
    """Retime words with the narration; words that the edit cut from it are dropped."""
    before, after = _narration(compiled, fps), _narration(timeline, fps)
    if before == after or not before:
        return
    retimed = [found for word in words for found in _retimed(word, before, after, fps)]
    timeline.metadata[NAMESPACE]["words"] = sorted(retimed, key=lambda word: float(word["start"]))


def _retimed(
    word: dict[str, Any],
    before: list[_NarrationSpan],
    after: list[_NarrationSpan],
    fps: Fraction,
) -> Iterator[dict[str, Any]]:
    """Yield a word once for each time that the edited narration plays its middle."""
    middle = (word["start"] + word["end"]) / 2 * float(fps)
    old = next((span for span in before if span.start <= middle < span.start + span.frames), None)
    if old is None:
        return
    in_file = old.in_point + middle - old.start
    for new in after:
        if new.file == old.file and new.in_point <= in_file < new.in_point + new.frames:
            # A whole number of frames, so that unmoved words keep their times exactly.
            shift = ((new.start - new.in_point) - (old.start - old.in_point)) / float(fps)
            times = {name: round(word[name] + shift, 6) for name in ("start", "end")}
            yield {**word, **times}
