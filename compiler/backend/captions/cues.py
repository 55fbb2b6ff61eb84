"""Group words into cues: captions of at most two lines, with every word once.

The norms are those of streaming services for adults (Netflix, Timed Text Style Guide: at most 20
characters a second for English, 9 for Chinese; at least 5/6 s, at most 7 s; breaks at clauses); the
aim is 17 characters a second.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import opentimelineio as otio

from ...timeline.metadata import own_metadata
from ...timeline.properties import length_of
from .breaks import Measure, ends_sentence, roughness, two_lines
from .emoji_sequences import simplified
from .phrases import join_phrases
from .words import SpokenWord, columns, join_words, language_of, words_of

LINE_WIDTH = 32
"""Columns of a line, for a size that can be read on a phone in a vertical picture."""
READING_SPEED = 17.0
"""Characters a second, with blanks, that a cue aims for; a full-width letter counts as 17/9."""
FASTEST = 20 / 17
"""The limit, as a share of the aim."""
LONGEST_S = 7.0
SHORTEST_S = 5 / 6
HOLD_S = 1.0
"""Seconds that a cue stays after its last word, if it takes that long to read."""
PAUSE_S = 0.7
"""A pause this long ends a cue."""
TICK_S = 0.001
"""Resolution of the formats, in seconds."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A caption: start and end in seconds of the reel, and one or two lines of words."""

    start: float
    end: float
    lines: tuple[tuple[SpokenWord, ...], ...]

    @property
    def text(self) -> tuple[str, ...]:
        """The lines as text."""
        return tuple(join_words(line) for line in self.lines)

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """The words of all lines."""
        return tuple(word for line in self.lines for word in line)

    @property
    def speed(self) -> float:
        """Characters a second, full-width letters counted as 17/9."""
        return _characters(join_words(self.words)) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class CueLimits:
    """Limits of a cue.

    Attributes:
        width: of a line, in the unit of ``measure``; a longer word gets a line of its own.
        measure: returns the width of words on a line, which grows by the width of each word and
            of the blank before it; by default in columns of text.
        language: of the words; decides where lines break.
        lines: 1 or 2.
        max_words: in a cue; None for no limit.
        min_s: minimum duration in seconds, if the next cue leaves the time.
        speed: characters a second to aim for; None for as spoken.
    """

    width: float = LINE_WIDTH
    measure: Measure = columns
    language: str = "en"
    lines: int = 2
    max_words: int | None = None
    min_s: float = SHORTEST_S
    speed: float | None = READING_SPEED

    def wrap(self, words: Sequence[SpokenWord]) -> tuple[tuple[SpokenWord, ...], ...]:
        """Return the words of a cue as lines."""
        place = two_lines(words, self.width, self.measure, self.language)
        if place == 0 and self.lines == 2:
            place = next((at for at in range(1, len(words)) if words[at - 1].line_end), 0)
        return (tuple(words[:place]), tuple(words[place:])) if place else (tuple(words),)

    def reading_s(self, words: Sequence[SpokenWord]) -> float:
        """Return the seconds that a cue of words needs."""
        return max(self.min_s, _characters(join_words(words)) / self.speed if self.speed else 0.0)


def captions_of(timeline: otio.schema.Timeline, limits: CueLimits | None = None) -> list[Cue]:
    """Return the captions of a timeline, none beyond its end."""
    length = length_of(timeline)
    words = join_phrases(words_of(timeline), language_of(timeline))
    return make_cues(words, limits or default_limits(timeline), float(length) or None)


def default_limits(timeline: otio.schema.Timeline) -> CueLimits:
    """Return the limits of captions in files of their own."""
    stated = own_metadata(timeline).get("captions") or {}
    speed = stated.get("reading_speed") if hasattr(stated, "get") else None
    return CueLimits(language=language_of(timeline), speed=float(speed or READING_SPEED))


def make_cues(
    words: Sequence[SpokenWord], limits: CueLimits | None = None, length_s: float | None = None
) -> list[Cue]:
    """Group words into cues that never overlap and hold every word once.

    A cue ends with a scene or a pause, or where splitting the words between costs least: a cue that
    is too short or too fast to read costs most, then a break within a phrase. Sentences and verses
    share a cue only whole, verses only if they are too fast by themselves.

    Args:
        words: in order of time.
        limits: of each cue.
        length_s: end of the reel in seconds; no cue lasts beyond it.
    """
    limits = limits or CueLimits()
    end = math.inf if length_s is None else length_s
    groups = [
        words[first:last]
        for begin, finish in _passages(words)
        for first, last in _Splitter(words[begin:finish], limits, _next(words, finish, end)).split()
        for first, last in [(begin + first, begin + last)]
    ]
    starts: list[float] = []
    for group in groups:
        # Two cues never start together, even if two words do.
        earliest = starts[-1] + TICK_S if starts else 0.0
        starts.append(max(group[0].start, earliest))
    cues = []
    for group, start, following in zip(
        groups, starts, [*starts[1:], math.inf][: len(starts)], strict=True
    ):
        spoken = max(group[-1].end, start)
        wanted = min(start + limits.reading_s(group), spoken + HOLD_S)
        shown = max(spoken, wanted, start + limits.min_s)
        if length_s is not None and following == math.inf:
            shown = min(shown, max(length_s, group[-1].end))
        # A caption stays over a short pause, since flicker disturbs.
        shown = following if following - shown < PAUSE_S / 2 else shown
        cues.append(Cue(start, max(shown, start + TICK_S), limits.wrap(group)))
    return cues


