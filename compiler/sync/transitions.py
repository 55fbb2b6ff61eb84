"""Lengths of transitions in frames, before and after their cuts."""

from __future__ import annotations

from collections.abc import Sequence


def frames_before(frames: int) -> int:
    """Return the frames of a transition before its cut."""
    return frames // 2


def frames_after(frames: int) -> int:
    """Return the frames of a transition after its cut."""
    return frames - frames // 2


def fit_transitions(lengths: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Shorten transitions so that no frame belongs to two.

    Two transitions share a clip that is too short for both in proportion to their requests. The
    result is independent of the order.

    Args:
        lengths: frames of each clip, in order.
        wanted: requested frames of the transition into each clip; the first is ignored.

    Returns:
        The frames of each transition, never more than requested; 0 or at least 2.

    >>> fit_transitions([100, 8, 100], [0, 12, 12])
    [0, 8, 9]
    """
    granted = [0, *wanted[1:]]
    for index, length in enumerate(lengths):
        incoming = wanted[index] if index else 0
        outgoing = wanted[index + 1] if index + 1 < len(lengths) else 0
        after, before = frames_after(incoming), frames_before(outgoing)
        if after + before <= length:
            continue
        share = length * after // (after + before)
        if index:
            granted[index] = min(granted[index], 2 * share)
        if index + 1 < len(lengths):
            granted[index + 1] = min(granted[index + 1], 2 * (length - share) + 1)
    return [frames if frames >= 2 else 0 for frames in granted]
