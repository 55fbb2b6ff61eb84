"""Read CMX 3600 edit decision lists (`edl_events`).

The record side of a list decides where its clips lie. A dissolve of a list begins at its cut; it is
centred here, unless a comment of ours states its cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ...errors import InputError, Problem
from ...files.text_encoding import decode, unix_lines
from ...media.probe import is_still, probe_if_readable
from ...timeline.effects import speed_of
from ...timeline.media import media_path
from ...timeline.rate import exact_rate, time, time_range
from .base import time_warp
from .edl_events import EdlEvent, EventList, parse_events, rate_of_events

MOST_PROBED = 8
"""Media files that may state a frame rate."""
_BLACK = ("BL", "BLACK")
_CHANNELS = {"A": ("A1",), "AA": ("A1", "A2"), "B": ("V", "A1"), "NONE": ()}
_FOREGROUND = ("K", "KO")
_SEQUENCE = re.compile(r"(?P<prefix>.*?)\[(?P<start>\d+)-(?P<end>\d+)\](?P<suffix>\.\w+)")


def read(path: Path, fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.edl``.

    Args:
        path: the file.
        fps: the frame rate; by default the one of its comment, its media or its timecode.

    Raises:
        InputError: it holds no events, or nothing tells its frame rate.
    """
    found = parse_events(unix_lines(decode(path.read_bytes(), "replace")), path)
    if not found.events:
        raise InputError(Problem.in_file(path, "holds no events; not an edit decision list"))
    rate = fps or found.fps or _rate_of_media(found, path.parent) or rate_of_events(found)
    if rate is None:
        what = "states no frame rate, and several fit its timecode"
        raise InputError(Problem.in_file(path, what, "give it, as in --fps 25"))
    return _ListReader(found, rate).timeline(path.stem)


def _rate_of_media(found: EventList, root: Path) -> Fraction | None:
    """Return the frame rate of the list's video files, if there is one that counts its frames."""
    rates = set()
    paths = dict.fromkeys(file for event in found.events for file in event.files.values())
    for url in list(paths)[:MOST_PROBED]:
        file = media_path(otio.schema.ExternalReference(url), root)
        info = None if file is None or is_still(file) else probe_if_readable(file)
        if info is not None and info.video is not None and info.video.fps:
            rates.add(exact_rate(info.video.fps))
    highest = max(c.frames for e in found.events for c in (*e.source, *e.record))
    return rates.pop() if len(rates) == 1 and highest < min(rates) else None


