"""Write CMX 3600 edit decision lists (`edl_events`).

A list holds one picture track and no sound. Its dissolves begin at the cut, where ours begin half
their length before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PureWindowsPath

import opentimelineio as otio

from ...errors import InputError, Problem
from ...timeline.item_label import label_of
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.properties import rate_of
from ...timeline.rate import whole_frames
from .base import start_offset, write_text
from .edl_events import timecode

MOST_EVENTS = 999
"""Events that the format numbers; many programs read longer lists too."""
EXACT = 5e-4
"""Frames a second by which a retime may differ from its one decimal."""
_REEL = re.compile(r"[A-Za-z0-9_.-]{1,8}")


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of an edit: the frames of a clip from an instant on, or black.

    Attributes:
        clip: None for black.
        reel: its name.
        start: first source frame.
        frames: number of source frames.
        speed: of playback.
        offset: seconds from the first source frame to the exact start.
    """

    clip: otio.schema.Clip | None
    reel: str = "BL"
    start: int = 0
    frames: int = 0
    speed: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.edl``."""
    pictures = timeline.video_tracks()
    if not pictures:
        what = "the timeline has no picture track"
        hint = "an edit decision list holds pictures only"
        raise InputError(Problem.general(what, hint))
    losses = []
    if len(pictures) > 1:
        losses.append("an edit decision list holds one picture track; the others are left out")
    if len(pictures) < len(timeline.tracks):
        losses.append("an edit decision list carries no sound; it is left out")
    events = _EventLines(timeline)
    events.add_all(lay_out(pictures[0], rate_of(timeline)))
    # After the events: OpenTimelineIO's own adapter rejects a comment before the first one.
    events.lines.append(f"* FRAME RATE: {rate_of(timeline)}")
    losses += events.losses
    if events.number > MOST_EVENTS:
        losses.append(f"{events.number} events; some programs read the first {MOST_EVENTS}")
    write_text(path, "\n".join(events.lines) + "\n")
    return losses


class _EventLines:
    """The lines of a list."""

    def __init__(self, timeline: otio.schema.Timeline):
        self._rate = rate_of(timeline)
        self._nominal = round(self._rate)
        stated = timeline.metadata.get("cmx_3600", {})
        is_drop = hasattr(stated, "get") and str(stated.get("FCM", "")).startswith("DROP")
        self._drop = is_drop and self._nominal % 30 == 0 and self._rate.denominator != 1
        start = timeline.global_start_time
        self._start = whole_frames(start, self._rate) if start is not None else 0
        self._reels: dict[str, str] = {}
        self.number = 0
        self.losses: list[str] = []
        self.lines = [
            f"TITLE: {' '.join(str(timeline.name or 'timeline').split())}",
            f"FCM: {'DROP FRAME' if self._drop else 'NON-DROP FRAME'}",
        ]

    def add_all(self, items: list[Placed]) -> None:
        """Add the events of a track: one for each clip, two for each transition.

        Black at both ends is stated; other gaps are what no event records.
        """
        for index, placed in enumerate(items):
            before = items[index - 1] if index else None
            cut = placed.into or placed.fade_in
            out = placed.out or placed.fade_out
            start = placed.start - (cut.before if cut else 0)
            end = placed.end - (out.before if out else 0)
            incoming = self._side(placed, start, end - start)
            if cut is not None:
                outgoing = self._side(before, start, 0)
                self._add_transition(cut, outgoing, incoming, start, end)
            elif end > start and (incoming.clip or index in (0, len(items) - 1)):
                self._add_cut(incoming, start, end)
            if placed.fade_out is not None and placed.fade_out.before:
                held = self._side(placed, end, 0)
                self._add_transition(placed.fade_out, held, _Side(None), end, placed.end)

    def _side(self, placed: Placed | None, at: int, frames: int) -> _Side:
        """Return what an item shows from a frame of the reel on."""
        clip = placed.item if placed is not None and placed.is_clip else None
        if placed is None or not isinstance(clip, otio.schema.Clip) or _is_black(clip):
            return _Side(None, frames=frames)
        begin = whole_frames(clip.trimmed_range().start_time, self._rate)
        first = begin + round((at - placed.start) * placed.speed)
        if first < 0:
            self.losses.append(
                f"{label_of(clip)}: begins before its media do; written from their start"
            )
        used = round(frames * abs(placed.speed)) if placed.speed else min(1, frames)
        offset = start_offset(clip)
        return _Side(clip, self._reel(clip), max(0, first), used, placed.speed, offset)

    def _reel(self, clip: otio.schema.Clip) -> str:
        """Return the reel of a clip: as a list stated it, else up to eight letters and digits."""
        reference = clip.media_reference
        if _generator(reference) == "SMPTEBars":
            return "BARS"
        stated = clip.metadata.get("cmx_3600", {})
        reel = str(stated.get("reel", "")) if hasattr(stated, "get") else ""
        if _REEL.fullmatch(reel):
            return reel
        url = _file(reference) or str(clip.name)
        if url not in self._reels:
            plain = re.sub(r"[^A-Z0-9]", "", PureWindowsPath(url).stem.upper()) or "AX"
            name, number = plain[:8], 2
            while name in self._reels.values() or name in ("BL", "BLACK", "BARS"):
                name = f"{plain[: 8 - len(str(number))]}{number}"
                number += 1
            self._reels[url] = name
        return self._reels[url]

    def _add_cut(self, side: _Side, start: int, end: int) -> None:
        self.number += 1
        self.lines += ["", self._line(side, "C", side.frames, start, end)]
        self._describe(side, "FROM", start)

    def _add_transition(
        self, cut: TrackTransition, outgoing: _Side, incoming: _Side, start: int, end: int
    ) -> None:
        """Add the two events of a transition that begins at ``start``."""
        if outgoing.clip is None and incoming.clip is None:
            return
        if cut.kind != "dissolve":
            self.losses.append(f"{cut.kind}: written as a dissolve")
        self.number += 1
        self.lines += ["", self._line(outgoing, "C", 0, start, start)]
        kind = f"D    {min(cut.frames, end - start):03}"
        self.lines.append(self._line(incoming, kind, incoming.frames, start, end))
        self._describe(outgoing, "FROM", start)
        if incoming.clip and outgoing.clip and cut.before != cut.frames // 2:
            self.lines.append(f"* CUT: AFTER {cut.before} OF {cut.frames} FRAMES")
        # Of two sides from one reel the last speed is the incoming one's.
        is_retimed = outgoing.speed != 1 and outgoing.reel == incoming.reel
        self._describe(incoming, "TO", start, is_retimed=is_retimed)

    def _line(self, side: _Side, kind: str, source_frames: int, start: int, end: int) -> str:
        codes = (
            side.start,
            side.start + source_frames,
            self._start + start,
            self._start + end,
        )
        times = " ".join(map(self._timecode, codes))
        return f"{self.number:03}  {side.reel:8} V     {kind:8} {times}"

    def _timecode(self, frame: int) -> str:
        return timecode(frame, self._nominal, drop=self._drop)

    def _describe(self, side: _Side, which: str, start: int, *, is_retimed: bool = False) -> None:
        """Add the retime, name, file and markers of a side."""
        clip = side.clip
        if clip is None:
            return
        if side.speed != 1 or is_retimed:
            fps = float(self._rate * side.speed)
            shown = f"{fps:05.1f}" if abs(fps - round(fps, 1)) < EXACT else f"{fps:07.3f}"
            self.lines.append(f"M2   {side.reel:8}       {shown}    {self._timecode(side.start)}")
        self.lines.append(f"* {which} CLIP NAME: {' '.join(str(clip.name).split())}")
        if side.offset and side.frames:
            top, bottom = side.offset.as_integer_ratio()
            more = f"{'-' if top < 0 else '+'} {abs(top)}/{bottom} s"
            self.lines.append(f"* {which} EXACT START: {self._timecode(side.start)} {more}")
        if not side.speed:
            self.lines.append("* * FREEZE FRAME")
        file = _file(clip.media_reference)
        if file:
            self.lines.append(f"* {which} CLIP: {file}")
        for marker in clip.markers:
            shown_from = clip.trimmed_range().start_time
            place = whole_frames(marker.marked_range.start_time - shown_from, self._rate)
            at = self._timecode(max(0, self._start + start + place))
            name = " ".join(str(marker.name).split())
            self.lines.append(f"* LOC: {at} {marker.color or 'RED':7} {name}".rstrip())


def _generator(reference: otio.core.MediaReference | None) -> str:
    if isinstance(reference, otio.schema.GeneratorReference):
        return str(reference.generator_kind)
    return ""


def _is_black(clip: otio.schema.Clip) -> bool:
    return _generator(clip.media_reference).lower() == "black"


def _file(reference: otio.core.MediaReference | None) -> str:
    """Return the file of a reference, or the pattern of a sequence, on one line; else empty."""
    if isinstance(reference, otio.schema.ExternalReference):
        return " ".join(str(reference.target_url).split("\n"))
    if isinstance(reference, otio.schema.ImageSequenceReference):
        digits = reference.frame_zero_padding
        first, last = reference.start_frame, reference.end_frame()
        numbers = f"[{first:0{digits}}-{last:0{digits}}]"
        return f"{reference.target_url_base}{reference.name_prefix}{numbers}{reference.name_suffix}"
    return ""
