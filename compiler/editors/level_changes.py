"""Changes of sound levels, as records: by clip and time, in dB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import opentimelineio as otio

from ..backend.audio.ducking import spoken
from ..timeline.layout import Placed
from ..timeline.level_curves import INAUDIBLE_DB, TOLERANCE_DB
from ..timeline.levels import clip_levels
from ..timeline.media import media_file_name
from ..timeline.nested import OpenedItem
from .bake_levels import TrackLevels, track_levels
from .changes import Change


@dataclass(frozen=True, slots=True)
class LevelChanged(Change):
    """A stretch of a clip that is louder or quieter, with all levels of its track.

    Attributes:
        start_s, end_s: seconds of the reel.
        change_db: the largest change.
        is_constant: whether it is the same throughout.
        is_silent: whether the sound is gone.
    """

    clip: str
    start_s: float
    end_s: float
    change_db: float
    is_constant: bool
    is_silent: bool

    def lines(self) -> list[str]:
        """``bed is 3 dB louder from 4 s to 6.5 s``."""
        most = "" if self.is_constant else "up to "
        side = "louder" if self.change_db > 0 else "quieter"
        what = "silent" if self.is_silent else f"{most}{abs(self.change_db):.3g} dB {side}"
        return [f"{self.clip} is {what} from {self.start_s:g} s to {self.end_s:g} s"]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A clip of an audio track and its level at each of its frames, in dB."""

    name: str
    placed: Placed
    levels: Sequence[float]

    def at(self, media_frame: int) -> float | None:
        """Return the level at a frame of the media; None where it is not played."""
        index = media_frame - self.placed.media_start
        return self.levels[index] if 0 <= index < len(self.levels) else None


def level_changes(
    before: otio.schema.Timeline,
    after: otio.schema.Timeline,
    opened: Sequence[Sequence[OpenedItem]],
    fps: Sequence[Fraction],
) -> Iterator[LevelChanged]:
    """Yield the changes of clips that play in both timelines at the speed of their media.

    Args:
        before, after: the timelines; music ducks under the words of their metadata.
        opened: the items of each.
        fps: the frame rate of each; levels of different rates are not compared.
    """
    if fps[0] != fps[1]:
        return
    timelines = (before, after)
    old, new = (list(_heard(*one, fps[0])) for one in zip(timelines, opened, strict=True))
    for one in old:
        same = [other for other in new if other.name == one.name]
        if not same:
            continue
        other = min(same, key=lambda two: _distance(one.placed, two.placed))
        new.remove(other)
        yield from _changes(one, other, fps[0])


def _distance(one: Placed, two: Placed) -> tuple[int, int]:
    return abs(one.media_start - two.media_start), abs(one.start - two.start)


def _heard(
    timeline: otio.schema.Timeline, items: Sequence[OpenedItem], fps: Fraction
) -> Iterator[_Heard]:
    speech = spoken(timeline)
    tracks: dict[int, TrackLevels] = {}
    for one in items:
        clip, placed = one.placed.item, one.placed
        if not (one.is_sound and placed.is_clip and placed.speed == 1):
            continue
        assert isinstance(clip, otio.schema.Clip)
        if one.track not in tracks and not one.inside:
            tracks[one.track] = track_levels(clip.parent(), speech, fps)
        track = TrackLevels() if one.inside else tracks[one.track]
        levels = track.in_clip(placed, clip_levels(clip), fps)
        frames = levels.on_each_frame(placed.frames, fps)[:-1]
        named = media_file_name(clip.media_reference).rpartition(".")[0] or str(clip.name)
        yield _Heard(named, placed, [max(INAUDIBLE_DB, level) for level in frames])


def _changes(old: _Heard, new: _Heard, fps: Fraction) -> Iterator[LevelChanged]:
    rows = []
    for index, level in enumerate(new.levels):
        was = old.at(new.placed.media_start + index)
        change = 0.0 if was is None else level - was
        rows.append((index, change if abs(change) > TOLERANCE_DB else 0.0, level))
    for sign, run in groupby(rows, key=lambda row: (row[1] > 0) - (row[1] < 0)):
        stretch = list(run)
        if not sign:
            continue
        changes = [change for _, change, _ in stretch]
        start = (new.placed.start + stretch[0][0]) / fps
        end = (new.placed.start + stretch[-1][0] + 1) / fps
        yield LevelChanged(
            old.name,
            round(float(start), 2),
            round(float(end), 2),
            round(max(changes) if sign > 0 else min(changes), 2),
            max(changes) - min(changes) <= 2 * TOLERANCE_DB,
            all(level <= INAUDIBLE_DB for _, _, level in stretch),
        )
