"""Speech outside the script: fillers, false starts, asides. No cut may fall into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ...sync.types import Interval
from ..pauses import speech_within

Unscripted: TypeAlias = Sequence[tuple[int, Interval]]
"""Speech outside the script in order, each with the token that follows it."""


def sounding(unscripted: Unscripted, speech: Sequence[Interval]) -> Unscripted:
    """Return what sounds of speech outside the script; all of it if no energy stands out."""
    ordered = sorted(unscripted, key=lambda one: one[1].start)
    parts = speech_within([time for _, time in ordered], speech)
    return [
        (follower, part)
        for (follower, time), found in zip(ordered, parts, strict=True)
        for part in found or [time]
    ]


def by_scene(members: Sequence[Sequence[int]], unscripted: Unscripted) -> list[list[Interval]]:
    """Return what is said outside the script before the last word of each scene.

    Args:
        members: the tokens of each scene.
        unscripted: of the whole narration.
    """
    found: list[list[Interval]] = [[] for _ in members]
    scene_of = {index: number for number, group in enumerate(members) for index in group}
    for follower, interval in unscripted:
        if follower in scene_of:
            found[scene_of[follower]].append(interval)
    return found
