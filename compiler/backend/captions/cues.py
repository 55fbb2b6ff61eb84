"""Group words into cues: captions of at most two lines, with every word once."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import opentimelineio as otio

from ...timeline.properties import length_of
from .breaks import SENTENCE_END, Measure, halve, roughness, two_lines
from .words import SpokenWord, columns, join_words, language_of, words_of

LINE_WIDTH = 32
"""Columns of a line, for a size that can be read on a phone in a vertical picture."""
LONGEST_S = 5.0
SHORTEST_S = 1.0
"""Minimum duration of a cue in seconds, if the next one leaves the time."""
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


@dataclass(frozen=True, slots=True)
class CueLimits:
    """Limits of a cue.

    Attributes:
        width: of a line, in the unit of ``measure``; a longer word gets a line of its own.
        measure: returns the width of words on a line; by default in columns of text.
        language: of the words; decides where lines break.
        lines: 1 or 2.
        max_words: in a cue; None for no limit.
        min_s: minimum duration in seconds, if the next cue leaves the time.
    """

    width: float = LINE_WIDTH
    measure: Measure = columns
    language: str = "en"
    lines: int = 2
    max_words: int | None = None
    min_s: float = SHORTEST_S

    def line_break(self, words: Sequence[SpokenWord]) -> int | None:
        """Return where the second line starts: 0 for one line, None if the words do not fit."""
        if self.max_words is not None and len(words) > max(1, self.max_words):
            return None
        place = two_lines(words, self.width, self.measure, self.language)
        return None if place and self.lines == 1 else place

    def wrap(self, words: Sequence[SpokenWord]) -> tuple[tuple[SpokenWord, ...], ...]:
        """Return the words of a cue as lines."""
        place = self.line_break(words)
        return (tuple(words[:place]), tuple(words[place:])) if place else (tuple(words),)


def captions_of(timeline: otio.schema.Timeline, limits: CueLimits | None = None) -> list[Cue]:
    """Return the captions of a timeline, none beyond its end."""
    length = length_of(timeline)
    limits = limits or CueLimits(language=language_of(timeline))
    return make_cues(words_of(timeline), limits, float(length) or None)


def make_cues(
    words: Sequence[SpokenWord], limits: CueLimits | None = None, length_s: float | None = None
) -> list[Cue]:
    """Group words into cues that never overlap and hold every word once.

    A cue ends with a sentence, a scene or a pause. A long one is split after a comma, else near its
    middle; a short one is joined to the next.

    Args:
        words: in order of time.
        limits: of each cue.
        length_s: end of the reel in seconds; no cue lasts beyond it.
    """
    limits = limits or CueLimits()
    groups = [part for sentence in _sentences(words) for part in _split_to_fit(sentence, limits)]
    groups = _without_flashes(groups, limits)
    starts: list[float] = []
    for group in groups:
        # Two cues never start together, even if two words do.
        earliest = starts[-1] + TICK_S if starts else 0.0
        starts.append(max(group[0].start, earliest))
    cues = []
    for group, start, following in zip(
        groups, starts, [*starts[1:], math.inf][: len(starts)], strict=True
    ):
        end = max(group[-1].end, start + limits.min_s)
        if length_s is not None and following == math.inf:
            end = min(end, max(length_s, group[-1].end))
        # A caption stays over a short pause, since flicker disturbs.
        end = following if following - end < PAUSE_S / 2 else end
        cues.append(Cue(start, max(end, start + TICK_S), limits.wrap(group)))
    return cues


def _sentences(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    groups: list[list[SpokenWord]] = []
    for word in words:
        if groups:
            last = groups[-1][-1]
            ended = SENTENCE_END.search(last.text) and not _is_abbreviation(last.text)
            if not (ended or word.scene != last.scene or word.start - last.end >= PAUSE_S):
                groups[-1].append(word)
                continue
        groups.append([word])
    return groups


def _without_flashes(groups: list[list[SpokenWord]], limits: CueLimits) -> list[list[SpokenWord]]:
    """Join cues that are too short to the next one."""
    joined: list[list[SpokenWord]] = []
    for group in groups:
        last = joined[-1] if joined else None
        if (
            last is not None
            and group[0].start - last[0].start < limits.min_s
            and group[0].scene == last[-1].scene
            and group[-1].end - last[0].start <= LONGEST_S
            and limits.line_break([*last, *group]) is not None
        ):
            joined[-1] = [*last, *group]
        else:
            joined.append(group)
    return joined


def _is_abbreviation(text: str) -> bool:
    """Whether a full stop ends an abbreviation such as ``Mr.`` or ``J.``."""
    return bool(re.fullmatch(r"([A-Z]|Mrs?|Ms|Dr|St|vs|No)\.", text))


def _split_to_fit(words: list[SpokenWord], limits: CueLimits) -> list[list[SpokenWord]]:
    """Split a sentence into cues, none too wide or longer than `LONGEST_S`."""
    place = limits.line_break(words)
    fits = place is not None and words[-1].end - words[0].start <= LONGEST_S
    part = 0
    if place and fits and roughness(words, place, limits.language) > 0:
        part = _clause(words, limits)
    if len(words) == 1 or (fits and not part):
        return [words]
    part = part or halve(words, limits.measure, limits.language)
    return [*_split_to_fit(words[:part], limits), *_split_to_fit(words[part:], limits)]


def _clause(words: list[SpokenWord], limits: CueLimits) -> int:
    """Return where to split after a clause, if both parts are long enough for a cue; else 0."""
    return next(
        (
            place
            for place in range(1, len(words))
            if roughness(words, place, limits.language) < 0
            and words[place].start - words[0].start >= limits.min_s
            and words[-1].end - words[place].start >= limits.min_s
        ),
        0,
    )
