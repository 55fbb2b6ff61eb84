"""Words and intervals in exact fractions of a second."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word.

    Attributes:
        text: as in captions: with its punctuation, without surrounding spaces.
        start: seconds on the narration's own axis.
        end: seconds, never before ``start``.
        confidence: probability that ``start`` is within 50 ms of the truth, 0..1; None if unknown.
        line_end: whether it ends a line of verse.
    """

    text: str
    start: Fraction
    end: Fraction
    confidence: Fraction | None = None
    line_end: bool = False

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"{self.text!r} ends ({self.end}) before it starts ({self.start})")


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval ``[start, end)`` in seconds."""

    start: Fraction
    end: Fraction

    @property
    def duration(self) -> Fraction:
        """Length in seconds; negative if the ends are swapped."""
        return self.end - self.start
