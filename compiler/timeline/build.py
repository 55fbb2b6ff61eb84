"""A schedule and its script as an OpenTimelineIO timeline: the intermediate representation.

The layout is described in ``docs/architecture.md``: one picture track ``V1`` of slots, gaps and
transitions, the narration on ``A1``, music on ``A2``, every edit on whole frames of one rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..frontend import model
from ..sync import edit
from ..sync.frames import frame_at_or_after, frame_at_or_before
from .parsed import parsed
from .rate import time, time_range
from .recipes import Recipe

NAMESPACE = "otio_gvideo"
"""Key of everything of ours in OTIO metadata."""
GENERATOR_KIND = "otio_gvideo.shot"
GENERATOR_KEY = "generator"
KEYFRAME_KEY = "keyframe"
MEDIA_KEY = otio.schema.Clip.DEFAULT_MEDIA_KEY
FORMAT_VERSION = 1
JOIN_FRAMES = 1
"""Frames on either side of a place where a pause was taken out of the voice, for a crossfade."""
MUSIC_SEAM = Fraction(1, 2)
"""Seconds over which looped music is crossfaded with itself."""


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file and its length in seconds."""

    path: Path
    duration: Fraction


def build_timeline(
    script: model.Script,
    schedule: edit.Schedule,
    recipes: Mapping[str, Recipe],
    voices: Sequence[Sound],
    music: Sound | None,
) -> otio.schema.Timeline:
    """The timeline of a reel, with stills as the media of every slot.

    Args:
        script: names, texts, transitions.
        schedule: the edit, for the same scenes.
        recipes: by slot name.
        voices: the schedule's sources, in its order.
        music: what ``script.music`` names.
    """
    fps = schedule.fps
    timeline: otio.schema.Timeline = parsed(
        otio.schema.Timeline,
        name=script.title,
        metadata={NAMESPACE: _timeline_metadata(script, schedule)},
    )
    start = script.output.start_timecode
    timeline.global_start_time = (
        otio.opentime.from_timecode(start, float(fps)) if start else time(0, fps)
    )
    timeline.tracks.append(_picture(script, schedule, recipes))
    if voices:
        timeline.tracks.append(_narration(schedule, voices))
    if music is not None and script.music is not None:
        timeline.tracks.append(_music(script.music, music, schedule))
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        timeline.tracks.markers.append(_marker(scene, placed, fps))
    return timeline


def _timeline_metadata(script: model.Script, schedule: edit.Schedule) -> dict[str, Any]:
    output = script.output
    return {
        "version": FORMAT_VERSION,
        "title": script.title,
        "script": {"path": str(script.path), "sha256": script.sha256},
        "output": {
            "width": output.width,
            "height": output.height,
            "fps": f"{schedule.fps.numerator}/{schedule.fps.denominator}",
        },
        "captions": {"burn": script.captions.burn, "style": script.captions.style},
        "words": [
            {
                "scene": scene.id,
                "text": word.text,
                "start": round(float(word.start), 6),
                "end": round(float(word.end), 6),
            }
            for scene in schedule.scenes
            for word in scene.words
        ],
    }


def _picture(
    script: model.Script, schedule: edit.Schedule, recipes: Mapping[str, Recipe]
) -> otio.schema.Track:
    fps = schedule.fps
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    transitions = {transition.scene: transition for transition in schedule.transitions}
    gaps = {gap.start: gap for gap in schedule.gaps}
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        if placed.id in transitions:
            track.append(_transition(scene.transition.type, transitions[placed.id], fps))
        for slot in placed.slots:
            track.append(_slot_clip(slot, recipes[slot.name], fps))
        if placed.end in gaps:
            gap = gaps[placed.end]
            track.append(otio.schema.Gap(source_range=time_range(0, gap.end - gap.start, fps)))
    return track


def _slot_clip(slot: edit.Slot, recipe: Recipe, fps: Fraction) -> otio.schema.Clip:
    media = time_range(0, slot.frames, fps)
    still = str(recipe["keyframes"][0]["image"])
    generator = parsed(
        otio.schema.GeneratorReference,
        name=slot.name,
        generator_kind=GENERATOR_KIND,
        parameters=recipe,
    )
    generator.available_range = media
    clip = otio.schema.Clip(
        slot.name,
        source_range=time_range(slot.head, slot.end - slot.start, fps),
        metadata={
            NAMESPACE: {"scene": slot.scene, "part": slot.part, "parts": slot.parts},
        },
    )
    clip.set_media_references(
        {
            MEDIA_KEY: otio.schema.ExternalReference(still, media),
            KEYFRAME_KEY: otio.schema.ExternalReference(still, media),
            GENERATOR_KEY: generator,
        },
        MEDIA_KEY,
    )
    return clip


