"""Group words into cues: captions of at most two lines, with every word once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import opentimelineio as otio

from ...timeline.metadata import own_metadata
from ...timeline.properties import length_of
from .cue_limits import FASTEST, HOLD_S, READING_SPEED, TICK_S, CueLimits, characters_of
from .phrases import join_phrases
from .split_cues import CueSplitter
from .words import SpokenWord, join_words, language_of, words_of

PAUSE_S = 0.7
"""A pause this long ends a cue."""


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
        """Characters a second."""
        return self.characters / (self.end - self.start)

    @property
    def characters(self) -> float:
        """Characters with blanks, full-width letters counted as 17/9."""
        return characters_of(join_words(self.words))


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
        for first, last in CueSplitter(
            words[begin:finish], limits, _next(words, finish, end)
        ).split()
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
        wanted = min(start + limits.reading_s(characters_of(join_words(group))), spoken + HOLD_S)
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
