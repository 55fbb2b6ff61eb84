"""What changed from one timeline to another, in an editor's words.

Clips are told apart by the slot that they show; of several that show one, those that begin at
nearest frames of it are taken for the same. Everything is said in frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..timeline.layout import Placed, TrackTransition, lay_out
from ..timeline.slots import slot_of
from ..timeline.values import own_metadata


@dataclass(frozen=True, slots=True)
class ShownClip:
    """A clip of a picture track by the name of what it shows."""

    name: str
    placed: Placed


def compare(before: otio.schema.Timeline, after: otio.schema.Timeline, fps: Fraction) -> list[str]:
    """The changes from one timeline to another, one line each; none where nothing changed.

    Args:
        before, after: with recipes in their slots, or without.
        fps: the rate that both are counted in.
    """
    lines: list[str] = []
    old, new = _shown(before, fps), _shown(after, fps)
    pairs, gone, added = _pair(old, new)
    lines += [f"{shown.name} removed" for shown in gone]
    lines += [
        f"{shown.name} added at frame {shown.placed.start}, {_frames(shown.placed.frames)}"
        for shown in added
    ]
    split = _split(pairs, added)
    lines += _order(pairs)
    gaps = _gaps(old) | _gaps(new)
    for one, two in pairs:
        lines += _clip_changes(one, two)
        shift = two.placed.start - one.placed.start
        # What only follows those before it is not said again; a cut between two that moved is.
        rolled = one.placed.end == two.placed.end
        if shift and (rolled or gaps[id(one)] != gaps[id(two)]):
            lines.append(f"{two.name} starts {_later(shift)}")
    lines = _say_splits(lines, split)
    lines += _blend_changes(pairs)
    lines += _sound_changes(before, after, fps)
    lengths = [max((s.placed.end for s in shown), default=0) for shown in (old, new)]
    if lengths[0] != lengths[1]:
        change = _longer(lengths[1] - lengths[0])
        lines.append(f"the picture is {change}: {lengths[0]} to {lengths[1]} frames")
    return lines


def _shown(timeline: otio.schema.Timeline, fps: Fraction) -> list[ShownClip]:
    tracks = timeline.video_tracks()
    return [
        ShownClip(_name(placed.item) + ("" if track is tracks[0] else f" on {track.name}"), placed)
        for track in tracks
        for placed in lay_out(track, fps)
        if isinstance(placed.item, otio.schema.Clip)
    ]


def _name(item: otio.core.Item) -> str:
    slot = slot_of(item) if isinstance(item, otio.schema.Clip) else None
    return slot.name if slot is not None else str(item.name) or "a clip without a name"


def _scene_place(shown: ShownClip) -> int:
    """The frame of the scene's picture that a clip begins at, which extending does not change."""
    clip = shown.placed.item
    slot = slot_of(clip) if isinstance(clip, otio.schema.Clip) else None
    if slot is None:
        return shown.placed.media_start
    shift = int(own_metadata(clip).get("shift", 0))
    return int(slot.recipe["start"]) - shift + shown.placed.media_start


def _pair(
    old: Sequence[ShownClip], new: Sequence[ShownClip]
) -> tuple[list[tuple[ShownClip, ShownClip]], list[ShownClip], list[ShownClip]]:
    """The same clips in both, those that are gone, and those that are new; in reel order."""
    pairs: list[tuple[ShownClip, ShownClip]] = []
    left = list(new)
    gone = []
    for shown in old:
        same = [other for other in left if other.name == shown.name]
        if not same:
            gone.append(shown)
            continue
        best = min(
            same,
            key=lambda other: (
                abs(_scene_place(other) - _scene_place(shown)),
                abs(other.placed.start - shown.placed.start),
            ),
        )
        left.remove(best)
        pairs.append((shown, best))
    return pairs, gone, left


def _order(pairs: Sequence[tuple[ShownClip, ShownClip]]) -> Iterator[str]:
    """Clips that changed places."""
    before = [one for one, _ in pairs]
    after = [one for one, two in sorted(pairs, key=lambda pair: pair[1].placed.start)]
    if before == after:
        return
    out = [i for i in range(len(before)) if before[i] is not after[i]]
    if len(out) == 2 and before[out[0]] is after[out[1]]:
        yield f"{before[out[0]].name} and {before[out[1]].name} swapped"
        return
    names = [id(shown) for shown in before]
    stay: set[int] = set()
    matcher = SequenceMatcher(None, names, [id(shown) for shown in after], autojunk=False)
    for block in matcher.get_matching_blocks():
        stay |= set(names[block.a : block.a + block.size])
    for index, shown in enumerate(after):
        if id(shown) not in stay:
            place = f"after {after[index - 1].name}" if index else "to the front"
            yield f"{shown.name} moved {place}"


def _gaps(shown: Sequence[ShownClip]) -> dict[int, int]:
    """Frames between each clip and the one before it on its track."""
    gaps, ends = {}, dict[object, int]()
    for one in shown:
        track = id(one.placed.item.parent())
        gaps[id(one)] = one.placed.start - ends.get(track, 0)
        ends[track] = one.placed.end
    return gaps


