"""Scenes that noise may hide: said, though not heard, where their neighbours leave them room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ...script.tokens import Token
from ...sync.types import Interval
from .alignment_result import ForcedAlignment
from .unspoken import consecutive

NOISY = 10.0
"""Contrast below which a scene may be said without being heard."""
LEAST, MOST = Fraction(1, 2), Fraction(5, 2)
"""Shares of the usual time of a scene between which there is room for it."""
PAUSE = 1
"""Seconds of room beside each scene for its pause."""


def rooms_in_noise(
    unheard: Iterable[int],
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    alignment: ForcedAlignment,
    duration: Fraction,
) -> dict[int, Interval]:
    """Return the time between their neighbours of unheard scenes that it may belong to.

    A scene that is never said leaves its neighbours no more than a pause. Where nothing hides a
    scene, room alone is no evidence for it.

    Args:
        unheard: numbers of scenes, ascending.
        tokens: of all scenes.
        members: the tokens of each scene.
        alignment: of the tokens.
        duration: of the recording, in seconds.
    """
    numbers = list(unheard)
    times = list(alignment.times)
    for number in numbers:
        for index in members[number]:
            times[index] = None
    heard = [index for index, time in enumerate(times) if time]
    if not heard:
        return {}
    spoken = sum((time.duration for time in times if time), Fraction(0))
    pace = spoken / max(1, letters_of(tokens, heard))
    rooms: dict[int, Interval] = {}
    for run in consecutive(numbers):
        mine = [index for number in run for index in members[number]]
        begin = next((time.end for time in reversed(times[: mine[0]]) if time), Fraction(0))
        end = next((time.start for time in times[mine[-1] + 1 :] if time), duration)
        usual = letters_of(tokens, mine) * pace
        if alignment.contrast_at((begin + end) / 2) >= NOISY:
            continue
        if LEAST * usual <= end - begin <= MOST * usual + PAUSE * len(run):
            rooms |= dict.fromkeys(run, Interval(begin, end))
    return rooms


def letters_of(tokens: Sequence[Token], chosen: Sequence[int]) -> int:
    """Return the number of letters of the chosen tokens, as spoken."""
    return sum(len(word) for index in chosen for word in tokens[index].readings[0])
