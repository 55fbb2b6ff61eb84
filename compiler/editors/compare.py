"""The changes from one timeline to another, in an editor's terms.

All positions are frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio

from ..timeline.layout import Placed, TrackTransition, is_visible
from ..timeline.media import media_file_name
from ..timeline.nested import OpenedItem, open_timeline
from ..timeline.properties import frames_of
from ..timeline.slots import slot_of
from .changes import (
    AudioTrackChanged,
    AudioTracksCounted,
    Change,
    ClipAdded,
    ClipMoved,
    ClipRemoved,
    ClipReordered,
    ClipSlipped,
    ClipSplit,
    ClipsSwapped,
    ClipToggled,
    ClipTrimmed,
    LengthChanged,
    MediaReplaced,
    RateChanged,
    SpeedChanged,
    TransitionChanged,
    TransitionTiming,
    percent,
)
from .clip_changes import SpeedRamped, effect_changes, nesting_changes, speed_ramp
from .level_changes import level_changes
from .marker_changes import marker_changes
from .pair_clips import ClipPair, ShownClip, pair_clips, shown_clips, split_pieces

_AudioClip = tuple[str, int, int, int, bool]
"""File name, start, length, in point, and whether it is switched on."""


def compare(
    before: otio.schema.Timeline,
    after: otio.schema.Timeline,
    old_fps: Fraction,
    new_fps: Fraction,
) -> list[Change]:
    """Return the changes from one timeline to another; none if nothing changed.

    Args:
        before, after: with or without recipes in their slots.
        old_fps, new_fps: the frame rate of each, in which its frames are counted.
    """
    opened = open_timeline(before, old_fps), open_timeline(after, new_fps)
    old, new = (shown_clips(items) for items in opened)
    pairs, removed, added = pair_clips(old, new)
    splits: dict[ShownClip, list[ShownClip]] = {}
    for one, two in pairs:
        splits[one] = split_pieces(one, two, added)
        added = [shown for shown in added if shown not in splits[one]]
    changes: list[Change] = []
    if old_fps != new_fps:
        changes.append(RateChanged(float(old_fps), float(new_fps)))
    changes += [ClipRemoved(shown.name) for shown in removed]
    changes += [ClipAdded(shown.name, shown.placed.start, shown.placed.frames) for shown in added]
    changes += _order_changes(pairs)
    changes += _clip_changes(pairs, splits, _gaps(old) | _gaps(new))
    changes += [change for pieces in splits.values() for change in _split_changes(pieces)]
    changes += [
        change
        for one, two in pairs
        for change in effect_changes(two.name, one.placed.item, two.placed.item)
    ]
    changes += _transition_changes(pairs, splits)
    changes += nesting_changes(pairs)
    changes += _audio_changes(*opened)
    changes += marker_changes(before, after, (old_fps, new_fps))
    changes += level_changes(before, after, opened, (old_fps, new_fps))
    lengths = frames_of(before, old_fps), frames_of(after, new_fps)
    if lengths[0] != lengths[1]:
        changes.append(LengthChanged(*lengths))
    return changes


def _order_changes(pairs: Sequence[ClipPair]) -> Iterator[Change]:
    before = [one for one, _ in pairs]
    in_new_order = sorted(pairs, key=lambda pair: (pair[1].track, pair[1].placed.start))
    after = [one for one, _ in in_new_order]
    tracks = [two.track for _, two in in_new_order]
    moved = [i for i in range(len(before)) if before[i] is not after[i]]
    if len(moved) == 2:
        yield ClipsSwapped(before[moved[0]].name, before[moved[1]].name)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    in_order = {
        shown
        for block in matcher.get_matching_blocks()
        for shown in before[block.a : block.a + block.size]
    }
    for index, shown in enumerate(after):
        if shown not in in_order:
            follows = index > 0 and tracks[index - 1] == tracks[index]
            yield ClipReordered(shown.name, after[index - 1].name if follows else None)


def _gaps(shown: Sequence[ShownClip]) -> dict[ShownClip, int]:
    """Return the frames between each clip and the one before it on its track."""
    gaps, ends = {}, dict[int, int]()
    for one in shown:
        gaps[one] = one.placed.start - ends.get(one.track, 0)
        ends[one.track] = one.placed.end
    return gaps


def _clip_changes(
    pairs: Sequence[ClipPair],
    splits: Mapping[ShownClip, Sequence[ShownClip]],
    gaps: Mapping[ShownClip, int],
) -> Iterator[Change]:
    for one, two in pairs:
        old, new, name = one.placed, two.placed, two.name
        if _is_retimed(one, two) and not _ramp(splits[one]):
            yield SpeedChanged(name, float(old.speed), float(new.speed))
        if is_visible(old.item) != is_visible(new.item):
            yield ClipToggled(name, is_visible(new.item))
        files = [_file_name(placed.item) for placed in (old, new) if not _is_slot(placed.item)]
        # The media of a slot change with its recipe.
        if len(files) == 2 and all(files) and files[0] != files[1]:
            yield MediaReplaced(name, *files)
        if not splits[one]:
            yield from _trim_changes(one, two)
        # A clip that only follows those before it has not moved; a cut between two others has.
        shift = new.start - old.start
        if shift and (old.end == new.end or gaps[one] != gaps[two]):
            yield ClipMoved(name, shift)


def _trim_changes(one: ShownClip, two: ShownClip) -> Iterator[Change]:
    head = two.in_point - one.in_point
    before, after = one.placed.frames, two.placed.frames
    is_retimed = _is_retimed(one, two)
    if head and before == after and not is_retimed:
        yield ClipSlipped(two.name, head)
    elif head or before != after:
        tail = 0 if is_retimed else head + after - before
        yield ClipTrimmed(two.name, head, tail, before, after)


def _is_retimed(one: ShownClip, two: ShownClip) -> bool:
    """Return whether the speeds differ in the printed digits."""
    return percent(float(one.placed.speed)) != percent(float(two.placed.speed))


def _is_slot(item: otio.core.Item) -> bool:
    return isinstance(item, otio.schema.Clip) and slot_of(item) is not None


def _file_name(item: otio.core.Item) -> str:
    return media_file_name(getattr(item, "media_reference", None))


def _ramp(pieces: Sequence[ShownClip]) -> SpeedRamped | None:
    return speed_ramp(pieces[0].name, [piece.placed for piece in pieces]) if pieces else None


def _split_changes(pieces: Sequence[ShownClip]) -> Iterator[Change]:
    ramp = _ramp(pieces)
    if ramp is not None:
        yield ramp
        return
    frames = 0
    for before, after in pairwise(pieces):
        frames += before.placed.frames
        follows = before.placed.end == after.placed.start
        yield ClipSplit(before.name, frames, None if follows else after.placed.start)


def _transition_changes(
    pairs: Sequence[ClipPair], splits: Mapping[ShownClip, Sequence[ShownClip]]
) -> Iterator[Change]:
    for one, two in pairs:
        for is_out in (False, True):
            before, after = (_timing(_beside(shown.placed, is_out=is_out)) for shown in (one, two))
            if before != after:
                yield TransitionChanged(two.name, before, after, is_out)
        for piece in splits[one]:
            added = _timing(piece.placed.into) if piece is not two else None
            if added is not None:
                yield TransitionChanged(piece.name, None, added)


def _beside(placed: Placed, *, is_out: bool) -> TrackTransition | None:
    """Return the transition into a clip; with ``is_out``, that from it into no other clip."""
    if not is_out:
        return placed.into or placed.fade_in
    if placed.out is None:
        return placed.fade_out
    track = placed.out.item.parent()
    return (
        placed.out if isinstance(track[track.index(placed.out.item) + 1], otio.schema.Gap) else None
    )


def _timing(transition: TrackTransition | None) -> TransitionTiming | None:
    if transition is None:
        return None
    return TransitionTiming(transition.kind, transition.before, transition.after)


def _audio_changes(before: Sequence[OpenedItem], after: Sequence[OpenedItem]) -> Iterator[Change]:
    old, new = _audio_tracks(before), _audio_tracks(after)
    for number, (clips, new_clips) in enumerate(zip(old, new, strict=False), 1):
        if [clip[:-1] for clip in clips] == [clip[:-1] for clip in new_clips]:
            for (file, *_, was_on), (*_, is_on) in zip(clips, new_clips, strict=True):
                if was_on != is_on:
                    yield ClipToggled(file.rpartition(".")[0] or file, is_on)
        else:
            changed = sum(clip not in clips for clip in new_clips)
            yield AudioTrackChanged(f"A{number}", len(clips), len(new_clips), changed)
    if len(old) != len(new):
        yield AudioTracksCounted(len(old), len(new))


def _audio_tracks(items: Sequence[OpenedItem]) -> list[list[_AudioClip]]:
    """Return the clips of each audio track."""
    tracks: dict[int, list[_AudioClip]] = {}
    for one in items:
        clip, p = one.placed.item, one.placed
        if one.is_sound and isinstance(clip, otio.schema.Clip):
            named = _file_name(clip) or str(clip.name)
            heard = (named, p.start, p.frames, p.media_start, is_visible(p.item))
            tracks.setdefault(one.track, []).append(heard)
    return [tracks.get(number, []) for number in range(max(tracks, default=-1) + 1)]