def _clip_changes(one: ShownClip, two: ShownClip) -> Iterator[str]:
    old, new, name = one.placed, two.placed, two.name
    if old.speed != new.speed:
        speeds = [f"{float(placed.speed) * 100:g} %" for placed in (new, old)]
        yield f"{name} plays at {speeds[0]} instead of {speeds[1]}"
    if bool(old.item.enabled) != bool(new.item.enabled):
        yield f"{name} switched {'on' if new.item.enabled else 'off'}"
    file_before, file_after = _own_file(old.item), _own_file(new.item)
    if file_before != file_after and file_before and file_after:
        yield f"{name} shows {file_after} instead of {file_before}"
    begins = _scene_place(two) - _scene_place(one)
    longer = new.frames - old.frames
    ends = begins + longer
    if old.speed == new.speed and begins and not longer:
        yield f"{name} slipped by {_frames(abs(begins))}, {_sooner(begins)}"
    elif begins or longer:
        if begins:
            yield f"{name} begins {_later(begins)} in its picture"
        if ends and old.speed == new.speed:
            yield f"{name} ends {_later(ends)} in its picture"
        if longer:
            yield f"{name} is {_longer(longer)}: {old.frames} to {new.frames} frames"


def _own_file(item: otio.core.Item) -> str:
    """The file of a clip that is no slot; a slot's changes with its recipe."""
    if not isinstance(item, otio.schema.Clip) or slot_of(item) is not None:
        return ""
    return Path(getattr(item.media_reference, "target_url", "") or "").name


def _split(
    pairs: Sequence[tuple[ShownClip, ShownClip]], added: Sequence[ShownClip]
) -> dict[str, tuple[ShownClip, ShownClip]]:
    """New clips that go on where one of the same slot now stops: it was cut in two."""
    found = {}
    for one, two in pairs:
        for piece in added:
            before, after = sorted((two, piece), key=_scene_place)
            if (
                piece.name == two.name
                and _scene_place(before) + before.placed.frames == _scene_place(after)
                and two.placed.frames + piece.placed.frames == one.placed.frames
            ):
                found[piece.name] = (before, after)
    return found


def _say_splits(lines: list[str], split: dict[str, tuple[ShownClip, ShownClip]]) -> list[str]:
    """Say of a clip that was cut in two just that."""
    for name, (before, after) in split.items():
        lines = [
            line
            for line in lines
            if not line.startswith((f"{name} added", f"{name} is ", f"{name} ends "))
        ]
        at = f"{name} split after {_frames(before.placed.frames)}"
        if before.placed.end != after.placed.start:
            at += f", the second piece at frame {after.placed.start}"
        lines.append(at)
    return lines


def _blend_changes(pairs: Sequence[tuple[ShownClip, ShownClip]]) -> Iterator[str]:
    for one, two in pairs:
        yield from _blend_change(one.placed.into, two.placed.into, f"into {two.name}")


def _blend_change(
    old: TrackTransition | None, new: TrackTransition | None, where: str
) -> Iterator[str]:
    if old is None and new is None:
        return
    if old is None and new is not None:
        yield f"{new.kind} of {_frames(new.frames)} {where} added"
    elif new is None and old is not None:
        yield f"{old.kind} {where} removed"
    elif old is not None and new is not None:
        if old.kind != new.kind:
            yield f"{old.kind} {where} is now {new.kind}"
        if old.frames != new.frames:
            yield f"{new.kind} {where} {old.frames} to {new.frames} frames"
        elif old.before != new.before:
            change = new.before - old.before
            side = "earlier" if change > 0 else "later"
            yield f"{new.kind} {where} begins {_frames(abs(change))} {side}"


def _sound_changes(
    before: otio.schema.Timeline, after: otio.schema.Timeline, fps: Fraction
) -> Iterator[str]:
    """Sound tracks whose clips are not where they were."""
    for old, new in zip(before.audio_tracks(), after.audio_tracks(), strict=False):
        parts = [
            [(Path(_file(p.item)).name, p.start, p.frames, p.media_start) for p in lay_out(t, fps)
             if isinstance(p.item, otio.schema.Clip)]
            for t in (old, new)
        ]  # fmt: skip
        if parts[0] != parts[1]:
            moved = sum(part not in parts[0] for part in parts[1])
            yield f"sound of {new.name}: {len(parts[0])} to {len(parts[1])} clips, {moved} changed"
    fewer = len(before.audio_tracks()) - len(after.audio_tracks())
    if fewer:
        yield f"{abs(fewer)} sound tracks {'removed' if fewer > 0 else 'added'}"


def _file(item: otio.core.Item) -> str:
    return str(getattr(getattr(item, "media_reference", None), "target_url", "") or item.name)


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"


def _later(change: int) -> str:
    return f"{_frames(abs(change))} {'later' if change > 0 else 'earlier'}"


def _longer(change: int) -> str:
    return f"{_frames(abs(change))} {'longer' if change > 0 else 'shorter'}"


def _sooner(begins: int) -> str:
    return "to later frames of its picture" if begins > 0 else "to earlier frames of its picture"
