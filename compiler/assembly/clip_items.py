"""Lay videos of the user's own into the timeline as themselves, with their sound.

Starts count in frames of the video's own rate, from its timecode if it has one; lengths count in
frames of the reel, so that cuts stay on its frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..media.media_info import MediaInfo
from ..media.probe import probe
from ..media.timecode import read_timecode
from ..script import model
from ..script.pictures import ScriptClip
from ..sync import edit
from ..sync.clip_runs import ClipRange, ClipRun, clip_runs
from ..sync.frames import nearest_frame
from ..timeline.metadata import NAMESPACE
from ..timeline.rate import exact_rate, time, time_range
from .clip_framing import ClipFraming, frame_clip
from .scene_parts import PartedReel

_LEAST_FPS = 30
"""Of a video of variable rate."""


@dataclass(frozen=True, slots=True)
class ClipMedia:
    """A video as the timeline names it.

    Attributes:
        info: its headers.
        fps: rate at which its frames are counted: its own; for a variable rate the average, whole
            and at least 30, since single frames of it may be short.
        frames: its length at that rate.
        start: number of its first frame, by its timecode; else 0.
    """

    info: MediaInfo
    fps: Fraction
    frames: int
    start: int = 0


@dataclass(frozen=True, slots=True)
class PlacedClip:
    """A clip of the script in the reel.

    Attributes:
        clip: as in the script.
        slot: its frames and handles.
        media: its video.
        runs: what fills the frames, in order.
        framing: how its picture fills the frame.
    """

    clip: ScriptClip
    slot: edit.Slot
    media: ClipMedia
    runs: tuple[ClipRun, ...]
    framing: ClipFraming


def clip_media(info: MediaInfo) -> ClipMedia:
    """Return a video with the rate at which its frames are counted."""
    video = info.video
    assert video is not None
    fps, frames = exact_rate(video.fps), video.frames
    if not video.is_constant:
        fps = Fraction(max(_LEAST_FPS, round(video.fps)))
        frames = max(1, round(video.frames / video.fps * fps))
    timecode = read_timecode(info.path, fps)
    start = 0
    if timecode is not None:
        units, rate = timecode.start_at(fps)
        start = nearest_frame(units / rate, fps)
    return ClipMedia(info, fps, frames, start)


def place_clip(
    scene: model.ScriptScene,
    slot: edit.Slot,
    media: ClipMedia,
    output: model.ScriptOutput,
) -> PlacedClip:
    """Place the clip of a scene that shows nothing else.

    Args:
        scene: with one clip.
        slot: its frames and handles.
        media: of the clip.
        output: frame and rate of the reel.
    """
    (clip,) = scene.clips
    first = None if clip.start is None else min(_frame_at(media, clip.start), media.frames - 1)
    end = None if clip.end is None else min(_frame_at(media, clip.end), media.frames)
    if end is not None:
        end = max(end, (first or 0) + 1)
    runs = clip_runs(
        ClipRange(media.fps, media.frames, first, end),
        slot.end - slot.start,
        output.fps,
        clip.fit,
        clip.speed,
        (slot.head, slot.tail),
    )
    begin = runs[0].first / media.fps
    times = [begin, begin + runs[0].frames * runs[0].speed / output.fps]
    return PlacedClip(clip, slot, media, runs, frame_clip(media.info, times, scene.fit, output))


def _frame_at(media: ClipMedia, time_s: Fraction) -> int:
    """Return the frame nearest to a time from the start of the file, where players count from."""
    assert media.info.video is not None
    return nearest_frame(max(Fraction(0), time_s - media.info.video.delay), media.fps)


def picture_items(placed: PlacedClip, fps: Fraction) -> Iterator[otio.schema.Clip]:
    """Yield the timeline's clips of a placed clip, one a run."""
    slot = placed.slot
    for number, run in enumerate(placed.runs):
        looks: dict[str, object] = {"fit": placed.framing.fit}
        if placed.framing.focus is not None:
            looks["focus"] = list(placed.framing.focus)
        if not run.speed:
            looks["held"] = placed.clip.fit
        elif placed.clip.sound_db is not None:
            looks["sound_gain_db"] = placed.clip.sound_db
        name = slot.name if number == 0 else f"{slot.name}~{number + 1}"
        item = _item(name, placed.media, run, fps)
        item.metadata[NAMESPACE] = {
            "scene": slot.scene,
            "part": slot.part,
            "parts": slot.parts,
            **looks,
        }
        yield item


def _item(name: str, media: ClipMedia, run: ClipRun, fps: Fraction) -> otio.schema.Clip:
    item = otio.schema.Clip(
        name,
        otio.schema.ExternalReference(
            str(media.info.path), time_range(media.start, media.frames, media.fps)
        ),
        otio.opentime.TimeRange(time(media.start + run.first, media.fps), time(run.frames, fps)),
    )
    if not run.speed:
        item.effects.append(otio.schema.FreezeFrame())
    elif run.speed != 1:
        item.effects.append(otio.schema.LinearTimeWarp("", float(run.speed)))
    return item


def place_clips(parted: PartedReel, output: model.ScriptOutput) -> dict[str, PlacedClip]:
    """Place all clips of a reel, by the name of their slot.

    Raises:
        WorkError: a video cannot be read.
    """
    media: dict[Path, ClipMedia] = {}
    found = {}
    for scene, placed in zip(parted.script.scenes, parted.schedule.scenes, strict=True):
        for clip in scene.clips:
            if clip.video not in media:
                media[clip.video] = clip_media(probe(clip.video))
            (slot,) = placed.slots
            found[slot.name] = place_clip(scene, slot, media[clip.video], output)
    return found