class _ListReader:
    """Makes a timeline of a parsed list at one frame rate."""

    def __init__(self, found: EventList, rate: Fraction):
        self._found, self._rate = found, rate
        self._nominal = round(rate)
        self._drop = found.is_drop and self._nominal % 30 == 0
        names = [
            (e.names[side], e.files[side])
            for e in found.events
            for side in e.names.keys() & e.files.keys()
        ]
        self._files = dict(names)

    def timeline(self, name: str) -> otio.schema.Timeline:
        """Return the timeline: a track for each channel, from the first record timecode on."""
        made = otio.schema.Timeline(self._found.title or name)
        if any(event.markers for event in self._found.events):
            self._add_markers(made)
            return made
        channels: dict[str, list[EdlEvent]] = {}
        for event in self._found.events:
            for channel in _channels(event):
                # The foreground of a key lies over its background, which is of kind KB.
                is_above = channel == "V" and event.kind in _FOREGROUND
                channels.setdefault("V2" if is_above else channel, []).append(event)
        start = min(self._at(event.record[0]) for event in self._found.events)
        for channel, events in channels.items():
            kind = otio.schema.TrackKind.Audio if channel[0] == "A" else otio.schema.TrackKind.Video
            track = otio.schema.Track("V1" if channel == "V" else channel, kind=kind)
            track.extend(self._items(events, start))
            made.tracks.append(track)
        self._state_start(made, start)
        return made

    def _state_start(self, made: otio.schema.Timeline, start: int) -> None:
        if start:
            made.global_start_time = time(start, self._rate)
        if self._drop:
            made.metadata["cmx_3600"] = {"FCM": "DROP FRAME"}

    def _at(self, code: Any) -> int:
        return int(code.at(self._nominal, drop=self._drop))

    def _add_markers(self, made: otio.schema.Timeline) -> None:
        """Add the markers of a list that has nothing else, as DaVinci Resolve exports it."""
        first = min(self._at(event.record[0]) for event in self._found.events)
        hour = self._nominal * 3600
        start, end = first // hour * hour, first
        for event in self._found.events:
            at = self._at(event.record[0])
            for colour, name, frames in event.markers:
                marker = otio.schema.Marker(name, time_range(at - start, frames, self._rate))
                marker.color = _colour(colour.removeprefix("ResolveColor"))
                made.tracks.markers.append(marker)
                end = max(end, at + frames)
        gap = otio.schema.Gap(source_range=time_range(0, end - start, self._rate))
        made.tracks.append(otio.schema.Track("V1", [gap]))
        self._state_start(made, start)

    def _items(self, events: Iterable[EdlEvent], start: int) -> list[otio.core.Composable]:
        """Return the items of a track that begins at a record frame."""
        items: list[otio.core.Composable] = []
        end, from_black = start, False
        for event in sorted(events, key=lambda event: self._at(event.record[0])):
            at, out = (self._at(code) for code in event.record)
            if out <= at:  # the outgoing side of a transition
                from_black = event.reel.upper() in _BLACK
                continue
            if out <= end:
                continue  # What was recorded before stays.
            skipped = max(0, end - at)
            if at > end:
                items.append(self._gap(at - end))
            end = out
            clip = self._clip(event, skipped, out - at - skipped)
            length = min(event.frames, out - at) if event.kind[0] in "DW" and not skipped else 0
            if length > 1:
                self._add_transition(items, event, clip, length, from_black=from_black)
            items.append(clip)
            from_black = False
        return items

    def _gap(self, frames: int) -> otio.schema.Gap:
        return otio.schema.Gap(source_range=time_range(0, frames, self._rate))

    def _add_transition(
        self,
        items: list[otio.core.Composable],
        event: EdlEvent,
        clip: otio.core.Item,
        length: int,
        *,
        from_black: bool,
    ) -> None:
        """Put a cut where a comment has it, else half the transition later than the list has it."""
        shown = clip.source_range
        frames = round(shown.duration.value)
        shift = length // 2
        if event.cut is not None and event.cut[1] == length and event.cut[0] <= length:
            shift = min(event.cut[0], frames)
        if not items or (from_black and not isinstance(items[-1], otio.schema.Gap)):
            items.append(self._gap(0))
        before = items[-1]
        assert isinstance(before, otio.core.Item)
        held = before.source_range
        before.source_range = TimeRange(
            held.start_time, time(round(held.duration.value) + shift, self._rate)
        )
        moved = shown.start_time + time(round(shift * speed_of(clip)), self._rate)
        clip.source_range = TimeRange(moved, time(frames - shift, self._rate))
        is_dissolve = event.kind == "D"
        items.append(
            otio.schema.Transition(
                name="" if is_dissolve else "wipe",
                transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve
                if is_dissolve
                else otio.schema.TransitionTypes.Custom,
                in_offset=time(shift, self._rate),
                out_offset=time(length - shift, self._rate),
                metadata={"cmx_3600": {"transition": event.kind}},
            )
        )

    def _clip(self, event: EdlEvent, skipped: int, frames: int) -> otio.core.Item:
        """Return the clip of an event, without the first ``skipped`` frames; a gap for black."""
        if event.reel.upper() in _BLACK:
            return self._gap(frames)
        side = (
            "TO"
            if event.kind != "C" and "TO" in event.names.keys() | event.files.keys()
            else "FROM"
        )
        file = event.files.get(side) or self._files.get(event.names.get(side, ""), "")
        speed = self._speed(event)
        begin = self._at(event.source[0]) + round(skipped * speed)
        name = event.names.get(side) or PureWindowsPath(file).stem or f"{event.number:03}"
        clip = otio.schema.Clip(
            name=name.removesuffix(" FF") if event.is_frozen else name,
            media_reference=self._reference(event, file),
            source_range=time_range(begin, frames, self._rate),
        )
        at, offset = event.exact.get(side, (None, Fraction(0)))
        is_within = abs(offset * self._rate) <= 1
        if at == event.source[0] and is_within and speed == 1:  # Not if the start was edited since.
            start = RationalTime(float(begin + offset * self._rate), float(self._rate))
            clip.source_range = TimeRange(start, clip.source_range.duration)
        if speed != 1:
            clip.effects.append(time_warp(speed))
        if event.kind in _FOREGROUND:
            clip.effects.append(otio.schema.Effect("", "Key"))
        for code, colour, text in event.locators:
            place = begin + self._at(code) - self._at(event.record[0]) - skipped
            marker = otio.schema.Marker(text, time_range(place, 0, self._rate))
            marker.color = _colour(colour)
            clip.markers.append(marker)
        stated: dict[str, Any] = {} if event.reel == "AX" else {"reel": event.reel}
        if event.comments:
            stated["comments"] = list(event.comments)
        if stated:
            clip.metadata["cmx_3600"] = stated
        return clip

    def _speed(self, event: EdlEvent) -> Fraction:
        own = [speed for reel, speed in event.speeds if reel == event.reel]
        has_other = event.kind[0] in "DW" and event.speeds  # of the outgoing clip
        if event.is_frozen and not has_other:
            return Fraction(0)
        stated = own if has_other else own or [speed for _, speed in event.speeds]
        return (stated[-1] / self._rate).limit_denominator(1000) if stated else Fraction(1)

    def _reference(self, event: EdlEvent, file: str) -> otio.core.MediaReference:
        if event.reel.upper() == "BARS":
            return otio.schema.GeneratorReference(generator_kind="SMPTEBars")
        if not file:
            return otio.schema.MissingReference()
        numbered = _SEQUENCE.fullmatch(PureWindowsPath(file).name)
        if numbered is None:
            return otio.schema.ExternalReference(file)
        first, last = int(numbered["start"]), int(numbered["end"])
        return otio.schema.ImageSequenceReference(
            target_url_base=file[: -len(numbered[0])],
            name_prefix=numbered["prefix"],
            name_suffix=numbered["suffix"],
            start_frame=first,
            frame_zero_padding=len(numbered["start"]),
            rate=float(self._rate),
            available_range=time_range(
                self._at(event.source[0]), max(0, last - first + 1), self._rate
            ),
        )


def _channels(event: EdlEvent) -> Sequence[str]:
    """Return the names of an event's tracks."""
    names = [n for part in event.channels.upper().split("/") for n in _CHANNELS.get(part, (part,))]
    for comment in event.comments:
        if comment.startswith("AUD "):
            names += [f"A{number}" for number in comment.split()[1:] if number.isdigit()]
    return tuple(dict.fromkeys(names))


def _colour(name: str) -> str:
    known = getattr(otio.schema.MarkerColor, name.upper(), None)
    return str(known or otio.schema.MarkerColor.RED)
