"""Speech outside the script: fillers, false starts, asides. No cut may fall into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

from ...sync.types import Interval
from ..pauses import speech_within

Unscripted: TypeAlias = Sequence[tuple[int, Interval]]
"""Speech outside the script in order, each with the token that follows it."""


CLEAR = 12.0
"""Contrast from which energy tells speech from silence."""
SOUND = 0.85
"""Clarity from which all that has the energy of speech is said."""
BRIEF = Fraction(1, 5)
"""Seconds below which noise may part speech, or be taken for it."""


def sounding(
    unscripted: Unscripted, speech: Sequence[Interval], contrast_at: Callable[[Fraction], float]
) -> Unscripted:
    """Return what sounds of speech outside the script; all of it if no energy stands out.

    Args:
        unscripted: of the narration.
        speech: by energy.
        contrast_at: of the recording at a second. Noise parts speech, and sounds like it: brief
            sounds there count for none.
    """
    ordered = sorted(unscripted, key=lambda one: one[1].start)
    parts = speech_within([time for _, time in ordered], speech)
    heard = [
        (follower, part)
        for (follower, time), found in zip(ordered, parts, strict=True)
        for part in found or [time]
    ]
    joined: list[tuple[int, Interval, bool]] = []
    for follower, part in heard:
        is_clear = contrast_at(part.start) >= CLEAR
        last = joined[-1] if joined and not is_clear else None
        if last and last[0] == follower and not last[2] and part.start - last[1].end < BRIEF:
            joined[-1] = (follower, Interval(last[1].start, part.end), False)
        else:
            joined.append((follower, part, is_clear))
    return [
        (follower, part)
        for follower, part, is_clear in joined
        if is_clear or part.duration >= BRIEF
    ]


def by_scene(
    members: Sequence[Sequence[int]],
    unscripted: Unscripted,
    times: Sequence[Interval],
    speech: Sequence[Interval],
    clarity_at: Callable[[Fraction], float],
) -> list[list[Interval]]:
    """Return speech outside the script before the last word of each scene, in order.

    In a clear recording all that sounds between the words of two scenes is said: a weak first sound
    may be no part of its word.

    Args:
        members: the tokens of each scene.
        unscripted: of the whole narration.
        times: of the tokens, in order.
        speech: of the narration, by energy.
        clarity_at: of the recording at a second, about 1 in a studio.
    """
    found: list[list[Interval]] = [[] for _ in members]
    scene_of = {index: number for number, group in enumerate(members) for index in group}
    for follower, interval in unscripted:
        if follower in scene_of:
            found[scene_of[follower]].append(interval)
    firsts = [group[0] if group else 0 for group in members]
    gaps = [
        Interval(times[first - 1].end, times[first].start)
        if first
        and times[first - 1].end < times[first].start
        and clarity_at(times[first].start) >= SOUND
        else Interval(Fraction(0), Fraction(0))
        for first in firsts
    ]
    parts = speech_within(gaps, speech)
    return [
        sorted([*others, *sounds], key=lambda one: one.start)
        for others, sounds in zip(found, parts, strict=True)
    ]
