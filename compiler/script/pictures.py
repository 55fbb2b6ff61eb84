"""The pictures of a scene: stills, frames of videos as stills, and clips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import Place
from ..files.exists import is_there
from ..sync.clip_runs import ClipFit
from .scene_place import ScenePlace
from .yaml_source import KeyPath

_VIDEO_FRAME = re.compile(r"(.+)@([0-9]{1,9}(?:\.[0-9]{1,18})?)s?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ScriptKeyframe:
    """A still image and its time in the scene.

    Attributes:
        image: the file; of a frame that is not saved as one yet, its video.
        at: the time.
        place: of ``at`` in the script.
        video: the video that it is a frame of, if it is one.
        video_time: time of that frame, in seconds.
        order: number among the pictures of its scene.
    """

    image: Path
    at: ScenePlace = field(default_factory=lambda: ScenePlace("start"))
    place: Place | None = field(default=None, compare=False)
    video: Path | None = None
    video_time: Fraction = Fraction(0)
    order: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ScriptClip:
    """A video of the user's own, its time in the scene, and its range.

    ``start`` and ``end`` (``in`` and ``out`` of the script) are seconds of the video; None is not
    stated. ``sound_db`` is the level of its own sound; None is silent.
    """

    video: Path
    at: ScenePlace = field(default_factory=lambda: ScenePlace("start"))
    start: Fraction | None = None
    end: Fraction | None = None
    fit: ClipFit = "trim"
    speed: Fraction = Fraction(1)
    sound_db: float | None = None
    place: Place | None = field(default=None, compare=False)
    """Of ``at`` in the script."""
    order: int = field(default=0, compare=False)
    """Number among the pictures of its scene."""


def video_frame(folder: Path, name: str) -> tuple[str, Fraction] | None:
    """Return video and seconds of a still named as ``b.mp4@3.2s``; None for a file of that name.

    Args:
        folder: that the name is relative to.
        name: as in the script.

    >>> video_frame(Path("/"), "b.mp4@3.2s")
    ('b.mp4', Fraction(16, 5))
    """
    match = _VIDEO_FRAME.fullmatch(name)
    if match is None or is_there(folder / name):
        return None
    return match[1], Fraction(match[2])


def read_pictures(
    scene: Mapping[str, Any], path: KeyPath, folder: Path, place_of: Callable[[KeyPath], Place]
) -> Iterator[ScriptKeyframe | ScriptClip]:
    """Yield the pictures of a checked scene, in its order.

    Args:
        scene: plain data.
        path: of the scene.
        folder: that paths are relative to.
        place_of: returns the place of a value.
    """
    if "keyframe" in scene:
        yield _still(scene["keyframe"], ScenePlace("start"), None, folder)
    elif "clip" in scene:
        yield _clip(scene["clip"], ScenePlace("start"), None, folder)
    for index, keyframe in enumerate(scene.get("keyframes", ())):
        here = (*path, "keyframes", index)
        place = place_of((*here, "at") if "at" in keyframe else here)
        at = ScenePlace.parse(keyframe.get("at", "start"))
        if "image" in keyframe:
            yield replace(_still(keyframe["image"], at, place, folder), order=index)
        else:
            yield replace(_clip(keyframe["clip"], at, place, folder), order=index)


def _still(name: str, at: ScenePlace, place: Place | None, folder: Path) -> ScriptKeyframe:
    frame = video_frame(folder, name)
    if frame is None:
        return ScriptKeyframe(folder / name, at, place)
    video = folder / frame[0]
    return ScriptKeyframe(video, at, place, video, frame[1])


def _clip(
    stated: str | Mapping[str, Any], at: ScenePlace, place: Place | None, folder: Path
) -> ScriptClip:
    values: dict[str, Any] = {"video": stated} if isinstance(stated, str) else {**stated}
    for key, name in (("in", "start"), ("out", "end"), ("speed", "speed")):
        if key in values:
            values[name] = Fraction(values.pop(key))
    if "sound_db" in values:
        values["sound_db"] = float(values["sound_db"])
    values["video"] = folder / values["video"]
    return ScriptClip(at=at, place=place, **values)
