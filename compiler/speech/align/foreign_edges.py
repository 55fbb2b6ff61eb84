"""Edges of words that forced alignment in English phones misplaces at pauses and other speech."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from ...script.tokens import Token
from ...sync.types import Interval
from .alignment_result import ForcedAlignment
from .transcript_anchors import spread

TORN = Fraction(3, 5)
"""Seconds of speech outside the script that a scene does not contain, since people rather speak
between scenes."""
CLIPPED, PAUSE = Fraction(1, 20), Fraction(3, 20)
"""Seconds of a word that hardly has a length, and of a pause."""
WEAK_ONSET = Fraction(1, 5)
"""Longest beginning of a word, in seconds, that the first pass takes for silence."""


def members_of(scenes: Sequence[Sequence[Token]]) -> list[range]:
    """Return the numbers of each scene's tokens."""
    firsts = [0, *itertools.accumulate(map(len, scenes))]
    return [range(first, stop) for first, stop in itertools.pairwise(firsts)]


def start_with_speech(
    times: Sequence[Interval | None], speech: Sequence[Interval]
) -> list[Interval | None]:
    """Move starts of words after a pause back to where the speech begins, by up to `WEAK_ONSET`.

    A sound that English lacks, or that a room blurs, may pass for silence.
    """
    moved: list[Interval | None] = []
    begins = [stretch.start for stretch in speech]
    end = Fraction(0)
    for time in times:
        if time is not None:
            place = bisect_right(begins, time.start) - 1
            follows = place >= 0 and end < begins[place] and time.start < speech[place].end
            late = follows and time.start - begins[place] <= WEAK_ONSET
            moved.append(Interval(begins[place], time.end) if late else time)
            end = time.end
        else:
            moved.append(None)
    return moved


def clipped_starts_moved(
    times: Sequence[Interval | None], members: Sequence[Sequence[int]]
) -> list[Interval | None]:
    """Move the first word of a scene behind the pause after it, if it hardly has a length.

    A short word (*et*, *la*) matches the end of the word before as well as its own place.
    """
    moved = list(times)
    for before, group in itertools.pairwise(members):
        if not before or len(group) < 2:
            continue
        last, first, second = (times[index] for index in (before[-1], group[0], group[1]))
        if last is None or first is None or second is None or first.duration > CLIPPED:
            continue
        if first.start - last.end <= CLIPPED and second.start - first.end >= PAUSE:
            middle = min(second.start + CLIPPED, (second.start + second.end) / 2)
            moved[group[0]] = Interval(second.start, middle)
            moved[group[1]] = Interval(middle, second.end)
    return moved


def gathered(
    heard: ForcedAlignment, scenes: Sequence[Sequence[Token]], speech: Sequence[Interval]
) -> list[Interval | None]:
    """Return the times with no scene torn apart by speech outside the script.

    The first words of a scene that follows such speech may match its beginning; the smaller part of
    a torn scene moves to the larger, up to a pause if there is one near.
    """
    times = list(heard.times)
    begins, ends = [it.start for it in speech], [it.end for it in speech]
    for members, tokens in zip(members_of(scenes), scenes, strict=True):
        for follower, outside in heard.unscripted:
            if outside.duration < TORN or not members.start < follower < members.stop:
                continue
            parts = range(members.start, follower), range(follower, members.stop)
            said = [[i for i in part if times[i]] for part in parts]
            letters = [sum(_length(tokens[i - members.start]) for i in part) for part in said]
            stay, move = (said[1], said[0]) if letters[0] < letters[1] else (said[0], said[1])
            first, last = times[stay[0]] if stay else None, times[stay[-1]] if stay else None
            if not move or first is None or last is None:
                continue
            rate = (last.end - first.start) / max(letters)
            length = min(letters) * rate
            if move[0] < stay[0]:
                edge = max(outside.start, first.start - length)
                near = [it for it in begins if abs(it - edge) <= length and it < first.start]
                room = Interval(min(near, key=lambda it: abs(it - edge), default=edge), first.start)
            else:
                edge = min(outside.end, last.end + length)
                near = [it for it in ends if abs(it - edge) <= length and it > last.end]
                room = Interval(last.end, min(near, key=lambda it: abs(it - edge), default=edge))
            chosen = [tokens[index - members.start] for index in move]
            for index, time in zip(move, spread(chosen, [None] * len(move), room), strict=True):
                times[index] = time
    return times


def _length(token: Token) -> int:
    return max(1, sum(map(len, token.readings[0])))
