"""Word times in whole ticks: as exact as fractions of a second, and many times faster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from ...sync.types import Interval, Word
from .base import RawWord, Repair

MIN_WORD = Fraction(1, 100)
"""Least length of a word whose time is estimated, in seconds."""
_EXCERPT = 8
"""Words quoted in a message."""


@dataclass(frozen=True, slots=True)
class TickWord:
    """A word under repair; times in ticks, None if unknown."""

    text: str
    start: int | None
    end: int | None
    place: str

    def at(self, start: int | None, end: int | None) -> TickWord:
        """Return the word with other times."""
        return TickWord(self.text, start, end, self.place)


Repaired: TypeAlias = tuple[list[TickWord], list[Repair]]
"""The result of a repair pass: all words, and the changes."""


def excerpt(words: Sequence[TickWord]) -> str:
    """Return the first words, quoted, for a message."""
    return repr(
        " ".join(word.text for word in words[:_EXCERPT]) + (" …" if len(words) > _EXCERPT else "")
    )


@dataclass(frozen=True, slots=True)
class TickRate:
    """A tick rate at which every time of a transcript is a whole number.

    Attributes:
        per_second: ticks a second, a multiple of 1000.
        min_length: least length of a word with an estimated time, in ticks; at least one.
        duration: of the recording in ticks, rounded down; None if unknown.
        speech: intervals with speech in ticks, in order; empty if unknown.
        exact: seconds by ticks, for times from the file; most words keep theirs.
    """

    per_second: int
    min_length: int
    duration: int | None
    speech: tuple[tuple[int, int], ...]
    exact: dict[int, Fraction] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        words: Sequence[RawWord],
        duration: Fraction | None,
        speech: Sequence[Interval] | None,
    ) -> TickRate:
        """Return the lowest rate for these words."""
        denominators = {word.start.denominator for word in words if word.start is not None}
        denominators |= {word.end.denominator for word in words if word.end is not None}
        if duration is not None:
            denominators.add(duration.denominator)
        rate = math.lcm(1000, *denominators)
        if duration is None or not words:
            least, limit = MIN_WORD * rate, None
        else:
            # Every word gets a place, even if the recording is too short for all of them.
            rate *= math.ceil(Fraction(2 * len(words)) / (duration * rate)) if duration > 0 else 1
            least = min(MIN_WORD, duration / (2 * len(words))) * rate
            limit = math.floor(duration * rate)
        intervals = tuple(
            (math.floor(interval.start * rate), math.ceil(interval.end * rate))
            for interval in speech or ()
        )
        return cls(rate, max(1, math.floor(least)), limit, intervals)

    def ticks(self, seconds: Fraction) -> int:
        """Return any length in ticks, rounded down."""
        return math.floor(seconds * self.per_second)

    def show(self, ticks: int) -> str:
        """Return a time as messages show it.

        >>> TickRate(1000, 10, None, ()).show(12340)
        '12.34 s'
        """
        return f"{round(ticks / self.per_second, 3):g} s"

    def to_ticks(self, words: Sequence[RawWord]) -> list[TickWord]:
        """Convert words from seconds to ticks, and remember their exact seconds."""
        return [
            TickWord(word.text, self._exactly(word.start), self._exactly(word.end), word.place)
            for word in words
        ]

    def to_seconds(self, words: Sequence[TickWord]) -> tuple[Word, ...]:
        """Convert words that all have times from ticks to seconds."""
        return tuple(
            Word(word.text, self._seconds(word.start), self._seconds(word.end)) for word in words
        )

    def _exactly(self, seconds: Fraction | None) -> int | None:
        if seconds is None:
            return None
        ticks = seconds.numerator * (self.per_second // seconds.denominator)
        self.exact[ticks] = seconds
        return ticks

    def _seconds(self, ticks: int | None) -> Fraction:
        assert ticks is not None
        return self.exact.get(ticks) or Fraction(ticks, self.per_second)