def _transition(kind: str, placed: edit.Transition, fps: Fraction) -> otio.schema.Transition:
    types = otio.schema.TransitionTypes
    return otio.schema.Transition(
        name=kind,
        transition_type=types.SMPTE_Dissolve if kind == "dissolve" else types.Custom,
        in_offset=time(placed.before, fps),
        out_offset=time(placed.after, fps),
        metadata={NAMESPACE: {"transition": kind}},
    )


def _narration(schedule: edit.Schedule, voices: Sequence[Sound]) -> otio.schema.Track:
    fps = schedule.fps
    track = otio.schema.Track(
        "A1", kind=otio.schema.TrackKind.Audio, metadata={NAMESPACE: {"role": "narration"}}
    )
    position = 0
    for before, heard in pairwise((None, *schedule.voice)):
        assert heard is not None
        _fill_to(track, position, heard.reel, fps)
        if before is not None and position == heard.reel and _is_join(before, heard):
            track.append(_crossfade(JOIN_FRAMES, JOIN_FRAMES, fps))
        track.append(_sound_clip(voices[heard.source], heard.start, heard.frames, fps))
        position = heard.reel + heard.frames
    _fill_to(track, position, schedule.frames, fps)
    return track


def _is_join(before: edit.VoiceClip, after: edit.VoiceClip) -> bool:
    """Whether a pause was taken out between two clips, both long enough for a crossfade."""
    return before.source == after.source and min(before.frames, after.frames) > 2 * JOIN_FRAMES


def _crossfade(before: int, after: int, fps: Fraction) -> otio.schema.Transition:
    """An equal-power crossfade of sound, that many frames before and after its cut."""
    return otio.schema.Transition(
        name="dissolve",
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(before, fps),
        out_offset=time(after, fps),
    )


def _music(music: model.Music, sound: Sound, schedule: edit.Schedule) -> otio.schema.Track:
    """The bed: once, or looped with a crossfade at each seam, cut off where the reel ends."""
    fps = schedule.fps
    track = otio.schema.Track(
        "A2",
        kind=otio.schema.TrackKind.Audio,
        metadata={
            NAMESPACE: {
                "role": "music",
                "gain_db": music.gain_db,
                "duck_db": music.duck_db,
                "fade_in": float(music.fade_in),
                "fade_out": float(music.fade_out),
            }
        },
    )
    whole = frame_at_or_before(sound.duration, fps)
    half = min(frame_at_or_before(MUSIC_SEAM / 2, fps), whole // 4)
    position = 0
    while position < schedule.frames and whole > 0:
        start = half if position else 0
        end = whole - half if music.loop else whole
        frames = min(end - start, schedule.frames - position)
        if position and half:
            track.append(_crossfade(half, min(half, frames), fps))
        track.append(_sound_clip(sound, start, frames, fps))
        position += frames
        if not music.loop:
            break
    _fill_to(track, position, schedule.frames, fps)
    return track


def _sound_clip(sound: Sound, start: int, frames: int, fps: Fraction) -> otio.schema.Clip:
    return otio.schema.Clip(
        sound.path.stem,
        otio.schema.ExternalReference(
            str(sound.path), time_range(0, frame_at_or_after(sound.duration, fps), fps)
        ),
        time_range(start, frames, fps),
    )


def _fill_to(track: otio.schema.Track, position: int, stop: int, fps: Fraction) -> None:
    """Silence from one frame to another, where there is any."""
    if stop > position:
        track.append(otio.schema.Gap(source_range=time_range(0, stop - position, fps)))


def _marker(scene: model.Scene, placed: edit.Scene, fps: Fraction) -> otio.schema.Marker:
    note = scene.text or ""
    return otio.schema.Marker(
        name=scene.id,
        marked_range=time_range(placed.start, placed.end - placed.start, fps),
        color=otio.schema.MarkerColor.CYAN,
        comment=note,
        metadata={NAMESPACE: {"scene": scene.id}, "Resolve_OTIO": {"Note": note}},
    )
