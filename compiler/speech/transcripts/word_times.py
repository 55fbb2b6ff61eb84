"""Times for every word: in order, apart, within the sound, each of some length."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, zip_longest

from .base import Repair
from .integer_time import TickRate, TickWord
from .words import weight

_LETTER = Fraction(13, 200)
"""Seconds that a letter takes to say."""
_ROUNDING = Fraction(1, 50)
"""Seconds by which words may overlap for no other reason than the precision of the file."""
_JITTER = Fraction(1, 4)
"""Seconds by which a word may start too early or past the end, and be moved rather than doubted."""
_BLOCK = 3
"""Words from which on a stretch with times of its own is put where its times say."""
_MOST_ROOM = 3
"""How many times its natural length a word without a time may get."""


def place_words(
    words: Sequence[TickWord], clock: TickRate, repairs: list[Repair]
) -> list[TickWord]:
    """Words with times that can be relied on; every doubt goes to ``repairs``."""
    placed = _within(words, clock, repairs)
    placed = _in_order(placed, clock, repairs)
    _fill(placed, clock, repairs)
    _part(placed, clock, repairs)
    return placed


def _within(words: Sequence[TickWord], clock: TickRate, repairs: list[Repair]) -> list[TickWord]:
    """Words without times before 0 or past the end, and without ends before their starts."""
    kept = []
    late = None if clock.duration is None else clock.duration + clock.span(_JITTER)
    past: list[TickWord] = []
    for word in words:
        start, end = word.start, word.end
        if late is not None and start is not None and start >= late:
            past.append(word)
            continue
        if start is not None and start < 0:
            what = f"{word.text!r} starts before 0, at {clock.show(start)}"
            if end is not None and end > 0:
                word.start = 0
                what += "; it starts at 0 now"
            else:
                word.start = word.end = None
                what += "; its time is not believed"
            repairs.append(Repair(word.place, what))
        elif start is not None and end is not None and end < start:
            what = f"{word.text!r} ends at {clock.show(end)}, before it starts; end made up"
            repairs.append(Repair(word.place, what))
            word.end = None
        kept.append(word)
    if past:
        assert clock.duration is not None
        shown = " ".join(word.text for word in past[:8]) + (" …" if len(past) > 8 else "")
        what = f"{shown!r} starts past the end of the sound, {clock.show(clock.duration)}; left out"
        repairs.append(Repair(past[0].place, what))
    return kept


def _in_order(words: list[TickWord], clock: TickRate, repairs: list[Repair]) -> list[TickWord]:
    """Words whose known starts never go back.

    The file's order is the spoken order, so a word out of step has a wrong time, and loses it.
    Only a whole stretch whose times fit in elsewhere is moved there.
    """
    known = [index for index, word in enumerate(words) if word.start is not None]
    starts = [word.start for word in words if word.start is not None]
    if all(first <= second for first, second in pairwise(starts)):
        return words
    steady = _longest_rise(starts)
    anchors = [starts[index] for index in range(len(starts)) if steady[index]]
    moved: list[tuple[int, int, int]] = []
    jitter = clock.span(_JITTER)
    index = 0
    latest = 0
    while index < len(starts):
        if steady[index]:
            latest = starts[index]
            index += 1
            continue
        stop = index
        while stop < len(starts) and not steady[stop]:
            stop += 1
        if _fits(starts[index:stop], anchors):
            moved.append((known[index], known[stop - 1] + 1, starts[index]))
            index = stop
            continue
        for number in range(index, stop):
            word = words[known[number]]
            if 0 <= latest - starts[number] <= jitter:
                what = f"{word.text!r} starts before the word before it; moved"
                word.start = latest
                word.end = None if word.end is None or word.end <= latest else word.end
            else:
                what = f"{word.text!r} is out of order, at {clock.show(starts[number])}; "
                what += "its time is not believed"
                word.start = word.end = None
            repairs.append(Repair(word.place, what))
        index = stop
    return _moved(words, moved, clock, repairs)


def _longest_rise(starts: Sequence[int]) -> list[bool]:
    """Which of some numbers belong to a longest subsequence that never falls."""
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(starts)
    for index, start in enumerate(starts):
        length = bisect_right(tails, start)
        before[index] = ends[length - 1] if length else -1
        if length == len(tails):
            tails.append(start)
            ends.append(index)
        else:
            tails[length] = start
            ends[length] = index
    chosen = [False] * len(starts)
    index = ends[-1]
    while index >= 0:
        chosen[index] = True
        index = before[index]
    return chosen


def _fits(starts: Sequence[int], anchors: Sequence[int]) -> bool:
    """Whether a stretch of words goes as a whole between two words that are in order."""
    if len(starts) < _BLOCK:
        return False
    rising = all(first <= second for first, second in pairwise(starts))
    return rising and bisect_right(anchors, starts[0]) == bisect_right(anchors, starts[-1])


def _moved(
    words: list[TickWord],
    stretches: Sequence[tuple[int, int, int]],
    clock: TickRate,
    repairs: list[Repair],
) -> list[TickWord]:
    """Words with some stretches (first, last + 1, start) put where they start."""
    if not stretches:
        return words
    away: set[int] = set()
    for first, stop, start in stretches:
        shown = " ".join(word.text for word in words[first : min(stop, first + 8)])
        shown += " …" if stop - first > 8 else ""
        what = f"{shown!r} is out of order; put in its place, at {clock.show(start)}"
        repairs.append(Repair(words[first].place, what))
        away.update(range(first, stop))
    pending = sorted(stretches, key=lambda stretch: stretch[2])
    ordered: list[TickWord] = []
    for index, word in enumerate(words):
        if index in away:
            continue
        while pending and word.start is not None and pending[0][2] < word.start:
            first, stop, _ = pending.pop(0)
            ordered += words[first:stop]
        ordered.append(word)
    for first, stop, _ in pending:
        ordered += words[first:stop]
    return ordered


def _fill(words: list[TickWord], clock: TickRate, repairs: list[Repair]) -> None:
    """Make up the times that are missing from those of the neighbours."""
    index = 0
    while index < len(words):
        if words[index].start is not None:
            index += 1
            continue
        stop = index
        while stop < len(words) and words[stop].start is None:
            stop += 1
        _fill_run(words, index, stop, clock)
        run = words[index:stop]
        shown = " ".join(word.text for word in run[:8]) + (" …" if len(run) > 8 else "")
        fact = "has no time" if len(run) == 1 else "have no times"
        what = f"{shown!r} {fact}; placed between the neighbours"
        repairs.append(Repair(run[0].place, what))
        index = stop
    for word, following in zip_longest(words, words[1:]):
        if word.end is not None:
            continue
        assert word.start is not None
        end = word.start + _natural(word, clock)
        if following is not None and following.start is not None:
            end = min(end, max(following.start, word.start))
        word.end = end
        repairs.append(Repair(word.place, f"{word.text!r} has no end; made up"))


def _fill_run(words: Sequence[TickWord], first: int, stop: int, clock: TickRate) -> None:
    run = words[first:stop]
    natural = sum(_natural(word, clock) for word in run)
    before = words[first - 1] if first else None
    after = words[stop].start if stop < len(words) else None
    begin = 0
    if before is not None:
        assert before.start is not None
        if before.end is None:
            # It shares the time that the words without one get.
            before.end = before.start + _natural(before, clock)
            if after is not None:
                reach = before.start + (after - before.start) * weight(before.text) // (
                    weight(before.text) + sum(weight(word.text) for word in run)
                )
                before.end = max(before.start, min(before.end, reach))
        begin = before.end
    end = run[-1].end
    if end is None or end <= begin:
        end = after if after is not None else clock.duration
    if after is not None and end is not None:
        end = min(end, after)
    if end is None:
        end = begin + natural
    end = max(begin, end) if after is None else end
    begin = min(begin, end)
    room = min(end - begin, _MOST_ROOM * natural if after is not None else natural)
    if before is None and after is not None:
        begin = end - room
    total = sum(weight(word.text) for word in run)
    done = 0
    edge = begin
    for word in run:
        done += weight(word.text)
        following = begin + room * done // total
        word.start, word.end = edge, following
        edge = following


def _part(words: Sequence[TickWord], clock: TickRate, repairs: list[Repair]) -> None:
    """Give every word a time of its own.

    Words follow each other as they are wherever they can. A word that reaches into the next one
    is cut off there; words with no room between their starts form a group, whose time they share
    by their letters.
    """
    groups: list[_Group] = []
    slack = clock.span(_ROUNDING)
    for index, word in enumerate(words):
        assert word.start is not None
        assert word.end is not None
        start, end = word.start, max(word.start, word.end)
        if groups:
            last = groups[-1]
            start = max(start, last.start)
            if last.needs(clock) > start - last.start and not last.sound(start):
                last.end = max(last.end, end)
                last.stop = index + 1
                continue
            if last.end > start:
                if last.end > start + slack:
                    before = words[last.stop - 1]
                    what = f"{before.text!r} overlaps {word.text!r}; it ends where that starts"
                    repairs.append(Repair(before.place, what))
                last.end = start
        groups.append(_Group(start, end, index, index + 1))
    _end_within(groups, clock)
    for number, group in enumerate(groups):
        limit = groups[number + 1].start if number + 1 < len(groups) else clock.duration
        run = words[group.first : group.stop]
        _settle(run, group, limit, clock, repairs)


class _Group:
    """Words from ``first`` to ``stop`` (exclusive) that have ``start`` to ``end`` in common."""

    __slots__ = ("end", "first", "start", "stop")

    def __init__(self, start: int, end: int, first: int, stop: int):
        self.start, self.end, self.first, self.stop = start, end, first, stop

    def needs(self, clock: TickRate) -> int:
        return (self.stop - self.first) * clock.least

    def sound(self, limit: int) -> bool:
        """Whether it is a single word with a time of its own that ends in time."""
        return self.stop - self.first == 1 and self.start < self.end <= limit


def _end_within(groups: list[_Group], clock: TickRate) -> None:
    """Join and move the last groups so that they have room before the end of the sound."""
    limit = clock.duration
    if limit is None or not groups:
        return
    while limit - groups[-1].start < groups[-1].needs(clock) and not (groups[-1].sound(limit)):
        last = groups[-1]
        if len(groups) == 1:
            last.start = max(0, limit - last.needs(clock))
            break
        groups.pop()
        groups[-1].end = max(groups[-1].end, last.end)
        groups[-1].stop = last.stop


def _settle(
    run: Sequence[TickWord],
    group: _Group,
    limit: int | None,
    clock: TickRate,
    repairs: list[Repair],
) -> None:
    if len(run) == 1 and group.start < group.end and (limit is None or group.end <= limit):
        run[0].start, run[0].end = group.start, group.end
        return
    start, end = group.start, group.end
    if limit is not None and end > limit:
        if end > limit + clock.span(_ROUNDING):
            what = f"{run[-1].text!r} ends past the end of the sound; cut off there"
            repairs.append(Repair(run[-1].place, what))
        end = limit
    if end - start < group.needs(clock) and (len(run) > 1 or end <= start):
        end = start + max(group.needs(clock), sum(_natural(word, clock) for word in run))
        end = end if limit is None else min(end, limit)
        if len(run) == 1:
            repairs.append(Repair(run[0].place, f"{run[0].text!r} has no length; given some"))
    if len(run) > 1:
        shown = " ".join(word.text for word in run[:8]) + (" …" if len(run) > 8 else "")
        what = f"{shown!r} share one time; it is divided between them by their letters"
        repairs.append(Repair(run[0].place, what))
    _divide(run, start, end, clock)


def _divide(run: Sequence[TickWord], start: int, end: int, clock: TickRate) -> None:
    """Share a time by letters, the least to everyone, inner bounds in whole milliseconds."""
    total = sum(weight(word.text) for word in run)
    spare = end - start - len(run) * clock.least
    grid = clock.rate // 1000
    grid = grid if clock.least > 2 * grid else 1
    done = 0
    edge = start
    for number, word in enumerate(run, 1):
        done += weight(word.text)
        following = start + number * clock.least + spare * done // total
        following = end if number == len(run) else following - following % grid
        word.start, word.end = edge, following
        edge = following


def _natural(word: TickWord, clock: TickRate) -> int:
    """Ticks that a word takes to say, about."""
    return max(clock.least, clock.span(weight(word.text) * _LETTER + _LETTER))
