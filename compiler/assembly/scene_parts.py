"""Part scenes into stills and clips: each clip, and each run of stills, is a part of its own.

Before: a scene of frames 0 to 240 with a still, a clip at 40 % and a still at 80 %. After: three
parts, of frames 0 to 96, 96 to 191 and 191 to 240, with hard cuts between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import TypeAlias

from ..script import model
from ..script.pictures import ScriptClip, ScriptKeyframe
from ..script.scene_place import ScenePlace
from ..sync import edit
from ..sync.silences import pauses_between
from ..sync.slots import slots_of
from ..sync.types import Interval
from .scene_positions import frame_in_scene

_Picture: TypeAlias = ScriptKeyframe | ScriptClip


@dataclass(frozen=True, slots=True)
class PartedReel:
    """A script and its schedule, with scenes that show clips in parts.

    Attributes:
        script: with a scene for each part, of stills or of one clip.
        schedule: of these scenes; the one slot of a clip's has its frames and handles.
        whole: the schedule as it was, with the slots of stills alone.
    """

    script: model.Script
    schedule: edit.Schedule
    whole: edit.Schedule


def part_scenes(script: model.Script, schedule: edit.Schedule) -> PartedReel:
    """Part the scenes of a reel that have clips; all others stay as they are.

    Parts have names like slots, ``storm`` and ``storm.2``.
    """
    scenes: list[model.ScriptScene] = []
    placed: list[edit.ScheduledScene] = []
    whole: list[edit.ScheduledScene] = []
    for scene, one in zip(script.scenes, schedule.scenes, strict=True):
        parts = list(_parts(scene, one, schedule.fps)) if scene.clips else [(scene, one)]
        scenes += [part for part, _ in parts]
        placed += [part for _, part in parts]
        slots = tuple(slot for part, there in parts for slot in there.slots if part.keyframes)
        whole.append(replace(one, slots=slots))
    return PartedReel(
        replace(script, scenes=tuple(scenes)),
        replace(schedule, scenes=tuple(placed)),
        replace(schedule, scenes=tuple(whole)),
    )


def picture_frames(
    scene: model.ScriptScene, placed: edit.ScheduledScene, fps: Fraction
) -> list[tuple[int, _Picture]]:
    """Return the stills and clips of a scene in order, with their frames in it."""
    pictures = [(max(0, frame_in_scene(one.at, placed, fps)), one) for one in scene.pictures]
    return sorted(pictures, key=lambda picture: picture[0])


def _parts(
    scene: model.ScriptScene, placed: edit.ScheduledScene, fps: Fraction
) -> Iterator[tuple[model.ScriptScene, edit.ScheduledScene]]:
    runs = list(_runs(picture_frames(scene, placed, fps)))
    length = placed.end - placed.start
    starts = [0, *(run[0][0] for run in runs[1:])]
    found: list[tuple[list[tuple[int, _Picture]], edit.ScheduledScene]] = []
    for run, (start, end) in zip(runs, pairwise([*starts, length]), strict=True):
        part = replace(placed, start=placed.start + start, end=placed.start + end, slots=())
        head = placed.slots[0].head if start == 0 else 0
        tail = placed.slots[-1].tail if end == length else 0
        pauses = list(pauses_between(Interval(word.start, word.end) for word in part.words))
        slots = slots_of(edit.SceneInput(part.id), part, pauses, head=head, tail=tail, fps=fps)
        if isinstance(run[0][1], ScriptClip):
            slots = (_one_slot(slots),)
        found.append((run, replace(part, slots=slots)))
    count, number = sum(len(part.slots) for _, part in found), 0
    for run, part in found:
        slots = tuple(
            replace(slot, part=number + index, parts=count)
            for index, slot in enumerate(part.slots, 1)
        )
        number += len(slots)
        first = part.start - placed.start
        pictures = [_moved(one, frame - first, fps, len(run)) for frame, one in run]
        own = replace(
            scene,
            id=slots[0].name,
            keyframes=tuple(p for p in pictures if isinstance(p, ScriptKeyframe)),
            clips=tuple(p for p in pictures if isinstance(p, ScriptClip)),
            transition=scene.transition if first == 0 else model.ScriptTransition(),
        )
        yield own, replace(part, id=own.id, slots=slots)


def _runs(pictures: Sequence[tuple[int, _Picture]]) -> Iterator[list[tuple[int, _Picture]]]:
    """Yield each clip by itself, and stills that follow each other together."""
    for is_clip, group in groupby(pictures, lambda one: isinstance(one[1], ScriptClip)):
        run = list(group)
        yield from ([one] for one in run) if is_clip else [run]


def _one_slot(slots: Sequence[edit.Slot]) -> edit.Slot:
    first, last = slots[0], slots[-1]
    return replace(first, part=1, parts=1, end=last.end, tail=last.tail)


def _moved(picture: _Picture, frame: int, fps: Fraction, of: int) -> _Picture:
    """Return a picture with its place in its part; a still alone is there from the start."""
    if picture.at.kind in ("start", "end") and of > 1:
        return picture
    at = ScenePlace("seconds", frame / fps) if of > 1 else ScenePlace("start")
    return replace(picture, at=at)
