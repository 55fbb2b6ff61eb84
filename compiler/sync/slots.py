"""The slots of a scene: one, or several if it is long."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from .cuts import cut_in_pause
from .edit import SceneInput, ScheduledScene, Slot
from .frames import frame_at_or_after, frame_at_or_before, nearest_frame
from .split import split_scene
from .types import Interval

SHORTEST_SLOT = Fraction(2)
LONGEST_SLOT = Fraction(10)
"""Range of a slot's body in seconds: the usual clip lengths of video models."""
SPLIT_PAUSE = Fraction(1, 5)
"""Shortest pause at which a long scene is split, in seconds."""
LONGEST_FRAMING = Fraction(6)
"""Seconds after which the framing of a still changes, at a pause, if it may."""


def slots_of(
    source: SceneInput,
    scene: ScheduledScene,
    pauses: Sequence[Interval],
    *,
    head: int,
    tail: int,
    fps: Fraction,
) -> tuple[Slot, ...]:
    """Return the slots of a scene: one, or several if it is long.

    Args:
        source: the scene's input.
        scene: its place in the reel.
        pauses: in its speech, in reel seconds.
        head, tail: its outer handles, in frames.
        fps: frames a second.
    """
    most = frame_at_or_before(LONGEST_SLOT, fps)
    least = min(max(frame_at_or_after(SHORTEST_SLOT, fps), head, tail), most // 2)
    usual = frame_at_or_before(LONGEST_FRAMING, fps) if source.may_cut_in else most
    length = scene.end - scene.start
    places = {
        cut_in_pause(pause, fps).frame - scene.start
        for pause in pauses
        if pause.duration >= SPLIT_PAUSE
    }
    if source.beat is not None:
        parts = max(1, -(-length // usual))  # All of it is a pause.
        places |= {length * part // parts for part in range(1, parts)}
    word_ends = [nearest_frame(word.end, fps) - scene.start for word in scene.words]
    splits = split_scene(length, least, most, places, word_ends, usual)
    bounds = [0, *splits, length]
    parts = len(bounds) - 1
    return tuple(
        Slot(
            scene=scene.id,
            part=part,
            parts=parts,
            start=scene.start + first,
            end=scene.start + end,
            head=head if part == 1 else 0,
            tail=tail if part == parts else 0,
            span_start=0 if part == 1 else head + first,
            span=head + length + tail,
            cuts_in=source.may_cut_in and first in places,
        )
        for part, (first, end) in enumerate(pairwise(bounds), 1)
    )
