"""How many frames a transition gets, and from whom."""

from __future__ import annotations

from collections.abc import Sequence


def frames_before(frames: int) -> int:
    """Frames of a transition that lie before its cut; the others come after."""
    return frames // 2


def frames_after(frames: int) -> int:
    """Frames of a transition that lie after its cut."""
    return frames - frames // 2


def fit_transitions(lengths: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Shorten transitions so that no frame belongs to two.

    A stretch that is too short for both of its transitions is shared between them in proportion to
    what they asked for. The result doesn't depend on an order of work.

    Args:
        lengths: frames of each stretch of picture, in order.
        wanted: frames of the transition into each stretch; the first has none before it.

    Returns:
        The frames each transition gets, never more than it wanted; 0 or at least 2.

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
