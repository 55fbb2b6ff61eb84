"""Words into cues: captions of at most two lines that hold every word once and read well."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from ...timeline.rate import seconds
from .breaks import SENTENCE_END, Measure, halve, roughness, two_lines
from .words import SpokenWord, columns, join_words, language_of, words_of

LINE_WIDTH = 32
"""Columns of a line: what fits a vertical picture in a size that is read on a phone."""
LONGEST_S = 5.0
SHORTEST_S = 1.0
"""Seconds a cue stays where the next one leaves it the time."""
PAUSE_S = 0.7
"""A silence that long ends a cue."""
TICK_S = 0.001
"""Seconds that the formats count in."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: reel seconds, and its one or two lines of words."""

    start: float
    end: float
    lines: tuple[tuple[SpokenWord, ...], ...]

    @property
    def text(self) -> tuple[str, ...]:
        """The lines as they are shown."""
        return tuple(join_words(line) for line in self.lines)

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """The words of all lines."""
        return tuple(word for line in self.lines for word in line)


@dataclass(frozen=True, slots=True)
class CueLimits:
    """What a cue may hold.

    Attributes:
        width: of a line, in the unit of ``measure``; a longer word gets a line of its own.
        measure: the width of words on a line; by default in columns of text.
        language: of the words; it decides where lines break well.
        lines: 1 or 2.
        most_words: in a cue.
        shortest_s: seconds that a cue stays where the next one leaves it the time.
    """

    width: float = LINE_WIDTH
    measure: Measure = columns
    language: str = "en"
    lines: int = 2
    most_words: int | None = None
    shortest_s: float = SHORTEST_S

    def place_of_break(self, words: Sequence[SpokenWord]) -> int | None:
        """Where the second line begins: 0 for one line, None where a cue doesn't hold them."""
        if self.most_words is not None and len(words) > max(1, self.most_words):
            return None
        place = two_lines(words, self.width, self.measure, self.language)
        return None if place and self.lines == 1 else place

    def lay(self, words: Sequence[SpokenWord]) -> tuple[tuple[SpokenWord, ...], ...]:
        """The words of a cue as lines."""
        place = self.place_of_break(words)
        return (tuple(words[:place]), tuple(words[place:])) if place else (tuple(words),)


def captions_of(timeline: otio.schema.Timeline, setting: CueLimits | None = None) -> list[Cue]:
    """The captions of a timeline; none outlasts it."""
    length = seconds(timeline.duration()) if len(timeline.tracks) else Fraction(0)
    setting = setting or CueLimits(language=language_of(timeline))
    return make_cues(words_of(timeline), setting, float(length) or None)


def make_cues(
    words: Sequence[SpokenWord], setting: CueLimits | None = None, length_s: float | None = None
) -> list[Cue]:
    """Words into cues that never overlap and hold every word once.

    A cue ends with a sentence, a scene or a pause; one that would be too long is split where it
    hurts least: after a comma, else near its middle. One that would flash by is shown together
    with the next.

    Args:
        words: in order of their times.
        setting: what a cue may hold.
        length_s: seconds after which nothing is shown, however long it would stay.
    """
    setting = setting or CueLimits()
    groups = [part for sentence in _sentences(words) for part in _split_to_fit(sentence, setting)]
    groups = _without_flashes(groups, setting)
    starts: list[float] = []
    for group in groups:
        # Two cues never begin together, not even where words do.
        earliest = starts[-1] + TICK_S if starts else 0.0
        starts.append(max(group[0].start, earliest))
    cues = []
    for group, start, following in zip(
        groups, starts, [*starts[1:], math.inf][: len(starts)], strict=True
    ):
        end = max(group[-1].end, start + setting.shortest_s)
        if length_s is not None and following == math.inf:
            end = min(end, max(length_s, group[-1].end))
        # Over a short silence the caption stays: one that flickers off and on disturbs.
        end = following if following - end < PAUSE_S / 2 else end
        cues.append(Cue(start, max(end, start + TICK_S), setting.lay(group)))
    return cues


def _sentences(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    groups: list[list[SpokenWord]] = []
    for word in words:
        if groups:
            last = groups[-1][-1]
            ended = SENTENCE_END.search(last.text) and not _is_short(last.text)
            if not (ended or word.scene != last.scene or word.start - last.end >= PAUSE_S):
                groups[-1].append(word)
                continue
        groups.append([word])
    return groups


def _without_flashes(groups: list[list[SpokenWord]], setting: CueLimits) -> list[list[SpokenWord]]:
    """Cues that the next one would cut short, shown together with it."""
    joined: list[list[SpokenWord]] = []
    for group in groups:
        last = joined[-1] if joined else None
        if (
            last is not None
            and group[0].start - last[0].start < setting.shortest_s
            and group[0].scene == last[-1].scene
            and group[-1].end - last[0].start <= LONGEST_S
            and setting.place_of_break([*last, *group]) is not None
        ):
            joined[-1] = [*last, *group]
        else:
            joined.append(group)
    return joined


def _is_short(text: str) -> bool:
    """Whether a full stop belongs to an abbreviation such as ``Mr.`` or ``J.``."""
    return bool(re.fullmatch(r"([A-Z]|Mrs?|Ms|Dr|St|vs|No)\.", text))


def _split_to_fit(words: list[SpokenWord], setting: CueLimits) -> list[list[SpokenWord]]:
    """A sentence as one cue or several, none too wide or over `LONGEST_S`."""
    place = setting.place_of_break(words)
    fits = place is not None and words[-1].end - words[0].start <= LONGEST_S
    part = 0
    if place and fits and roughness(words, place, setting.language) > 0:
        part = _clause(words, setting)
    if len(words) == 1 or (fits and not part):
        return [words]
    part = part or halve(words, setting.measure, setting.language)
    return [*_split_to_fit(words[:part], setting), *_split_to_fit(words[part:], setting)]


def _clause(words: list[SpokenWord], setting: CueLimits) -> int:
    """Where a clause ends that is long enough for a cue of its own, as is the rest; else 0."""
    return next(
        (
            place
            for place in range(1, len(words))
            if roughness(words, place, setting.language) < 0
            and words[place].start - words[0].start >= setting.shortest_s
            and words[-1].end - words[place].start >= setting.shortest_s
        ),
        0,
    )
