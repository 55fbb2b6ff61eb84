"""Words on a clock of whole ticks: as exact as fractions of a second, and many times faster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ...sync.types import Interval, Word
from .base import RawWord

LEAST = Fraction(1, 100)
"""Seconds that a word gets at the least where its time has to be made up."""


@dataclass(slots=True)
class TickWord:
    """A word under repair; times in ticks, None where unknown."""

    text: str
    start: int | None
    end: int | None
    place: str


@dataclass(frozen=True, slots=True)
class TickRate:
    """A rate of ticks that every time of a transcript falls on.

    Attributes:
        rate: ticks a second, a multiple of 1000.
        least: ticks that a word with a made-up time lasts at the least; at least one.
        duration: of the sound in ticks, rounded down; None where it is not known.
        speech: where there is a voice, in ticks, in order; empty where that is not known.
        known: seconds of the ticks that came from a file; most words keep theirs.
    """

    rate: int
    least: int
    duration: int | None
    speech: tuple[tuple[int, int], ...]
    known: dict[int, Fraction] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        words: Sequence[RawWord],
        duration: Fraction | None,
        speech: Sequence[Interval] | None,
    ) -> TickRate:
        """The slowest clock for these words."""
        parts = {word.start.denominator for word in words if word.start is not None}
        parts |= {word.end.denominator for word in words if word.end is not None}
        if duration is not None:
            parts.add(duration.denominator)
        rate = math.lcm(1000, *parts)
        if duration is None or not words:
            least, limit = LEAST * rate, None
        else:
            # A sound too short for its words still gives each of them a place.
            rate *= math.ceil(Fraction(2 * len(words)) / (duration * rate)) if duration > 0 else 1
            least = min(LEAST, duration / (2 * len(words))) * rate
            limit = math.floor(duration * rate)
        voiced = tuple(
            (math.floor(stretch.start * rate), math.ceil(stretch.end * rate))
            for stretch in speech or ()
        )
        return cls(rate, max(1, math.floor(least)), limit, voiced)

    def span(self, seconds: Fraction) -> int:
        """Any length in seconds in ticks, rounded down."""
        return math.floor(seconds * self.rate)

    def show(self, ticks: int) -> str:
        """A time as it is shown in messages.

        >>> Clock(1000, 10, None, ()).show(12340)
        '12.34 s'
        """
        return f"{round(ticks / self.rate, 3):g} s"

    def heard(self, words: Sequence[RawWord]) -> list[TickWord]:
        """Raw words in ticks."""
        heard = []
        for word in words:
            start, end = word.start, word.end
            heard.append(
                TickWord(
                    word.text,
                    None if start is None else self._ticks(start),
                    None if end is None else self._ticks(end),
                    word.place,
                )
            )
        return heard

    def words(self, heard: Sequence[TickWord]) -> tuple[Word, ...]:
        """Placed words in seconds."""
        return tuple(
            Word(word.text, self._seconds(word.start), self._seconds(word.end)) for word in heard
        )

    def _ticks(self, seconds: Fraction) -> int:
        ticks = seconds.numerator * (self.rate // seconds.denominator)
        self.known[ticks] = seconds
        return ticks

    def _seconds(self, ticks: int | None) -> Fraction:
        assert ticks is not None
        return self.known.get(ticks) or Fraction(ticks, self.rate)
