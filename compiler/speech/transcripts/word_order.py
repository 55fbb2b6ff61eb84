"""Order words by their known times, within the recording."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from .base import Repair
from .integer_time import Repaired, TickRate, TickWord, excerpt

_JITTER = Fraction(1, 4)
"""Seconds by which a word may start too early or past the end and be moved; its time is dropped if
it is off by more."""
_BLOCK = 3
"""Least words of a block that is moved to where its own times put it."""


def order_words(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Return words whose known starts are monotone, and every change."""
    kept, clipped = _clip(words, rate)
    ordered, moved = _reorder(kept, rate)
    return ordered, clipped + moved


def _clip(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Drop words past the end; repair starts before 0 and ends before their starts."""
    kept: list[TickWord] = []
    late: list[TickWord] = []
    repairs: list[Repair] = []
    limit = None if rate.duration is None else rate.duration + rate.ticks(_JITTER)
    for word in words:
        if limit is not None and word.start is not None and word.start >= limit:
            late.append(word)
            continue
        valid, what = _valid(word, rate)
        if what:
            repairs.append(Repair(word.place, what))
        kept.append(valid)
    if late:
        assert rate.duration is not None
        end = rate.show(rate.duration)
        what = f"{excerpt(late)} starts past the end of the recording, {end}; dropped"
        repairs.append(Repair(late[0].place, what))
    return kept, repairs


def _valid(word: TickWord, rate: TickRate) -> tuple[TickWord, str]:
    start, end = word.start, word.end
    if start is not None and start < 0:
        what = f"{word.text!r} starts before 0, at {rate.show(start)}"
        if end is not None and end > 0:
            return word.at(0, end), f"{what}; moved to 0"
        return word.at(None, None), f"{what}; its time was dropped"
    if start is not None and end is not None and end < start:
        what = f"{word.text!r} ends at {rate.show(end)}, before it starts; end estimated"
        return word.at(start, None), what
    return word, ""


def _reorder(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Make the known starts monotone.

    The order of the file is the spoken order, so a word out of step has a wrong time and loses it.
    A whole block is moved instead if its times fit in elsewhere.
    """
    timed = [index for index, word in enumerate(words) if word.start is not None]
    starts = [word.start for word in words if word.start is not None]
    if all(first <= second for first, second in pairwise(starts)):
        return list(words), []
    steady = _longest_rise(starts)
    anchors = [start for start, is_steady in zip(starts, steady, strict=True) if is_steady]
    fixed = list(words)
    repairs: list[Repair] = []
    blocks: list[tuple[int, int, int]] = []
    jitter = rate.ticks(_JITTER)
    latest = index = 0
    while index < len(starts):
        if steady[index]:
            latest = starts[index]
            index += 1
            continue
        stop = index
        while stop < len(starts) and not steady[stop]:
            stop += 1
        if _fits(starts[index:stop], anchors):
            blocks.append((timed[index], timed[stop - 1] + 1, starts[index]))
            index = stop
            continue
        for number in range(index, stop):
            word = fixed[timed[number]]
            if 0 <= latest - starts[number] <= jitter:
                what = f"{word.text!r} starts before the previous word; moved"
                is_over = word.end is None or word.end <= latest
                fixed[timed[number]] = word.at(latest, None if is_over else word.end)
            else:
                at = rate.show(starts[number])
                what = f"{word.text!r} is out of order, at {at}; its time was dropped"
                fixed[timed[number]] = word.at(None, None)
            repairs.append(Repair(word.place, what))
        index = stop
    moved, found = _move_blocks(fixed, blocks, rate)
    return moved, repairs + found


def _longest_rise(starts: Sequence[int]) -> list[bool]:
    """Mark the members of a longest non-decreasing subsequence."""
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
    """Whether a whole block fits between two neighbouring words that are in order."""
    if len(starts) < _BLOCK:
        return False
    rising = all(first <= second for first, second in pairwise(starts))
    return rising and bisect_right(anchors, starts[0]) == bisect_right(anchors, starts[-1])


def _move_blocks(
    words: Sequence[TickWord], blocks: Sequence[tuple[int, int, int]], rate: TickRate
) -> Repaired:
    """Move blocks (first, last + 1, start) to their start times."""
    away = {index for first, stop, _ in blocks for index in range(first, stop)}
    repairs = [
        Repair(
            words[first].place,
            f"{excerpt(words[first:stop])} is out of order; moved to {rate.show(start)}",
        )
        for first, stop, start in blocks
    ]
    pending = sorted(blocks, key=lambda block: block[2])
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
    return ordered, repairs
