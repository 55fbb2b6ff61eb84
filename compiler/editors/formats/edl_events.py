"""The events of a CMX 3600 edit decision list: its lines, and its timecode.

Format: "CMX 3600 Edit Decision List", as AVID's and Blackmagic's manuals state it. An event is

    NNN  REEL  CHANNELS  C|D|Wnnn|K [FRAMES]  SOURCE-IN  SOURCE-OUT  RECORD-IN  RECORD-OUT

and comments, retimes (``M2``) and locators follow it. A transition has two events with one number:
the outgoing clip, usually of no length, and the incoming one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ...errors import InputError, Place, Problem
from ...sync.rationals import parse_rational

NOMINAL = (24, 25, 30, 48, 50, 60)
"""Usual frames a second of timecode."""
_EVENT = re.compile(
    r"(\d+)\s+(\S.*?)\s+(\S+)\s+(C|D|K(?:\s*[BO]\b)?|W\d{3})(?:\s+(\d+))?\s+(\S+(?:\s+\S+){3})"
)
_TIMECODE = re.compile(r"(\d+):(\d\d):(\d\d)([:;.,])(\d\d)")
_SPEED = re.compile(r"M2\s+(.*?)\s+(-?\d*\.?\d+)\s+[\d:;]+")
_MARKER = re.compile(r"\|C:(?P<colour>\S*)\s+\|M:(?P<name>.*?)\s+\|D:(?P<frames>\d+)")
_CUT = re.compile(r"AFTER (\d{1,6}) OF (\d{1,6}) FRAMES")
_EXACT = re.compile(r"(\S+) ([+-]) (\d{1,9}/[1-9]\d{0,9}) s")
_LOCATOR = re.compile(r"((?:\d\d[:;]){3}\d\d)\s+(\w*)\s*(.*)")


@dataclass(frozen=True, slots=True)
class Timecode:
    """A timecode, or a number of frames without colons.

    Attributes:
        seconds: whole seconds, as counted by the timecode; 0 for a number of frames.
        frames: the frames after them.
        is_drop: whether a semicolon states drop-frame timecode.
    """

    seconds: int
    frames: int
    is_drop: bool = False

    def at(self, nominal: int, *, drop: bool) -> int:
        """Return the frame number.

        Drop-frame timecode leaves out the first two numbers (four at 60) of each minute but every
        tenth (SMPTE ST 12-1).

        Args:
            nominal: frames a second that the timecode counts.
            drop: whether it is drop-frame timecode.
        """
        minutes = self.seconds // 60
        left_out = nominal // 15 * (minutes - minutes // 10) if drop else 0
        return self.seconds * nominal + self.frames - left_out


def timecode(frame: int, nominal: int, *, drop: bool) -> str:
    """Return the timecode of a frame; with a semicolon if it is drop-frame.

    >>> timecode(1800, 30, drop=True), timecode(1800, 30, drop=False)
    ('00:01:00;02', '00:01:00:00')
    """
    if drop:
        left_out = nominal // 15
        tens, rest = divmod(frame, nominal * 600 - left_out * 9)
        minutes = max(0, (rest - left_out) // (nominal * 60 - left_out))
        frame += left_out * (9 * tens + minutes)
    seconds, frames = divmod(frame, nominal)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{';' if drop else ':'}{frames:02}"


@dataclass(slots=True)
class EdlEvent:
    """One event of a list.

    Attributes:
        line: its line in the file, 1-based.
        number: its number; shared by the two events of a transition.
        reel, channels: as stated.
        kind: ``C``, ``D``, ``Wnnn``, ``K``, ``KB`` or ``KO``.
        frames: length of the transition.
        source, record: in and out points.
        names, files: by side, ``FROM`` and ``TO``.
        speeds: source frames a second, by the reel that their line names.
        cut: frames of a transition before its cut, and all its frames, if a comment states them.
        exact: by side, a first source frame, and the seconds from it to the exact start.
        is_frozen: whether a comment states a freeze frame.
        locators: timecode, colour and text of each.
        markers: colour, name and length of each: what Resolve writes into a list of markers.
        comments: the other ones.
    """

    line: int
    number: int
    reel: str
    channels: str
    kind: str
    frames: int
    source: tuple[Timecode, Timecode]
    record: tuple[Timecode, Timecode]
    names: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    speeds: list[tuple[str, Fraction]] = field(default_factory=list)
    cut: tuple[int, int] | None = None
    exact: dict[str, tuple[Timecode, Fraction]] = field(default_factory=dict)
    is_frozen: bool = False
    locators: list[tuple[Timecode, str, str]] = field(default_factory=list)
    markers: list[tuple[str, str, int]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def add_comment(self, line: str) -> None:
        """Add a line that follows the event."""
        speed = _SPEED.fullmatch(line)
        marker = _MARKER.search(line)
        plain = line.lstrip("* ")
        key, _, value = plain.partition(":")
        side, _, what = key.strip().upper().partition(" ")
        if speed is not None:
            self.speeds.append((speed[1], parse_rational(speed[2])))
        elif marker is not None:
            self.markers.append((marker["colour"], marker["name"], int(marker["frames"])))
        elif side in ("FROM", "TO") and what == "CLIP NAME":
            self.names[side] = value.strip()
        elif side in ("FROM", "TO") and what in ("CLIP", "FILE"):
            self.files[side] = value.strip()
        elif key.upper().startswith(("OTIO REFERENCE", "SOURCE FILE")):
            self.files.setdefault("FROM", value.strip())
        elif key == "CUT" and (found := _CUT.fullmatch(value.strip())):
            self.cut = int(found[1]), int(found[2])
        elif what == "EXACT START" and (found := _EXACT.fullmatch(value.strip())):
            at, offset = parse_timecode(found[1]), parse_rational(found[3])
            if at is not None:
                self.exact[side] = at, -offset if found[2] == "-" else offset
        elif side == "FREEZE":
            self.is_frozen = True
        elif side == "LOC" and (found := _LOCATOR.fullmatch(value.strip())):
            at = parse_timecode(found[1])
            assert at is not None
            self.locators.append((at, found[2], found[3]))
        elif plain:
            self.comments.append(plain)


@dataclass(frozen=True, slots=True)
class EventList:
    """A parsed list.

    Attributes:
        title: of the list.
        is_drop: whether it counts in drop-frame timecode.
        fps: the frame rate that a comment states; None without one.
        events: in the order of the file.
    """

    title: str
    is_drop: bool
    fps: Fraction | None
    events: tuple[EdlEvent, ...]


def parse_events(text: str, path: Path) -> EventList:
    """Parse a list.

    Raises:
        InputError: a line that begins like an event is none.
    """
    title, is_drop, fps = "", False, None
    events: list[EdlEvent] = []
    problems = []
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        head, _, value = line.partition(":")
        if line[:1].isdigit():
            event = _event(line, number)
            if event is None:
                what = f"{line[:60]!r} is not an event"
                hint = "expected NUMBER REEL CHANNELS C|D|W001 [FRAMES] and four timecodes"
                problems.append(Problem.at(Place(str(path), number, 1), what, hint))
            else:
                events.append(event)
        elif head.upper() == "TITLE":
            title = value.strip()
        elif head.upper() == "FCM":
            is_drop |= value.strip().upper().startswith("DROP")
        elif head.strip("* ").upper() == "FRAME RATE":
            fps = _stated_rate(value)
        elif events and line:
            events[-1].add_comment(line)
    if problems:
        raise InputError(problems)
    is_drop |= any(code.is_drop for event in events for code in (*event.source, *event.record))
    return EventList(title, is_drop, fps, tuple(events))


def _stated_rate(text: str) -> Fraction | None:
    try:
        return parse_rational(text.split(maxsplit=1)[0])
    except (ValueError, IndexError, ZeroDivisionError):
        return None


def _event(line: str, number: int) -> EdlEvent | None:
    found = _EVENT.fullmatch(line)
    if found is None:
        return None
    codes = [parse_timecode(word) for word in found[6].split()]
    if None in codes or (found[4] in ("C",) and found[5] is not None):
        return None
    source_in, source_out, record_in, record_out = (code for code in codes if code is not None)
    return EdlEvent(
        line=number,
        number=int(found[1]),
        reel=found[2],
        channels=found[3],
        kind="".join(found[4].split()),
        frames=int(found[5] or 0),
        source=(source_in, source_out),
        record=(record_in, record_out),
    )


def parse_timecode(text: str) -> Timecode | None:
    """Parse a timecode, or a number of frames; None if it is neither."""
    if text.isdigit():
        return Timecode(0, int(text))
    found = _TIMECODE.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, mark, frames = found.groups()
    return Timecode((int(hours) * 60 + int(minutes)) * 60 + int(seconds), int(frames), mark in ";,")


def rate_of_events(found: EventList) -> Fraction | None:
    """Return the only usual rate that a list can have; None if several are possible.

    Drop-frame timecode exists at 29.97 and 59.94 alone. Else, source and record of an event without
    a retime last the same number of frames; if one of them passes more seconds than the other, only
    one rate makes them equal.
    """
    highest = max((code.frames for e in found.events for code in (*e.source, *e.record)), default=0)
    if found.is_drop:
        return Fraction(30000, 1001) if highest < NOMINAL[2] else Fraction(60000, 1001)
    votes: Counter[int] = Counter()
    for event in found.events:
        if event.speeds or event.is_frozen:
            continue
        (source_in, source_out), (record_in, record_out) = event.source, event.record
        source_s = source_out.seconds - source_in.seconds
        record_s = record_out.seconds - record_in.seconds
        more = (record_out.frames - record_in.frames) - (source_out.frames - source_in.frames)
        if source_s != record_s:
            rate = Fraction(more, source_s - record_s)
            if rate in NOMINAL and rate > highest:
                votes[int(rate)] += 1
    if not votes:
        possible = [rate for rate in NOMINAL if rate > highest]
        return Fraction(possible[0]) if len(possible) == 1 else None
    return Fraction(votes.most_common(1)[0][0])
