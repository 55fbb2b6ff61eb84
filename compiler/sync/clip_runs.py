"""Fill frames of the reel with a video: trimmed, retimed, held or looped.

Before: 120 frames of the reel at 24 fps, a video of 90 frames at 30 fps, ``loop``. After: 72 frames
from its first frame on, then 48 from its first frame on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

ClipFit = Literal["trim", "speed", "hold", "loop"]
_HALF = Fraction(1, 2)
_WITHIN = Fraction(51, 100)
"""Frames before the end of a range that a computed speed stays, whatever its rounding."""


@dataclass(frozen=True, slots=True)
class ClipRange:
    """Frames ``[first, end)`` of a video of ``frames`` frames at ``fps``; None is not stated."""

    fps: Fraction
    frames: int
    first: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class ClipRun:
    """Frames of the reel that show a video from its frame ``first`` on; at speed 0 they hold it."""

    frames: int
    first: int
    speed: Fraction


def clip_runs(
    video: ClipRange,
    frames: int,
    fps: Fraction,
    fit: ClipFit = "trim",
    speed: Fraction = Fraction(1),
    handles: tuple[int, int] = (0, 0),
) -> tuple[ClipRun, ...]:
    """Return the runs that fill some frames of the reel, in order.

    No run shows a frame outside the range, if players show the frame nearest in time.
    Without a stated first frame a video starts late enough to have a handle, if it is long enough.

    Args:
        video: the range to show, of at least one frame.
        frames: to fill, at least one.
        fps: of the reel.
        fit: ``trim`` and ``hold`` hold the last frame of a video that is too short, ``loop`` starts
            again, ``speed`` sets the speed at which the range fills the frames.
        speed: playback speed, above 0; ignored by ``speed``.
        handles: frames before and after that transitions show.

    >>> clip_runs(ClipRange(Fraction(30), 90), 120, Fraction(24), "loop")[1]
    ClipRun(frames=48, first=0, speed=Fraction(1, 1))
    """
    end = video.frames if video.end is None else video.end
    head, tail = handles
    if fit == "speed":
        return (_stretched(video, end, frames, fps, handles),)
    step = speed * video.fps / fps
    first = video.first
    if first is None:
        handle = math.ceil(head * step)
        spare = end - 1 - math.ceil((frames - 1 + tail) * step)
        is_long = spare >= 0 or 2 * handle < end  # A shorter one freezes or loops anyway.
        first = min(spare if spare >= 0 else handle, handle) if is_long else 0
    whole = math.floor((end - first - _HALF) / step) + 1
    if frames <= whole:
        return (ClipRun(frames, first, speed),)
    if whole == 1:
        return (ClipRun(frames, first, Fraction(0)),)
    loops = fit == "loop"
    lengths = [whole] * (frames // whole if loops else 1)
    if sum(lengths) < frames:
        lengths.append(frames - sum(lengths))
    if len(lengths) > 1:  # The last run has room for a transition.
        wanted = min(tail, whole) if loops else tail
        lack = max(0, min(wanted - lengths[-1], lengths[-2] - head - 1))
        lengths[-2:] = [lengths[-2] - lack, lengths[-1] + lack]
    if loops:
        return tuple(ClipRun(length, first, speed) for length in lengths)
    played, held = lengths
    return ClipRun(played, first, speed), ClipRun(held, end - 1, Fraction(0))


def _stretched(
    video: ClipRange, end: int, frames: int, fps: Fraction, handles: tuple[int, int]
) -> ClipRun:
    """Return the run in which a range fills some frames; an unstated range, their handles too."""
    head = handles[0] if video.first is None else 0
    tail = handles[1] if video.end is None else 0
    start = video.first or 0
    count, filled = end - start, head + frames + tail
    step = Fraction(count, filled)
    if filled > 1:
        step = min(step, (count - _WITHIN) / (filled - 1))
    first = min(start + round(head * step), end - 1)
    if frames > 1:  # Rounding of the first frame must not push the last one out.
        step = min(step, (end - first - _WITHIN) / (frames - 1))
    return ClipRun(frames, first, step * fps / video.fps)
