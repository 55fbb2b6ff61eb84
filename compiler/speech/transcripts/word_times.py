"""Give every word a time of its own: estimate missing times, remove overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest

from .base import Repair
from .integer_time import Repaired, TickRate, TickWord, excerpt
from .words import weight

_LETTER = Fraction(13, 200)
"""Seconds that a letter takes to say."""
_ROUNDING = Fraction(1, 50)
"""Seconds of overlap that the precision of a file explains."""
_MAX_STRETCH = 3
"""Longest time for an untimed word, as a multiple of its natural length."""


def place_words(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Return words with times and without overlaps, and every change; starts are in order."""
    repairs: list[Repair] = []
    for step in (_fill_starts, _fill_ends, _separate):
        words, found = step(words, rate)
        repairs += found
    return list(words), repairs


def _fill_starts(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Place words without a start between their neighbours."""
    filled: list[TickWord] = []
    repairs: list[Repair] = []
    index = 0
    while index < len(words):
        if words[index].start is not None:
            filled.append(words[index])
            index += 1
            continue
        stop = index
        while stop < len(words) and words[stop].start is None:
            stop += 1
        run = words[index:stop]
        before = filled.pop() if filled else None
        after = words[stop].start if stop < len(words) else None
        filled += _fill_run(before, run, after, rate)
        fact = "has no time" if len(run) == 1 else "have no times"
        what = f"{excerpt(run)} {fact}; placed between the neighbours"
        repairs.append(Repair(run[0].place, what))
        index = stop
    return filled, repairs


def _fill_run(
    before: TickWord | None, run: Sequence[TickWord], after: int | None, rate: TickRate
) -> list[TickWord]:
    """Return the word before a run and the run, with times up to the start after it."""
    natural = sum(_natural_length(word, rate) for word in run)
    begin = 0
    if before is not None:
        assert before.start is not None
        begin = before.end if before.end is not None else _end_before(before, run, after, rate)
        before = before.at(before.start, begin)
    end = run[-1].end
    if end is None or end <= begin:
        end = after if after is not None else rate.duration
    if after is not None and end is not None:
        end = min(end, after)
    if end is None:
        end = begin + natural
    end = max(begin, end) if after is None else end
    begin = min(begin, end)
    length = min(end - begin, _MAX_STRETCH * natural if after is not None else natural)
    if before is None and after is not None:
        begin = end - length
    total = sum(weight(word.text) for word in run)
    filled = [] if before is None else [before]
    done = 0
    edge = begin
    for word in run:
        done += weight(word.text)
        following = begin + length * done // total
        filled.append(word.at(edge, following))
        edge = following
    return filled


def _end_before(word: TickWord, run: Sequence[TickWord], after: int | None, rate: TickRate) -> int:
    """Estimate the end of a word that shares the time up to ``after`` with an untimed run."""
    assert word.start is not None
    end = word.start + _natural_length(word, rate)
    if after is None:
        return end
    own = weight(word.text)
    share = (after - word.start) * own // (own + sum(weight(other.text) for other in run))
    return max(word.start, min(end, word.start + share))


def _fill_ends(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Estimate missing ends; no start is missing."""
    filled: list[TickWord] = []
    repairs: list[Repair] = []
    for word, following in zip_longest(words, words[1:]):
        if word.end is not None:
            filled.append(word)
            continue
        assert word.start is not None
        end = word.start + _natural_length(word, rate)
        if following is not None and following.start is not None:
            end = min(end, max(following.start, word.start))
        filled.append(word.at(word.start, end))
        repairs.append(Repair(word.place, f"{word.text!r} has no end; estimated"))
    return filled, repairs


@dataclass(frozen=True, slots=True)
class _Group:
    """Words ``[first, stop)`` that share the time from ``start`` to ``end``."""

    start: int
    end: int
    first: int
    stop: int

    def min_length(self, rate: TickRate) -> int:
        return (self.stop - self.first) * rate.min_length

    def is_valid_word(self, limit: int) -> bool:
        """Whether it is a single word with a time of its own that ends before ``limit``."""
        return self.stop - self.first == 1 and self.start < self.end <= limit


def _separate(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Give every word a time of its own.

    A word that reaches into the next one is cut off there. Words with too little time between their
    starts form a group and share its time by letter count. All others stay as they are.
    """
    groups: list[_Group] = []
    repairs: list[Repair] = []
    slack = rate.ticks(_ROUNDING)
    for index, word in enumerate(words):
        assert word.start is not None
        assert word.end is not None
        start, end = word.start, max(word.start, word.end)
        if groups:
            last = groups[-1]
            start = max(start, last.start)
            if last.min_length(rate) > start - last.start and not last.is_valid_word(start):
                groups[-1] = replace(last, end=max(last.end, end), stop=index + 1)
                continue
            if last.end > start:
                if last.end > start + slack:
                    before = words[last.stop - 1]
                    what = f"{before.text!r} overlaps {word.text!r}; cut off at its start"
                    repairs.append(Repair(before.place, what))
                groups[-1] = replace(last, end=start)
        groups.append(_Group(start, end, index, index + 1))
    groups = _fit_end(groups, rate)
    placed: list[TickWord] = []
    for number, group in enumerate(groups):
        limit = groups[number + 1].start if number + 1 < len(groups) else rate.duration
        run, found = _settle(words[group.first : group.stop], group, limit, rate)
        placed += run
        repairs += found
    return placed, repairs


def _fit_end(groups: Sequence[_Group], rate: TickRate) -> list[_Group]:
    """Merge and move the last groups until they fit before the end of the recording."""
    limit = rate.duration
    fitted = list(groups)
    while limit is not None and fitted:
        last = fitted.pop()
        needed = last.min_length(rate)
        if limit - last.start >= needed or last.is_valid_word(limit):
            return [*fitted, last]
        if not fitted:
            return [replace(last, start=max(0, limit - needed))]
        before = fitted[-1]
        fitted[-1] = replace(before, end=max(before.end, last.end), stop=last.stop)
    return fitted


def _settle(run: Sequence[TickWord], group: _Group, limit: int | None, rate: TickRate) -> Repaired:
    """Return the words of a group with their final times."""
    start, end = group.start, group.end
    if len(run) == 1 and start < end and (limit is None or end <= limit):
        return [run[0].at(start, end)], []
    repairs: list[Repair] = []
    if limit is not None and end > limit:
        if end > limit + rate.ticks(_ROUNDING):
            what = f"{run[-1].text!r} ends past the end of the recording; cut off there"
            repairs.append(Repair(run[-1].place, what))
        end = limit
    needed = group.min_length(rate)
    if end - start < needed and (len(run) > 1 or end <= start):
        end = start + max(needed, sum(_natural_length(word, rate) for word in run))
        end = end if limit is None else min(end, limit)
        if len(run) == 1:
            repairs.append(Repair(run[0].place, f"{run[0].text!r} has zero length; extended"))
    if len(run) > 1:
        what = f"{excerpt(run)} share one time; split between them by letter count"
        repairs.append(Repair(run[0].place, what))
    return _split_time(run, start, end, rate), repairs


def _split_time(run: Sequence[TickWord], start: int, end: int, rate: TickRate) -> list[TickWord]:
    """Split a time by letter count, on whole milliseconds; each word gets the least length."""
    total = sum(weight(word.text) for word in run)
    spare = end - start - len(run) * rate.min_length
    grid = rate.per_second // 1000
    grid = grid if rate.min_length > 2 * grid else 1
    placed = []
    done = 0
    edge = start
    for number, word in enumerate(run, 1):
        done += weight(word.text)
        following = start + number * rate.min_length + spare * done // total
        following = end if number == len(run) else following - following % grid
        placed.append(word.at(edge, following))
        edge = following
    return placed


def _natural_length(word: TickWord, rate: TickRate) -> int:
    """Estimate the ticks that a word takes to say."""
    return max(rate.min_length, rate.ticks(weight(word.text) * _LETTER + _LETTER))
