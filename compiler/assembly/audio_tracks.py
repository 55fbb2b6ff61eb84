"""Audio tracks of a reel: narration, music, effects; edits on whole frames.

Music that loops on a bar is cut at the frame at or before the bar line; its source range then
starts between two frames, so that the beat continues to the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..script import model
from ..sync import edit
from ..sync.frames import frame_at_or_after, frame_at_or_before
from ..timeline.metadata import NAMESPACE
from ..timeline.rate import time, time_range
from .music_bars import Beat, MusicLoop, last_bar_line, loop_on_bars
from .scene_positions import frame_in_scene

JOIN_FRAMES = 1
"""Frames of crossfade on either side of a removed pause."""
MUSIC_SEAM = Fraction(1, 2)
"""Length of the crossfade of looped music, in seconds."""
BAR_SEAM_FRAMES = 1
"""Length of the crossfade before a bar that music loops on, in frames."""
FIRST_EFFECTS_TRACK = 3


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file and its length in seconds."""

    path: Path
    duration: Fraction


def narration_track(schedule: edit.Schedule, voices: Sequence[Sound]) -> otio.schema.Track:
    """Build the narration track, with gaps for pauses."""
    fps = schedule.fps
    track = _track("A1", role="narration")
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


def music_track(music: model.Music, sound: Sound, schedule: edit.Schedule) -> otio.schema.Track:
    """Build the music track: once or looped, on bars if the tempo is stated."""
    stated = {
        "gain_db": music.gain_db,
        "duck_db": music.duck_db,
        "attack": float(music.attack),
        "release": float(music.release),
        "fade_in": float(music.fade_in),
        "fade_out": float(music.fade_out),
    }
    track = _track("A2", role="music", **stated)
    if music.bpm is None:
        end = _lay_music(track, music.loop, sound, schedule)
    else:
        end = _lay_bars(track, music, sound, schedule)
    _fill_to(track, end, schedule.frames, schedule.fps)
    return track


