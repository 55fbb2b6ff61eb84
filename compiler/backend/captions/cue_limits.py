"""Limits of a cue: width of its lines, duration, reading speed.

The norms are those of streaming services for adults (Netflix, Timed Text Style Guide: at most 20
characters a second for English, 9 for Chinese; at least 5/6 s, at most 7 s; breaks at clauses); the
aim is 17 characters a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .breaks import Measure, two_lines
from .emoji_sequences import simplified
from .words import SpokenWord, columns, is_wide

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
TICK_S = 0.001
"""Resolution of the formats, in seconds."""


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

    def reading_s(self, characters: float) -> float:
        """Return the seconds that a cue of so many characters needs."""
        return max(self.min_s, characters / self.speed if self.speed else 0.0)


def characters_of(text: str) -> float:
    """Return the length of a text: full-width letters count as 17/9, an emoji as one of them."""
    text = simplified(text)
    wide = sum(map(is_wide, text))
    return len(text) - wide + wide * 17 / 9
