"""CMX 3600 edit decision lists, through `otio-cmx3600-adapter`.

A list holds one picture track and, here, no sound. Its dissolves begin at the cut; ours are centred
on it, and are centred again on reading. Faults of the adapter that are fixed here:

* At a dissolve, it gives the incoming clip's file to the outgoing one, and ignores its speed.
* It names reels after files, with spaces, which no program reads; here they are letters and digits.
* It rejects several picture tracks; here the first is written.
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
from .base import adapter, time_warp, write_text

ADAPTER = "cmx_3600"
DEFAULT_FPS = Fraction(24)
"""Frames a second of a list whose rate is unknown."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.edl``."""
    module = adapter(ADAPTER, path)
    losses = []
    pictures = timeline.video_tracks()
    if not pictures:
        what, hint = (
            "the timeline has no picture track",
            "an edit decision list holds pictures only",
        )
        raise InputError(Problem.general(what, hint))
    if len(pictures) > 1:
        losses.append("an edit decision list holds one picture track; the others are left out")
    if len(pictures) < len(timeline.tracks):
        losses.append("an edit decision list carries no sound; it is left out")
    copy = otio.schema.Timeline(timeline.name or path.stem)
    copy.global_start_time = timeline.global_start_time
    track = pictures[0].deepcopy()
    for item in track:
        if isinstance(item, otio.schema.Transition):
            if kind_of(item) != "dissolve":
                losses.append(f"{kind_of(item)}: written as a dissolve")
            item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
            item.name = ""
    copy.tracks.append(track)
    _name_reels(track)
    text = module.write_to_string(copy, rate=float(rate_of(timeline)))
    write_text(path, text)
    return losses


def _name_reels(track: otio.schema.Track) -> None:
    """Name the reel of each file with up to eight letters and digits."""
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
    """Read ``.edl``, at the reel's frame rate, else at one that fits the list's timecode."""
    module = adapter(ADAPTER, path)
    text = unix_lines(decode(path.read_bytes(), "replace"))
    rate = fps or _rate_of_timecode(text)
    timeline = module.read_from_string(text, rate=float(rate), ignore_timecode_mismatch=True)
    if isinstance(timeline, otio.schema.Timeline):
        files = _files_by_clip_name(text)
        for track in timeline.tracks:
            track.name = "V1" if track.name == "V" else track.name
            _add_speeds(track, text, rate)
            _replace_files(track, files)
            _center_dissolves(track, rate)
        _start_at_record_time(timeline, rate)
    return timeline


def _rate_of_timecode(text: str) -> Fraction:
    """Return the lowest usual rate that counts all frames of a list's timecode; 24 if possible."""
    highest = max(map(int, re.findall(r"\b(?:\d\d[:;]){3}(\d\d)\b", text)), default=0)
    if highest < DEFAULT_FPS:
        return DEFAULT_FPS
    drops = re.search(r"^FCM:\s*DROP", text, re.M)
    return Fraction(25) if highest < 25 else Fraction(30000, 1001) if drops else Fraction(30)


def _start_at_record_time(timeline: otio.schema.Timeline, rate: Fraction) -> None:
    """State the record timecode of the first event as the start of the timeline.

    The adapter states it for each track as a ``source_range`` that begins before the first item.
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


def _files_by_clip_name(text: str) -> dict[str, str]:
    """Return the files that the comments of a list give for its clips."""
    files: dict[str, str] = {}
    for side in ("FROM", "TO"):
        names = re.findall(rf"^\*\s*{side} CLIP NAME:\s*(.+?)\s*$", text, re.M)
        paths = re.findall(rf"^\*\s*{side} CLIP:\s*(.+?)\s*$", text, re.M)
        if len(names) == len(paths):
            files |= dict(zip(names, paths, strict=True))
    return files


def _add_speeds(track: otio.schema.Track, text: str, rate: Fraction) -> None:
    """Add the retimes that the adapter ignores: ``M2`` lines after their event."""
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
            last.effects.append(time_warp(parse_rational(speed[2]) / rate))


def _replace_files(track: otio.schema.Track, files: dict[str, str]) -> None:
    for item in track:
        if isinstance(item, otio.schema.Clip) and item.name in files:
            item.media_reference = otio.schema.ExternalReference(files[item.name])


def _center_dissolves(track: otio.schema.Track, rate: Fraction) -> None:
    items = list(track)
    for index, item in enumerate(items):
        if not isinstance(item, otio.schema.Transition) or not 0 < index < len(items) - 1:
            continue
        before, after = items[index - 1], items[index + 1]
        frames = whole_frames(item.in_offset, rate) + whole_frames(item.out_offset, rate)
        shift = frames // 2 - whole_frames(item.in_offset, rate)
        # The list moved the cut by this much; the outer ends of both clips stay.
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