def _lay_music(track: otio.schema.Track, loop: bool, sound: Sound, schedule: edit.Schedule) -> int:
    """Append music with a crossfade at each seam, and return its end frame."""
    fps = schedule.fps
    whole = frame_at_or_before(sound.duration, fps)
    half = min(frame_at_or_before(MUSIC_SEAM / 2, fps), whole // 4)
    position = 0
    while position < schedule.frames and whole > 0:
        start = half if position else 0
        end = whole - half if loop else whole
        frames = min(end - start, schedule.frames - position)
        if position and half:
            track.append(_crossfade(half, min(half, frames), fps))
        track.append(_sound_clip(sound, start, frames, fps))
        position += frames
        if not loop:
            break
    return position


def _lay_bars(
    track: otio.schema.Track, music: model.Music, sound: Sound, schedule: edit.Schedule
) -> int:
    """Music that is cut on bars; returns the frame at which it ends."""
    assert music.bpm is not None
    fps = schedule.fps
    reel = schedule.frames / fps
    beat = Beat(music.first_beat, 60 * music.beats_per_bar / music.bpm)
    stretches = [MusicLoop(Fraction(0), min(sound.duration, reel), Fraction(0))]
    if music.loop and sound.duration < reel:
        # The crossfade before the bar, and up to a frame by which the cut is early.
        stretches = loop_on_bars(sound.duration, beat, reel, (BAR_SEAM_FRAMES + 1) / fps)
    if music.end_on == "bar":
        last = last_bar_line(stretches, beat)
        stretches = [
            replace(stretch, end=min(stretch.end, last))
            for stretch in stretches
            if stretch.start < last
        ]
    position = 0
    for stretch in stretches:
        end = frame_at_or_before(stretch.end, fps)
        if end <= position:
            continue
        if position:
            track.append(_crossfade(BAR_SEAM_FRAMES, 0, fps))
        # The cut is a fraction of a frame early, and so is the source: the bar itself is in time.
        source = stretch.source - (stretch.start - position / fps)
        track.append(_sound_clip(sound, source * fps, end - position, fps))
        position = end
    return position


def effect_tracks(
    script: model.Script, schedule: edit.Schedule, lengths: Mapping[Path, Fraction]
) -> list[otio.schema.Track]:
    """Build the tracks of the scenes' sounds, as few as possible without overlap.

    A sound starts at its place; one at ``end`` ends with its scene.

    Args:
        script: the script.
        schedule: its schedule.
        lengths: of each sound's file, in seconds.
    """
    fps = schedule.fps
    ends: list[int] = []
    tracks: list[otio.schema.Track] = []
    for start, end, scene, effect, skipped in _effects(script, schedule, lengths):
        lane = next((n for n, free in enumerate(ends) if free <= start), len(ends))
        if lane == len(ends):
            ends.append(0)
            tracks.append(_track(f"A{FIRST_EFFECTS_TRACK + lane}", role="effects"))
        _fill_to(tracks[lane], ends[lane], start, fps)
        sound = Sound(effect.audio, lengths[effect.audio])
        clip = _sound_clip(sound, skipped, end - start, fps)
        clip.metadata[NAMESPACE] = {
            "scene": scene,
            "gain_db": effect.gain_db,
            "fade_in": float(effect.fade_in),
            "fade_out": float(effect.fade_out),
        }
        tracks[lane].append(clip)
        ends[lane] = end
    for track, end in zip(tracks, ends, strict=True):
        _fill_to(track, end, schedule.frames, fps)
    return tracks


def _effects(
    script: model.Script, schedule: edit.Schedule, lengths: Mapping[Path, Fraction]
) -> Iterable[tuple[int, int, str, model.SoundEffect, int]]:
    """Return start and end in the reel, scene, sound, and skipped leading frames, in order."""
    found = []
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        for effect in scene.sounds:
            frames = frame_at_or_after(lengths[effect.audio], schedule.fps)
            if effect.at.kind == "end":
                start = placed.end - frames
            else:
                place = frame_in_scene(effect.at, placed, schedule.fps)
                start = placed.start + min(place, placed.end - placed.start - 1)
            end = min(start + frames, schedule.frames)
            found.append((max(0, start), end, scene.id, effect, max(0, -start)))
    return sorted(found, key=lambda effect: effect[:2])


def _track(name: str, **stated: Any) -> otio.schema.Track:
    return otio.schema.Track(
        name, kind=otio.schema.TrackKind.Audio, metadata={NAMESPACE: dict(stated)}
    )


def _is_join(before: edit.VoiceClip, after: edit.VoiceClip) -> bool:
    """Whether a pause was removed between two clips, both long enough for a crossfade."""
    return before.source == after.source and min(before.frames, after.frames) > 2 * JOIN_FRAMES


def _crossfade(before: int, after: int, fps: Fraction) -> otio.schema.Transition:
    """Build an audio crossfade of so many frames before and after the cut."""
    return otio.schema.Transition(
        name="dissolve",
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(before, fps),
        out_offset=time(after, fps),
    )


def _sound_clip(
    sound: Sound, start: int | Fraction, frames: int, fps: Fraction
) -> otio.schema.Clip:
    begin = time_range(0, frames, fps)
    placed = otio.opentime.RationalTime(float(start), begin.duration.rate)
    return otio.schema.Clip(
        sound.path.stem,
        otio.schema.ExternalReference(
            str(sound.path), time_range(0, frame_at_or_after(sound.duration, fps), fps)
        ),
        otio.opentime.TimeRange(placed, begin.duration),
    )


def _fill_to(track: otio.schema.Track, position: int, stop: int, fps: Fraction) -> None:
    """Append silence from one frame to another, if any."""
    if stop > position:
        track.append(otio.schema.Gap(source_range=time_range(0, stop - position, fps)))
