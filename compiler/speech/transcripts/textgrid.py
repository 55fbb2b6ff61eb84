"""Praat's TextGrid, long and short, which aligners such as MFA write.

The file is a sequence of values: free-standing numbers, ``"strings"`` and ``<flags>``. All else
(``xmin =``, ``intervals [1]:``) is comment, and the only difference between the long and the short
form (Praat's manual, "TextGrid file formats"). Word tiers have various names; without one, the
first tier that does not hold phones is read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .base import MalformedError, RawTranscript, RawWord
from .decimals import parse_decimal
from .words import SILENCES, words_of_segments

NAME = "TextGrid"
_VALUE = re.compile(
    r'"(?P<string>(?:[^"]|"")*)"'
    r"|(?<!\S)(?P<number>[-+]?\d[\d.]*(?:[eE][-+]?\d+)?)(?!\S)"
    r"|(?<!\S)(?P<flag><\w+>)(?!\S)"
    r"|(?<!\S)![^\n]*"
)
_WORDS = re.compile(r"(^|.*[\s\-_.])(words?|wrd|ort|ort-mau|orthography|tokens?)$", re.IGNORECASE)
_PHONES = re.compile(r"(^|.*[\s\-_.])(phones?|phonemes?|segments?|mau|kan|sampa)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tier:
    name: str
    points: bool
    entries: tuple[RawWord, ...]


def matches(text: str, document: object) -> bool:
    """Whether the header names a TextGrid."""
    return document is None and '"TextGrid"' in text[:200] and "ooTextFile" in text[:200]


def read(text: str, document: object) -> RawTranscript:
    """Return the words of the word tiers."""
    tiers = [tier for tier in _tiers(_Values(text)) if not tier.points]
    chosen = [tier for tier in tiers if _WORDS.match(tier.name)]
    if not chosen:
        chosen = [tier for tier in tiers if not _PHONES.match(tier.name)][:1]
    entries = [entry for tier in chosen for entry in tier.entries]
    if len(chosen) > 1:
        # One tier a speaker.
        entries.sort(key=lambda entry: entry.start or Fraction(0))
    spoken = [entry for entry in entries if entry.text.strip().lower() not in SILENCES]
    words, timed = words_of_segments(spoken)
    return RawTranscript(tuple(words), None, timed)


class _Values:
    """Reader of the values, one after the other."""

    def __init__(self, text: str):
        self._matches: Iterator[re.Match[str]] = _VALUE.finditer(text)
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0

    @property
    def line(self) -> int:
        """Line of the last value, 1-based."""
        return bisect_right(self._lines, self._at)

    def string(self) -> str:
        return self._next("string").replace('""', '"')

    def number(self) -> Fraction:
        number = parse_decimal(self._next("number"))
        if number is None:
            raise MalformedError("lacks a number", "", self.line)
        return number

    def count(self) -> int:
        number = self.number()
        if number.denominator != 1 or number < 0:
            raise MalformedError(f"has {number} instead of a count", "", self.line)
        return int(number)

    def flag(self) -> str:
        return self._next("flag")

    def _next(self, kind: str) -> str:
        for match in self._matches:
            self._at = match.start()
            if match.lastgroup is None:
                continue
            if match.lastgroup != kind:
                what = f"has {match[0][:20]!r} instead of a {kind}"
                raise MalformedError(what, "", self.line)
            return match[kind]
        raise MalformedError(f"ends before a {kind}", "", self.line)


def _tiers(values: _Values) -> Sequence[_Tier]:
    values.string()  # ooTextFile
    values.string()  # TextGrid
    values.number()
    values.number()
    if values.flag() != "<exists>":
        return []
    return [_tier(values) for _ in range(values.count())]


def _tier(values: _Values) -> _Tier:
    kind = values.string()
    if kind not in ("IntervalTier", "TextTier"):
        raise MalformedError(f"has a tier of unknown kind {kind!r}", "", values.line)
    name = values.string()
    values.number()
    values.number()
    entries = []
    for _ in range(values.count()):
        start = values.number()
        place = f"line {values.line}"
        end = start if kind == "TextTier" else values.number()
        entries.append(RawWord(values.string(), start, end, place))
    return _Tier(name, kind == "TextTier", tuple(entries))
