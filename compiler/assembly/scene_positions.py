"""Resolve places in a scene: start, end, percentage, seconds, word."""

from __future__ import annotations

from fractions import Fraction

from ..script.scene_place import ScenePlace
from ..script.tokens import bare
from ..sync import edit
from ..sync.frames import nearest_frame


def frame_in_scene(at: ScenePlace, placed: edit.ScheduledScene, fps: Fraction) -> int:
    """Return the frame of a place, counted from the scene's first frame.

    ``end`` is the last frame; seconds may exceed it. An unknown word is at the start.
    """
    frame = frame_in_range(at, placed.end - placed.start, fps)
    return _word_frame(at, placed, fps) if frame is None else frame


def frame_in_range(at: ScenePlace, frames: int, fps: Fraction) -> int | None:
    """Return the frame of a place in a range of frames; None for that of a word."""
    match at.kind:
        case "start":
            return 0
        case "end":
            return frames - 1
        case "fraction":
            return nearest_frame(at.value * (frames - 1), Fraction(1))
        case "seconds":
            return nearest_frame(at.value, fps)
        case "word":
            return None


def _word_frame(at: ScenePlace, placed: edit.ScheduledScene, fps: Fraction) -> int:
    wanted = bare(at.word)
    starts = [word.start for word in placed.words if bare(word.text) == wanted]
    if not starts:
        return 0
    return nearest_frame(starts[min(int(at.value), len(starts) - 1)], fps) - placed.start
