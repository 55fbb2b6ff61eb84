"""Edit: schedule a script and build its timeline."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable
from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio

from ..assembly.audio_tracks import Sound
from ..assembly.build import build_timeline
from ..assembly.clip_items import place_clips
from ..assembly.cover_frame import cover_frame
from ..assembly.cut_in import may_cut_in
from ..assembly.recipes import slot_recipes, without_closer
from ..assembly.scene_parts import part_scenes
from ..errors import InputError, Problem
from ..media.samples import duration_of
from ..outputs.paths import Outputs
from ..report import Report, SceneReport
from ..script.model import Script
from ..speech.align_narration import Speech
from ..sync import edit
from ..sync.frames import frame_time
from ..sync.schedule import lay_end_to_end, make_schedule
from ..sync.types import Interval, Word
from ..timeline.cover import cover_metadata
from ..timeline.metadata import NAMESPACE
from .edit_warnings import edit_warnings
from .heads import heads_of
from .order_checks import places_out_of_order, times_out_of_order
from .read import ParsedScript


def build_edit(parsed: ParsedScript) -> tuple[edit.Schedule, otio.schema.Timeline]:
    """Schedule a script, and build its timeline with stills as media.

    Raises:
        InputError: scenes, keyframes or sounds are not in the order of the narration, or a language
            model is not here.
        WorkError: a language model failed.
    """
    script, speech = parsed.script, parsed.speech
    _refuse(times_out_of_order(script, speech))
    schedule = _schedule(script, speech)
    _refuse(places_out_of_order(script, schedule))
    asked = script.output.cover
    cover = None if asked is None else cover_frame(asked, schedule)
    music = None
    if script.music is not None:
        music = Sound(script.music.audio, duration_of(script.music.audio))
    voices = [Sound(voice.path, voice.duration) for voice in speech.voices]
    parted = part_scenes(script, schedule)
    whole = without_closer(parted.script, parted.schedule, parsed.renderer_inputs.look)
    if whole:  # A split without a second framing would only divide a move.
        parted = part_scenes(script, _schedule(script, speech, whole))
    schedule = parted.whole
    with contextlib.closing(parsed.prompts):
        recipes = slot_recipes(parted.script, parted.schedule, parsed.renderer_inputs)
    clips = place_clips(parted, script.output)
    files = {effect.audio for scene in script.scenes for effect in scene.sounds}
    effects = {path: duration_of(path) for path in files}
    timeline = build_timeline(script, schedule, recipes, voices, music, effects, parted, clips)
    entries = timeline.metadata[NAMESPACE]["scenes"]
    for entry, placed in zip(entries, schedule.scenes, strict=True):
        shots = [recipes[slot.name].shot for slot in placed.slots]
        bands = [heads_of(shots)] if shots else []
        bands += [one.framing.heads for one in clips.values() if one.slot.scene == placed.id]
        rows = [row for band in bands if band is not None for row in band]
        if rows:
            entry["heads"] = [min(rows), max(rows)]
    if cover is not None:
        timeline.metadata[NAMESPACE]["cover"] = cover_metadata(timeline, cover, schedule.fps)
    if parsed.renderer_inputs.origins:
        timeline.metadata[NAMESPACE]["generated_by"] = [
            dict(origin) for origin in parsed.renderer_inputs.origins.values()
        ]
    return schedule, timeline


def _refuse(problems: Iterable[Problem]) -> None:
    found = sorted(problems)
    if found:
        raise InputError(found)


def _schedule(script: Script, speech: Speech, one_framing: Container[str] = ()) -> edit.Schedule:
    fps = script.output.fps
    sources = lay_end_to_end((voice.duration for voice in speech.voices), fps)
    scenes = []
    certain = dict(speech.confidence)
    following = Fraction(1)
    for scene in reversed(script.scenes):  # A beat begins at the cut into the words after it.
        if scene.duration is None:
            following = certain.get(scene.id, Fraction(1))
        else:
            certain[scene.id] = following
    for scene in script.scenes:
        offset = Fraction(0)
        if scene.id in speech.voice_of:
            offset = frame_time(sources[speech.voice_of[scene.id]].start, fps)
        scenes.append(
            edit.SceneInput(
                id=scene.id,
                words=_moved(speech.words.get(scene.id, ()), offset),
                time=scene.time and Interval(scene.time[0] + offset, scene.time[1] + offset),
                beat=scene.duration,
                transition=scene.transition.duration,
                confidence=certain.get(scene.id),
                unscripted=tuple(
                    Interval(other.start + offset, other.end + offset)
                    for other in speech.unscripted.get(scene.id, ())
                ),
                may_cut_in=may_cut_in(scene) and scene.id not in one_framing,
            )
        )
    policy = script.silences
    silences = edit.SilencePolicy(policy.policy, policy.longer_than, policy.keep)
    try:
        return make_schedule(scenes, sources, fps, silences)
    except edit.ScheduleError as error:
        scene = next(scene for scene in script.scenes if scene.id == error.scene)
        raise InputError(Problem.at(scene.place_of(), error.what, error.hint)) from error


def _moved(words: tuple[Word, ...], offset: Fraction) -> tuple[Word, ...]:
    """Shift words of a voice file to the time axis of the whole narration."""
    if not offset:
        return words
    return tuple(replace(word, start=word.start + offset, end=word.end + offset) for word in words)


def edit_report(
    parsed: ParsedScript, schedule: edit.Schedule, timeline: otio.schema.Timeline, outputs: Outputs
) -> Report:
    """Return the report of an edit, before rendering."""
    return Report(
        script=parsed.script.path,
        timeline=outputs.timeline,
        width=parsed.script.output.width,
        height=parsed.script.output.height,
        fps=schedule.fps,
        frames=schedule.frames,
        scenes=[
            SceneReport(s.id, s.start, s.end, s.cut, s.confidence, s.words) for s in schedule.scenes
        ],
        warnings=edit_warnings(parsed, schedule, timeline),
    )
