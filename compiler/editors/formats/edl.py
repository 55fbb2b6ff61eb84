"""CMX 3600 edit decision lists, by `otio-cmx3600-adapter`.

A list holds one picture track and no sound here. A dissolve in it begins at its cut; ours lie
around theirs, so they are put back there when a list is read. What the adapter leaves wrong:

* With a dissolve, the file of the clip that comes in is read as that of the one that goes out, and
  its speed is not read.
* Reels are named after files, spaces and all, which no reader takes; they are made of letters here.
* More than one picture track is refused; the first is written.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.text_encoding import decode, unix_lines
from ...sync.rationals import parse_rational
from ...timeline.layout import kind_of
from ...timeline.properties import rate_of
from ...timeline.rate import time, time_range, whole_frames
from .base import adapter

ADAPTER = "cmx_3600"
RATE = 24
"""Frames a second of a list whose rate is unknown."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.edl``."""
    module = adapter(ADAPTER, path)
    notes = []
    pictures = timeline.video_tracks()
    if not pictures:
        what, hint = "the timeline has no picture track", "an edit decision list is one of pictures"
        raise InputError(Problem.general(what, hint))
    if len(pictures) > 1:
        notes.append("an edit decision list holds one picture track; the others are left out")
    if len(pictures) < len(timeline.tracks):
        notes.append("an edit decision list carries no sound; it is left out")
    copy = otio.schema.Timeline(timeline.name or path.stem)
    copy.global_start_time = timeline.global_start_time
    track = pictures[0].deepcopy()
    for item in track:
        if isinstance(item, otio.schema.Transition):
            if kind_of(item) != "dissolve":
                notes.append(f"{kind_of(item)}: written as a dissolve")
            item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
            item.name = ""
    copy.tracks.append(track)
    _name_reels(track)
    text = module.write_to_string(copy, rate=float(rate_of(timeline)))
    path.write_text(text, encoding="utf-8", newline="\n")
    return notes


def _name_reels(track: otio.schema.Track) -> None:
    """A reel of eight letters and digits for every file, the same for the same file."""
    reels: dict[str, str] = {}
    for clip in track.find_clips():
        url = str(getattr(clip.media_reference, "target_url", "") or clip.name)
        if url not in reels:
            plain = re.sub(r"[^A-Z0-9]", "", Path(url).stem.upper()) or "AX"
            name, number = plain[:8], 2
            while name in reels.values():
                name = f"{plain[: 8 - len(str(number))]}{number}"
                number += 1
            reels[url] = name
        clip.metadata["cmx_3600"] = {"reel": reels[url]}


def read(path: Path, fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.edl``, at the rate that the reel is known to have."""
    module = adapter(ADAPTER, path)
    text = unix_lines(decode(path.read_bytes(), "replace"))
    rate = fps or _rate_of_timecode(text)
    timeline = module.read_from_string(text, rate=float(rate), ignore_timecode_mismatch=True)
    if isinstance(timeline, otio.schema.Timeline):
        files = _files_by_name(text)
        for track in timeline.tracks:
            track.name = "V1" if track.name == "V" else track.name
            _add_speeds(track, text, rate)
            _mend(track, files, rate)
        _start_at_record_time(timeline, rate)
    return timeline


def _rate_of_timecode(text: str) -> Fraction:
    """Return the lowest usual rate that counts all frames of a list's timecode; 24 if it may be."""
    highest = max(map(int, re.findall(r"\b(?:\d\d[:;]){3}(\d\d)\b", text)), default=0)
    if highest < RATE:
        return Fraction(RATE)
    drops = re.search(r"^FCM:\s*DROP", text, re.M)
    return Fraction(25) if highest < 25 else Fraction(30000, 1001) if drops else Fraction(30)


def _start_at_record_time(timeline: otio.schema.Timeline, rate: Fraction) -> None:
    """State the record timecode of the first event as the start of the timeline.

    The adapter states that of each track as a ``source_range`` before its first item, where
    nothing is shown.
    """
    starts = {
        id(track): -whole_frames(track.source_range.start_time, rate)
        for track in timeline.tracks
        if track.source_range is not None
    }
    start = min(starts.values(), default=0)
    for track in timeline.tracks:
        track.source_range = None
        late = starts.get(id(track), start) - start
        if late > 0:
            track.insert(0, otio.schema.Gap(source_range=time_range(0, late, rate)))
    if start > 0:
        timeline.global_start_time = time(start, rate)


def _files_by_name(text: str) -> dict[str, str]:
    """Which file each clip is of, by the comments of the list."""
    files: dict[str, str] = {}
    for way in ("FROM", "TO"):
        names = re.findall(rf"^\*\s*{way} CLIP NAME:\s*(.+?)\s*$", text, re.M)
        paths = re.findall(rf"^\*\s*{way} CLIP:\s*(.+?)\s*$", text, re.M)
        if len(names) == len(paths):
            files |= dict(zip(names, paths, strict=True))
    return files


def _add_speeds(track: otio.schema.Track, text: str, rate: Fraction) -> None:
    """Retimes that the adapter missed: ``M2`` lines after the event that they belong to."""
    starts = {
        whole_frames(track.range_of_child(item).start_time, rate): item
        for item in track
        if isinstance(item, otio.schema.Clip)
    }
    first = min(starts, default=0)
    begin: int | None = None
    last: otio.schema.Clip | None = None
    for line in text.splitlines():
        event = re.match(r"^\d+\s+.*?((?:\d\d[:;]){3}\d\d)\s+(?:\d\d[:;]){3}\d\d\s*$", line)
        if event is not None:
            at = whole_frames(otio.opentime.from_timecode(event[1], float(rate)), rate)
            begin = at if begin is None else begin
            last = starts.get(at - begin + first)
        speed = re.match(r"^M2\s+(\S.*?)\s+(-?[\d.]+)\s+(?:\d\d[:;]){3}\d\d\s*$", line)
        if speed is not None and last is not None and last.name == speed[1] and not last.effects:
            scalar = parse_rational(speed[2]) / rate
            warp = otio.schema.LinearTimeWarp(time_scalar=float(scalar))
            last.effects.append(warp if scalar else otio.schema.FreezeFrame())


def _mend(track: otio.schema.Track, files: dict[str, str], rate: Fraction) -> None:
    items = list(track)
    for item in items:
        if isinstance(item, otio.schema.Clip) and item.name in files:
            item.media_reference = otio.schema.ExternalReference(files[item.name])
    for index, item in enumerate(items):
        if not isinstance(item, otio.schema.Transition) or not 0 < index < len(items) - 1:
            continue
        before, after = items[index - 1], items[index + 1]
        frames = whole_frames(item.in_offset, rate) + whole_frames(item.out_offset, rate)
        shift = frames // 2 - whole_frames(item.in_offset, rate)
        # A list that moved its cut moved it by this much; the other sides of both stay.
        old, new = before.trimmed_range(), after.trimmed_range()
        start = whole_frames(new.start_time, rate) + shift
        length = whole_frames(new.duration, rate) - shift
        if length <= 0:
            continue
        before.source_range = time_range(
            whole_frames(old.start_time, rate), whole_frames(old.duration, rate) + shift, rate
        )
        after.source_range = time_range(start, length, rate)
        item.in_offset = time(frames // 2, rate)
        item.out_offset = time(frames - frames // 2, rate)
