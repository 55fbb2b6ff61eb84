"""Speech after the last scene is reported, fading out and silence are not."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.speech.align_narration import align_narration
from otio_gvideo.compiler.speech.trailing_speech import trailing_speech
from otio_gvideo.compiler.sync.types import Interval, Word

SCRIPT = """\
version: 1
narration: {audio: voice.wav}
scenes:
  - {id: one, time: {start: 0, end: 3}, keyframe: stills/red.png}
  - {id: two, time: {start: 3, end: 6}, keyframe: stills/green.png}
"""
WARNING = "two: the narration goes on for 4.2 s after the end of this scene, with speech that no"


def warnings(script: Path) -> list[str]:
    return [line for line in align_narration(load_script(script)).warnings if "goes on" in line]


def test_speech_after_the_last_scene_is_reported(project: Path) -> None:
    project.write_text(SCRIPT)
    (warning,) = warnings(project)
    assert warning.startswith(WARNING)
    project.write_text(SCRIPT.replace("end: 6", "end: 8.5"))
    assert warnings(project) == []


def test_silence_after_the_last_scene_is_not_reported(project: Path) -> None:
    voice = project.parent / "voice.wav"
    silent = voice.with_name("silent.wav")
    fade = ["-af", "atrim=end=6,apad=whole_dur=10.2"]
    run([*input_args(voice), *fade, *output_args(silent)], what="cutting the voice")
    project.write_text(SCRIPT.replace("voice.wav", "silent.wav"))
    assert warnings(project) == []


@pytest.mark.parametrize(("start", "count"), [(4.0, 0), (7.0, 1)])
def test_a_transcript_takes_precedence_over_energy(start: float, count: int, project: Path) -> None:
    words = [
        {"word": "light", "start": 0.5, "end": 1.0},
        {"word": "lamp", "start": start, "end": start + 0.5},
    ]
    segment = {"start": 0, "end": start + 0.5, "text": "light lamp", "words": words}
    path = project.parent / "voice.json"
    path.write_text(json.dumps({"text": "light lamp", "segments": [segment]}))
    named = "audio: voice.wav, transcript: voice.json, align: transcript"
    project.write_text(SCRIPT.replace("audio: voice.wav", named))
    assert len(warnings(project)) == count


def test_a_fade_out_and_a_breath_are_not_reported() -> None:
    word = Word("late", Fraction(11), Fraction(12))
    assert trailing_speech(Fraction(10), Fraction(12), [word], list) == ""
    assert trailing_speech(Fraction(10), Fraction(13), [word], list)
    breath = Interval(Fraction(9), Fraction(21, 2))
    assert trailing_speech(Fraction(10), Fraction(20), None, lambda: [breath]) == ""
    voice = Interval(Fraction(9), Fraction(12))
    assert trailing_speech(Fraction(10), Fraction(20), None, lambda: [voice])
