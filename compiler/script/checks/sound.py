"""Check narrations, music and sound effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...errors import Problem
from ...files.file_urls import begins_with
from ...media.samples import duration_of
from ..yaml_source import KeyPath, YamlSource
from .files import ScriptFiles
from .plain_data import entries, is_number
from .scene_positions import check_place


def is_folder_name(model: str) -> bool:
    """Whether the name of a model is that of a folder: others are those of the hub."""
    return begins_with(model, (".", "..")) or Path(model).is_absolute()


def check_narration(narration: object, path: KeyPath, files: ScriptFiles) -> Fraction | None:
    """Check the files of a narration; return its length in seconds, or None if unreadable."""
    if not isinstance(narration, dict):
        return None
    files.check(narration.get("transcript"), (*path, "transcript"), "file")
    model = narration.get("align_model")
    if isinstance(model, str) and is_folder_name(model):
        files.check(model, (*path, "align_model"), "folder")
    audio = files.sound(narration.get("audio"), (*path, "audio"))
    return duration_of(audio) if audio is not None else None


def check_music(source: YamlSource, music: object, files: ScriptFiles) -> Iterator[Problem]:
    """Check the music's file and its bars."""
    if not isinstance(music, dict):
        return
    audio = files.sound(music.get("audio"), ("music", "audio"))
    bpm, first = music.get("bpm"), music.get("first_beat", 0)
    for key in ("beats_per_bar", "first_beat"):
        if key in music and bpm is None:
            yield source.problem(("music", key), "needs bpm", "state bpm")
    if music.get("end_on") == "bar" and bpm is None:
        what = "bars need bpm"
        yield source.problem(("music", "end_on"), what, "state bpm, or end on a fade")
    beats = music.get("beats_per_bar", 4)
    if audio is None or not (is_number(bpm) and is_number(first) and is_number(beats)):
        return
    length = duration_of(audio)
    if bpm > 0 and first + Fraction(60) * beats / bpm > length:
        what = f"the music, {float(length):.2f} s, is shorter than a bar"
        yield source.problem(("music", "bpm"), what, "check bpm, beats_per_bar and first_beat")


def check_sounds(
    source: YamlSource, scene: Mapping[str, Any], path: KeyPath, files: ScriptFiles
) -> Iterator[Problem]:
    """Check the files and the start times of a scene's sound effects."""
    for sound, here in entries(scene, "sounds", path):
        files.check(sound.get("audio"), (*here, "audio"), "sound")
        yield from check_place(source, sound.get("at"), scene.get("text"), (*here, "at"))