def hard_to_read(cues: Sequence[Cue], limits: CueLimits) -> Iterator[str]:
    """Yield a line for each cue that is too short or too fast to read, in whole characters."""
    for cue in cues:
        shown = cue.end - cue.start
        named = f"{join_words(cue.words)!r} at {cue.start:.2f} s"
        most = math.inf if limits.speed is None else limits.speed * FASTEST
        if round(cue.speed, 0) > round(most, 0):
            yield f"{named}: {cue.speed:.0f} characters a second, above {most:.0f}"
        elif shown < limits.min_s - TICK_S:
            yield f"{named}: shown for {shown:.2f} s, less than {limits.min_s:.2f}"


def _characters(text: str) -> float:
    """Return the length of a text: full-width letters count as 17/9, an emoji as one of them."""
    text = simplified(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) - wide + wide * 17 / 9


def _passages(words: Sequence[SpokenWord]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of words that no scene's end and no pause divides."""
    begin = 0
    for place in range(1, len(words) + 1):
        if (
            place == len(words)
            or words[place].scene != words[place - 1].scene
            or words[place].start - words[place - 1].end >= PAUSE_S
        ):
            yield begin, place
            begin = place


def _next(words: Sequence[SpokenWord], place: int, end: float) -> float:
    return words[place].start if place < len(words) else end


@dataclass
class _Splitter:
    """Splits a passage into cues at the least cost, by dynamic programming.

    Args:
        words: of the passage.
        limits: of a cue.
        until: seconds at which the next passage starts.
    """

    words: Sequence[SpokenWord]
    limits: CueLimits
    until: float
    _widths: list[float] = field(default_factory=list)
    _blanks: list[float] = field(default_factory=list)
    _rough: list[float] = field(default_factory=list)

    def split(self) -> list[tuple[int, int]]:
        """Return the ranges of words of the cues."""
        words, measure = self.words, self.limits.measure
        alone = [measure([word]) for word in words]
        self._blanks = [0.0] + [
            measure([one, other]) - alone[index] - alone[index + 1]
            for index, (one, other) in enumerate(pairwise(words))
        ]
        self._widths = [0.0]
        for width, blank in zip(alone, self._blanks, strict=True):
            self._widths.append(self._widths[-1] + width + blank)
        language = self.limits.language
        self._rough = [0.0, *(roughness(words, at, language) for at in range(1, len(words)))]
        ends = [
            word.line_end or ends_sentence(word.text, after, language)
            for word, after in zip(words, [*(word.text for word in words[1:]), ""], strict=True)
        ]
        least = [0.0] + [math.inf] * len(words)
        origin = [0] * (len(words) + 1)
        for last in range(1, len(words) + 1):
            for first in range(last - 1, -1, -1):
                if last - first > 1 and not self._fits(first, last):
                    break
                cost = least[first] + self._cost(first, last, ends)
                if cost < least[last]:
                    least[last], origin[last] = cost, first
        ranges, last = [], len(words)
        while last:
            ranges.append((origin[last], last))
            last = origin[last]
        return ranges[::-1]

    def _width(self, first: int, last: int) -> float:
        return self._widths[last] - self._widths[first] - self._blanks[first]

    def _fits(self, first: int, last: int) -> bool:
        """Whether a cue of words ``[first, last)`` is not too wide, long or full."""
        limits = self.limits
        if limits.max_words is not None and last - first > max(1, limits.max_words):
            return False
        if self.words[last - 1].end - self.words[first].start > LONGEST_S:
            return False
        return self._width(first, last) <= limits.width or self._line_break(first, last) > 0

    def _line_break(self, first: int, last: int) -> int:
        """Return the smoothest place for a second line; 0 if there is none."""
        if self.limits.lines == 1:
            return 0
        fitting = [
            place
            for place in range(first + 1, last)
            if (self._width(first, place) <= self.limits.width or place == first + 1)
            and (self._width(place, last) <= self.limits.width or place == last - 1)
        ]
        return min(fitting, key=self._rough.__getitem__, default=0)

    def _cost(self, first: int, last: int, ends: Sequence[bool]) -> float:
        words, limits = self.words, self.limits
        inside = sum(ends[first : last - 1])
        verses = sum(word.line_end for word in words[first : last - 1])
        whole = (first == 0 or ends[first - 1]) and (last == len(words) or ends[last - 1])
        if inside and not whole:
            return _FORBIDDEN
        following = words[last].start if last < len(words) else self.until
        room = min(following, max(words[last - 1].end, words[first].start) + HOLD_S)
        shown = max(room - words[first].start, TICK_S)
        hurry = max(0.0, limits.reading_s(words[first:last]) / shown - 1)
        cost = _PER_CUE + _PER_HURRY * min(hurry, 10.0) + _PER_SENTENCE * inside
        cost += _PER_VERSE * verses
        if self._width(first, last) > limits.width and last - first > 1:
            fullness = self._width(first, last) / (2 * limits.width)
            cost += max(0.0, self._rough[self._line_break(first, last)]) / 2 + fullness / 5
        if last < len(words):
            pause = max(0.0, words[last].start - words[last - 1].end)
            rough = self._rough[last]
            cost += (_FORBIDDEN if rough >= 1 else 2 * rough) - min(pause, 0.5)
        return cost


_FORBIDDEN = 1_000.0
_PER_CUE = 0.6
_PER_HURRY = 4.0
_PER_SENTENCE = 0.5
_PER_VERSE = 2.0
