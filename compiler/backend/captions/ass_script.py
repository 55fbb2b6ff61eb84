"""A file of Advanced SubStation Alpha (ASS): its header and events, and ranges of it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Event:
    """A caption.

    Attributes:
        start, end: in seconds of the reel.
        text: with override tags; drawings of no area hold the places of `emoji`.
        emoji: those to overlay in colour, in the order of the text.
        em: of its letters, in the unit of the file.
        middle: of the text, in the unit of the file.
    """

    start: Fraction
    end: Fraction
    text: str
    emoji: tuple[str, ...] = ()
    em: float = 0.0
    middle: tuple[float, float] = (0.0, 0.0)

    def line(self, since: Fraction) -> str:
        """Return the event's line in a file whose time 0 is ``since``, in or before the event."""
        start, text = self.start - since, self.text
        if start < 0:
            start, text = Fraction(0), _advanced(text, round(-start * 1000))
        return f"Dialogue: 0,{_clock(start)},{_clock(self.end - since)},Caption,,0,0,0,,{text}"


@dataclass(frozen=True, slots=True)
class AssScript:
    """An ASS file: the header, and the events in order."""

    header: str
    events: tuple[Event, ...]
    _starts: list[Fraction] = field(init=False, repr=False, compare=False)
    """The earliest start from each event on."""
    _ends: list[Fraction] = field(init=False, repr=False, compare=False)
    """The latest end up to each event."""

    def __post_init__(self) -> None:
        starts = accumulate((event.start for event in reversed(self.events)), min)
        object.__setattr__(self, "_starts", list(starts)[::-1])
        object.__setattr__(self, "_ends", list(accumulate((e.end for e in self.events), max)))

    def text(self) -> str:
        """Return the whole file."""
        return "\n".join([self.header, *(event.line(Fraction(0)) for event in self.events), ""])

    def between(self, start: Fraction, end: Fraction) -> str:
        """Return the file of a range of the reel in seconds; its times count from ``start``.

        So a segment that only moved keeps its file. Empty if the range has no captions.
        """
        shown = self.shown(start, end)
        return "\n".join([self.header, *(e.line(start) for e in shown), ""]) if shown else ""

    def shown(self, start: Fraction, end: Fraction) -> list[Event]:
        """Return the events of a range of the reel, in seconds."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        near = self.events[first:last]
        return [event for event in near if event.start < end and event.end > start]


_CHANGE = re.compile(r"\\t\((\d+),(\d+),([^()]*)\)")


def _advanced(text: str, passed_ms: int) -> str:
    r"""Return text with its animations advanced: finished ones become plain tags.

    >>> _advanced(r"{\t(0,90,\fscx100)\t(200,201,\1c&H0&)}a", 100)
    '{\\fscx100\\t(100,101,\\1c&H0&)}a'
    """

    def change(match: re.Match[str]) -> str:
        first, last = int(match[1]) - passed_ms, int(match[2]) - passed_ms
        return rf"\t({first},{last},{match[3]})" if last > 0 else match[3]

    return _CHANGE.sub(change, text)


def as_shown(time: Fraction) -> Fraction:
    """Return a time as the file states it, in whole hundredths of a second."""
    return Fraction(round(time * 100), 100)


def _clock(time: Fraction) -> str:
    """Return a time as ``H:MM:SS.cc``."""
    hundredths = int(as_shown(time) * 100)
    seconds, hundredths = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{hundredths:02}"
