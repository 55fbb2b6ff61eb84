"""Levels of clips as curves: keyframes in dB, fades, and their arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TypeAlias

import numpy as np

LevelPoint: TypeAlias = tuple[Fraction, float]
"""Seconds from the start of an item, and dB."""
MUTED_DB = -96.0
"""The level at which editors show silence; fades start and end there."""
TOLERANCE_DB, INAUDIBLE_DB = 0.1, -60.0
"""Change of a level that nobody hears, and a level that nobody hears."""
_LEAST_DB = 0.001
"""Change of a level that is none."""
_STEP_DB = 2.0
"""Steps in which a fade is written as keyframes, which programs join in dB or in amplitude."""


@dataclass(frozen=True, slots=True)
class ClipLevels:
    """The level of a clip.

    Attributes:
        points: keyframes in order, joined by straight lines in dB; the first and the last hold
            beyond them. One is a constant gain, none is 0 dB.
        fade_in, fade_out: seconds, from the clip's start and to its end.
        is_linear: whether fades are linear in amplitude, instead of equal-power.
    """

    points: tuple[LevelPoint, ...] = ()
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    is_linear: bool = False

    @property
    def gain_db(self) -> float:
        """The constant gain, or the first keyframe's."""
        return self.points[0][1] if self.points else 0.0

    def db_at(self, at_s: Fraction, length_s: Fraction) -> float:
        """Return the level in dB at a time in a clip of some length, fades included."""
        share = 1.0
        for fade, left in ((self.fade_in, at_s), (self.fade_out, length_s - at_s)):
            if fade > 0:
                share *= _fade(float(left / fade), self.is_linear)
        return interpolate(self.points, at_s) + _decibels(share)

    def shifted(self, by_s: Fraction) -> ClipLevels:
        """Return the levels of the part of a clip that begins some seconds after its start."""
        if not by_s:
            return self
        points = tuple((time - by_s, level) for time, level in self.points)
        return replace(self, points=simplified(points), fade_in=Fraction(0))

    def without_fades(self, length_s: Fraction) -> tuple[LevelPoint, ...]:
        """Return keyframes that include the fades, for formats that state none."""
        if not (self.fade_in or self.fade_out):
            return self.points
        fading = {
            at
            for fade, sign, edge in ((self.fade_in, 1, 0), (self.fade_out, -1, length_s))
            if fade
            for at in (edge + sign * share * fade for share in _fade_shares(self.is_linear))
        }
        times = sorted({*fading, *(time for time, _ in self.points)})
        return tuple((time, max(MUTED_DB, self.db_at(time, length_s))) for time in times)

    def on_each_frame(self, frames: int, fps: Fraction) -> list[float]:
        """Return the level in dB at each frame of a clip, and at its end."""
        times = [float(frame / fps) for frame in range(frames + 1)]
        length = float(frames / fps)
        curve: list[float] = np.interp(
            times,
            [float(time) for time, _ in self.points] or [0.0],
            [level for _, level in self.points] or [0.0],
        ).tolist()
        for fade, is_in in ((float(self.fade_in), True), (float(self.fade_out), False)):
            for index, time in enumerate(times) if fade else ():
                left = time if is_in else length - time
                if left < fade:
                    curve[index] += _decibels(_fade(left / fade, self.is_linear))
        return curve

    def sounds_like(self, other: ClipLevels, frames: int, fps: Fraction) -> bool:
        """Whether two levels of a clip differ by at most 0.1 dB at each of its frames."""
        mine, theirs = (levels.on_each_frame(frames, fps) for levels in (self, other))
        return all(
            abs(max(one, INAUDIBLE_DB) - max(two, INAUDIBLE_DB)) <= TOLERANCE_DB
            for one, two in zip(mine, theirs, strict=True)
        )


def on_frames(
    points: Iterable[LevelPoint], fps: Fraction, step_db: float | None = None
) -> list[tuple[int, float]]:
    """Return keyframes on whole frames from a clip's start, for formats without others.

    A keyframe between two frames becomes one on each. With ``step_db``, they differ by no more
    than that, for programs that join them in amplitude.
    """
    points = list(points)
    near = {edge for time, _ in points for edge in (floor(time * fps), ceil(time * fps))}
    frames = sorted(near)
    for before, after in pairwise(sorted(near)):
        if step_db is None:
            break
        change = interpolate(points, after / fps) - interpolate(points, before / fps)
        steps = min(after - before, ceil(abs(change) / step_db))
        frames += [before + round((after - before) * step / steps) for step in range(1, steps)]
    return [(frame, interpolate(points, frame / fps)) for frame in sorted(set(frames))]


def interpolate(points: Iterable[LevelPoint], at_s: Fraction) -> float:
    """Return the level at a time between keyframes; 0 dB if there are none."""
    before: LevelPoint | None = None
    for time, level in points:
        if time >= at_s:
            if before is None or time == at_s:
                return level
            return before[1] + (level - before[1]) * float((at_s - before[0]) / (time - before[0]))
        before = (time, level)
    return before[1] if before is not None else 0.0


def added(one: Sequence[LevelPoint], other: Sequence[LevelPoint]) -> tuple[LevelPoint, ...]:
    """Return the keyframes of two levels that are applied one after the other."""
    times = sorted({time for time, _ in (*one, *other)})
    return simplified([(t, interpolate(one, t) + interpolate(other, t)) for t in times])


def simplified(points: Sequence[LevelPoint]) -> tuple[LevelPoint, ...]:
    """Return keyframes without those that lie on the line between their neighbours."""
    kept: list[LevelPoint] = []
    for index, (time, level) in enumerate(points):
        after = points[index + 1 : index + 2]
        if kept and abs(interpolate((kept[-1], *after), time) - level) < _LEAST_DB:
            continue
        kept.append((time, level))
    if len(kept) == 1:
        kept = [(Fraction(0), kept[0][1])] if abs(kept[0][1]) >= _LEAST_DB else []
    return tuple(kept)


def _fade(share: float, is_linear: bool) -> float:
    share = min(1.0, max(0.0, share))
    return share if is_linear else math.sin(share * math.pi / 2)


def _fade_shares(is_linear: bool) -> list[Fraction]:
    """Return the shares of a fade at which to put keyframes, from silence on.

    They are a step apart; the top of an equal-power fade is round and gets more.
    """
    steps = int(-MUTED_DB / 2 / _STEP_DB)
    gains = [10 ** (-_STEP_DB * step / 20) for step in range(steps, -1, -1)]
    shares = gains if is_linear else [math.asin(gain) * 2 / math.pi for gain in gains]
    shares += [] if is_linear else [0.4, 0.5, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    return [Fraction(0), *(Fraction(share).limit_denominator(100_000) for share in shares)]


def amplitude(level_db: float) -> float:
    """Return a level as linear gain, 0 from `MUTED_DB` down."""
    return float(10 ** (level_db / 20)) if level_db > MUTED_DB else 0.0


def _decibels(gain: float) -> float:
    return 20 * math.log10(gain) if gain > 10 ** (MUTED_DB / 20) else MUTED_DB
