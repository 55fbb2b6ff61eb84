"""Split a passage of words into cues at the least cost, by dynamic programming."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import add

from ...script.full_stops import ends_sentence
from .breaks import roughness
from .cue_limits import HOLD_S, LONGEST_S, TICK_S, CueLimits, characters_of
from .words import SpokenWord, is_joined

_FORBIDDEN = 1_000.0
_PER_CUE = 0.6
_PER_HURRY = 4.0
_PER_SENTENCE = 0.5
_PER_VERSE = 2.0


@dataclass
class CueSplitter:
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
    _counts: list[float] = field(default_factory=list)
    _spaces: list[int] = field(default_factory=list)
    _rough: list[float] = field(default_factory=list)

    def split(self) -> list[tuple[int, int]]:
        """Return the ranges of words of the cues."""
        words, measure = self.words, self.limits.measure
        alone = [measure([word]) for word in words]
        self._blanks = [0.0] + [
            measure([one, other]) - alone[index] - alone[index + 1]
            for index, (one, other) in enumerate(pairwise(words))
        ]
        self._widths = _sums(alone, self._blanks)
        self._spaces = [0, *(not is_joined(a, b) for a, b in pairwise(words))]
        self._counts = _sums([characters_of(word.text) for word in words], self._spaces)
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

    def _characters(self, first: int, last: int) -> float:
        return self._counts[last] - self._counts[first] - self._spaces[first]

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
        hurry = max(0.0, limits.reading_s(self._characters(first, last)) / shown - 1)
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


def _sums(words: Iterable[float], blanks: Iterable[float]) -> list[float]:
    """Return what stands before each word: the words and the blanks in front of them."""
    return list(accumulate(map(add, words, blanks), initial=0.0))
