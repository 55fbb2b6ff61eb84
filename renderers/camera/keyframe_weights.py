"""The weights of a scene's keyframes, frame by frame: one alone, or a dissolve between two."""

from __future__ import annotations

from ..base import Keyframe, Shot

LONGEST_DISSOLVE_S = 2.5
"""Maximum length of the dissolve from one keyframe to the next, in seconds."""


def keyframe_weights(
    keyframes: tuple[Keyframe, ...], frame: int, shot: Shot
) -> tuple[int, int, float]:
    """Return the two keyframes visible at a frame of the span, and the weight of the second.

    A keyframe is alone at its own frame. The dissolve towards it lasts half the distance from the
    keyframe before, `LONGEST_DISSOLVE_S` at most, and its weight follows a smoothstep.
    """
    upper = next((n for n, key in enumerate(keyframes) if key.frame > frame), len(keyframes))
    if upper in (0, len(keyframes)):
        only = min(upper, len(keyframes) - 1)
        return only, only, 0.0
    end = keyframes[upper].frame
    weight = 1 - (end - frame) / _dissolve_frames(keyframes, upper, shot)
    if weight <= 0:
        return upper - 1, upper - 1, 0.0
    return upper - 1, upper, weight * weight * (3 - 2 * weight)


def dissolve_midpoint(keyframes: tuple[Keyframe, ...], upper: int, shot: Shot) -> float:
    """Return the frame of the span at which the dissolve to keyframe ``upper`` is half done."""
    return keyframes[upper].frame - _dissolve_frames(keyframes, upper, shot) / 2


def _dissolve_frames(keyframes: tuple[Keyframe, ...], upper: int, shot: Shot) -> float:
    between = keyframes[upper].frame - keyframes[upper - 1].frame
    return max(1.0, min(between / 2, LONGEST_DISSOLVE_S * float(shot.fps)))
