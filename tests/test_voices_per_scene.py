"""A reel with a voice file for each scene, of different rates, channels and formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run

FIRST = "At the edge of the sea there was once a light, and a man who kept it."
SECOND = "Every evening the keeper climbed 117 steps to wake the lamp."


@pytest.mark.slow
def test_voice_files_of_any_rate_and_channels_stay_in_sync(project: Path) -> None:
    folder = project.parent
    for name, cut, options in (
        ("first.wav", ("-t", "4.8"), ("-ar", "44100", "-ac", "2")),
        ("second.mp3", ("-ss", "4.9", "-t", "5.3"), ("-ar", "16000", "-ac", "1")),
    ):
        voice = [*input_args(folder / "voice.wav", *cut), *options, *output_args(folder / name)]
        run(voice, what="cutting the voice")
    words = [
        {"word": f" {word}", "start": 0.3 + 0.4 * n, "end": 0.6 + 0.4 * n}
        for n, word in enumerate(SECOND.split())
    ]
    segment = {"start": 0.3, "end": 4.9, "text": SECOND, "words": words}
    (folder / "second.json").write_text(json.dumps({"segments": [segment], "language": "en"}))
    script = yaml.safe_load(project.read_text())
    del script["narration"]
    one, beat, two = script["scenes"]
    one |= {"text": FIRST, "narration": {"audio": "first.wav"}}
    two |= {
        "text": SECOND,
        "narration": {
            "audio": "second.mp3",
            "transcript": "second.json",
            "align": "transcript",
        },
    }
    script["scenes"] = [one, beat, two]
    project.write_text(yaml.safe_dump(script, sort_keys=False))
    report = compile_script(project)
    first, second = 116, 127
    assert abs(report.frames - first - 24 - second) <= 2
    assert report.scenes[1].end_frame - report.scenes[1].cut_frame == 24
    # The cut is in the pause that spans both files, before the first word of the second.
    assert first - 12 <= report.scenes[1].cut_frame <= first + 0.3 * 24
    assert report.video is not None
    found = check_video(report.video, report.timeline)
    assert found.ok, [str(finding) for finding in found.findings if not finding.ok]
    offsets = [offset.ms for offset in found.voice_offsets]
    assert all(ms is not None and abs(ms) < 1 for ms in offsets)
