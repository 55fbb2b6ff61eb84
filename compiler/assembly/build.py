"""Build the OpenTimelineIO timeline of a schedule and its script.

Layout, as in ``docs/architecture.md``: slots, the user's clips, gaps and transitions on the picture
track ``V1``, narration on ``A1``, music on ``A2``, the scenes' sounds from ``A3`` on; all edits on
whole frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import opentimelineio as otio

from ...renderers.run.recipe import Recipe
from ..script import model
from ..sync import edit
from ..timeline.metadata import GENERATOR_KEY, GENERATOR_KIND, KEYFRAME_KEY, MEDIA_KEY, NAMESPACE
from ..timeline.otio_objects import parsed
from ..timeline.rate import time, time_range
from .audio_tracks import Sound, effect_tracks, music_track, narration_track
from .clip_items import PlacedClip, picture_items
from .scene_parts import PartedReel, part_scenes
from .script_spaces import spaces_between

FORMAT_VERSION = 1


def build_timeline(
    script: model.Script,
    schedule: edit.Schedule,
    recipes: Mapping[str, Recipe],
    voices: Sequence[Sound],
    music: Sound | None,
    effects: Mapping[Path, Fraction] = MappingProxyType({}),
    parted: PartedReel | None = None,
    clips: Mapping[str, PlacedClip] = MappingProxyType({}),
) -> otio.schema.Timeline:
    """Build the timeline of a reel, with stills as the media of all slots.

    Args:
        script: the script.
        schedule: its schedule.
        recipes: by slot name.
        voices: the schedule's voice sources, in order.
        music: the file of ``script.music``.
        effects: length of each file of the scenes' sounds, in seconds.
        parted: both with scenes in parts; None without clips.
        clips: by slot name.
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
    parted = parted or part_scenes(script, schedule)
    timeline.tracks.append(_picture(parted.script, parted.schedule, recipes, clips))
    if voices:
        timeline.tracks.append(narration_track(schedule, voices))
    if music is not None and script.music is not None:
        timeline.tracks.append(music_track(script.music, music, schedule))
    timeline.tracks.extend(effect_tracks(script, schedule, effects))
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        timeline.tracks.markers.append(_marker(scene, placed, fps))
    return timeline


def _timeline_metadata(script: model.Script, schedule: edit.Schedule) -> dict[str, Any]:
    output = script.output
    texts = {scene.id: scene.text or "" for scene in script.scenes}
    return {
        "version": FORMAT_VERSION,
        "title": script.title,
        "script": {"path": str(script.path), "sha256": script.sha256},
        "output": {
            "width": output.width,
            "height": output.height,
            "fps": f"{schedule.fps.numerator}/{schedule.fps.denominator}",
            "loudness": output.loudness,
            **({"platform": output.platform} if output.platform else {}),
        },
        "captions": {
            key: value for key, value in asdict(script.captions).items() if value is not None
        },
        "language": _language(script),
        "scenes": [
            {"scene": scene.id, **_confidence(scene.confidence)} for scene in schedule.scenes
        ],
        "words": [
            {
                "scene": scene.id,
                "text": word.text,
                "start": round(float(word.start), 6),
                "end": round(float(word.end), 6),
                **_confidence(word.confidence),
                **({"line_end": True} if word.line_end else {}),
                **({} if spaced is None else {"spaced": spaced}),
            }
            for scene in schedule.scenes
            for word, spaced in zip(
                scene.words,
                spaces_between([word.text for word in scene.words], texts.get(scene.id, "")),
                strict=True,
            )
        ],
    }


def _confidence(probability: Fraction | None) -> dict[str, float]:
    """Return the entry of a word or scene; empty if it is unknown."""
    return {} if probability is None else {"confidence": float(probability)}


def _language(script: model.Script) -> str:
    """Return the language of the narration, or of the first scene's."""
    narrations = [script.narration, *(scene.narration for scene in script.scenes)]
    return next((narration.language for narration in narrations if narration), "en")


def _picture(
    script: model.Script,
    schedule: edit.Schedule,
    recipes: Mapping[str, Recipe],
    clips: Mapping[str, PlacedClip],
) -> otio.schema.Track:
    fps = schedule.fps
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    transitions = {transition.scene: transition for transition in schedule.transitions}
    gaps = {gap.start: gap for gap in schedule.gaps}
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        if placed.id in transitions:
            track.append(_transition(scene.transition.type, transitions[placed.id], fps))
        for slot in placed.slots:
            if slot.name in clips:
                track.extend(picture_items(clips[slot.name], fps))
            else:
                track.append(_slot_clip(slot, recipes[slot.name], fps))
        if placed.end in gaps:
            gap = gaps[placed.end]
            track.append(otio.schema.Gap(source_range=time_range(0, gap.end - gap.start, fps)))
    return track


def _slot_clip(slot: edit.Slot, recipe: Recipe, fps: Fraction) -> otio.schema.Clip:
    media = time_range(0, slot.frames, fps)
    still = str(recipe.shot.keyframes[0].image)
    generator = parsed(
        otio.schema.GeneratorReference,
        name=slot.name,
        generator_kind=GENERATOR_KIND,
        parameters=recipe.as_json(),
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


def _transition(
    kind: str, placed: edit.ScheduledTransition, fps: Fraction
) -> otio.schema.Transition:
    types = otio.schema.TransitionTypes
    return otio.schema.Transition(
        name=kind,
        transition_type=types.SMPTE_Dissolve if kind == "dissolve" else types.Custom,
        in_offset=time(placed.before, fps),
        out_offset=time(placed.after, fps),
        metadata={NAMESPACE: {"transition": kind}},
    )


def _marker(
    scene: model.ScriptScene, placed: edit.ScheduledScene, fps: Fraction
) -> otio.schema.Marker:
    note = scene.text or ""
    return otio.schema.Marker(
        name=scene.id,
        marked_range=time_range(placed.start, placed.end - placed.start, fps),
        color=otio.schema.MarkerColor.CYAN,
        comment=note,
        metadata={NAMESPACE: {"scene": scene.id}, "Resolve_OTIO": {"Note": note}},
    )
