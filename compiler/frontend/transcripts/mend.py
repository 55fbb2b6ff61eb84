"""Raw words into a transcript that can be relied on; each mend is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from ...sync.types import Word
from .base import RawTranscript, RawWord, Repair, Transcript

LEAST = Fraction(1, 100)
"""Seconds that every word lasts."""
_NON_SPEECH = re.compile(r"^[\[(*♪<].*[\])*♪>]$|^[♪♫]+$")


def mend(raw: RawTranscript, name: str, duration: Fraction | None = None) -> Transcript:
    """Words in order, apart and of some length.

    Args:
        raw: what a reader found.
        name: of the format.
        duration: of the sound in seconds; words beyond it are dropped.
    """
    repairs: list[Repair] = []
    words = _spoken(raw.words, repairs)
    timed = _with_times(words, repairs)
    ordered = _sorted(timed, repairs)
    kept = _within(ordered, duration, repairs)
    return Transcript(
        words=tuple(_apart(kept, duration, repairs)),
        language=raw.language,
        format=name,
        timed=raw.timed,
        repairs=tuple(repairs),
    )


def _spoken(words: Sequence[RawWord], repairs: list[Repair]) -> list[RawWord]:
    kept = []
    for word in words:
        if _NON_SPEECH.match(word.text):
            repairs.append(Repair(word.place, f"{word.text!r} is no speech; left out"))
        elif word.text:
            kept.append(word)
    return kept


def _with_times(words: Sequence[RawWord], repairs: list[Repair]) -> list[RawWord]:
    """Words without times get the time between their neighbours, by letters."""
    timed: list[RawWord] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word.start is not None and word.end is not None:
            timed.append(word)
            index += 1
            continue
        stop = index
        while stop < len(words) and (words[stop].start is None or words[stop].end is None):
            stop += 1
        begin = words[index].start or (timed[-1].end if timed else Fraction(0)) or Fraction(0)
        following = words[stop].start if stop < len(words) else None
        end = words[stop - 1].end or following
        letters = sum(len(w.text) for w in words[index:stop])
        if end is None or end < begin:
            end = begin + letters * Fraction(7, 100)
        clock = begin
        for missing in words[index:stop]:
            after = clock + (end - begin) * Fraction(len(missing.text), letters)
            timed.append(RawWord(missing.text, clock, after, missing.place))
            what = f"{missing.text!r} has no time; it gets the time between its neighbours"
            repairs.append(Repair(missing.place, what))
            clock = after
        index = stop
    return timed


def _sorted(words: list[RawWord], repairs: list[Repair]) -> list[RawWord]:
    latest = Fraction(0)
    for word in words:
        assert word.start is not None
        if word.start < latest - 1:
            repairs.append(Repair(word.place, f"{word.text!r} is out of order; put in its place"))
        latest = max(latest, word.start)
    return sorted(words, key=lambda word: word.start or Fraction(0))


def _within(
    words: list[RawWord], duration: Fraction | None, repairs: list[Repair]
) -> list[RawWord]:
    kept = []
    for word in words:
        assert word.start is not None
        if duration is not None and word.start >= duration:
            what = f"{word.text!r} is past the end of the sound; left out"
            repairs.append(Repair(word.place, what))
            continue
        if word.start < 0:
            repairs.append(Repair(word.place, f"{word.text!r} starts before 0; moved"))
        kept.append(word)
    return kept


def _apart(words: list[RawWord], duration: Fraction | None, repairs: list[Repair]) -> list[Word]:
    mended: list[Word] = []
    clock = Fraction(0)
    for index, word in enumerate(words):
        assert word.start is not None
        assert word.end is not None
        start = max(clock, word.start)
        end = word.end
        if end < word.start + LEAST and end <= word.start:
            repairs.append(Repair(word.place, f"{word.text!r} has no length; given some"))
        following = words[index + 1].start if index + 1 < len(words) else duration
        if following is not None and end > following:
            end = max(following, start)
        end = max(end, start + LEAST)
        if clock - word.start > Fraction(1, 20):
            repairs.append(Repair(word.place, f"{word.text!r} overlaps the word before; moved"))
        mended.append(Word(word.text, start, end))
        clock = end
    return mended
