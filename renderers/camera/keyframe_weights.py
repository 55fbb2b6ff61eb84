"""When each keyframe of a scene is seen: alone at its own frame, with dissolves between."""

from __future__ import annotations

from ..base import Keyframe, Shot

LONGEST_DISSOLVE_S = 2.5
"""Seconds over which one keyframe dissolves into the next, at the most."""


def dissolve(keyframes: tuple[Keyframe, ...], frame: int, shot: Shot) -> tuple[int, int, float]:
    """Which two keyframes are seen at a frame of the span, and the weight of the second.

    A keyframe is reached, alone, at its own frame. The dissolve towards it takes the second half of
    the way there, `LONGEST_DISSOLVE_S` at the most.
    """
    upper = next((n for n, key in enumerate(keyframes) if key.frame > frame), len(keyframes))
    if upper in (0, len(keyframes)):
        only = min(upper, len(keyframes) - 1)
        return only, only, 0.0
    end = keyframes[upper].frame
    weight = 1 - (end - frame) / _length(keyframes, upper, shot)
    if weight <= 0:
        return upper - 1, upper - 1, 0.0
    return upper - 1, upper, weight * weight * (3 - 2 * weight)


def halfway(keyframes: tuple[Keyframe, ...], upper: int, shot: Shot) -> float:
    """The frame of the span at which the dissolve towards a keyframe is half done."""
    return keyframes[upper].frame - _length(keyframes, upper, shot) / 2


def _length(keyframes: tuple[Keyframe, ...], upper: int, shot: Shot) -> float:
    between = keyframes[upper].frame - keyframes[upper - 1].frame
    return max(1.0, min(between / 2, LONGEST_DISSOLVE_S * float(shot.fps)))
