"""Burned captions and placed sounds of a script, measured in its reel."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from otio_gvideo.compiler import compile_script, flatten_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE, SoundReader

from .conftest import SCRIPT


@pytest.fixture
def script(project: Path) -> Path:
    beep = "aevalsrc='0.9*sin(6000*2*PI*t)':s=48000:d=0.5"
    sound = project.parent / "beep.wav"
    run(["-f", "lavfi", "-i", beep, *output_args(sound)], what="making a beep")
    project.write_text(
        SCRIPT.replace("version: 1", "version: 1\ncaptions: {burn: true, style: karaoke, size: 90}")
        .replace("fade_out: 0.5}", "fade_out: 0.5, attack: 0.1, release: 0.3}")
        .replace(
            "id: stairs",
            "id: stairs\n    sounds: [{audio: beep.wav, at: word:lamp}, "
            "{audio: beep.wav, at: end, gain_db: -6}]",
        )
    )
    return project


@pytest.mark.slow
def test_captions_and_sounds_are_at_the_times_of_the_script(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = compile_script(script)
    assert report.video is not None
    assert [path.suffix for path in report.captions] == [".srt", ".vtt", ".ass"]
    assert report.warnings == []
    words = json.loads(report.timeline.read_text())["metadata"]["otio_gvideo"]["words"]
    with av.open(str(report.video)) as container:
        assert [stream.type for stream in container.streams][:3] == ["video", "audio", "subtitle"]
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for word in words:
        frame = shown[round((word["start"] + word["end"]) / 2 * 24)].astype(int)
        yellow = (frame[..., 0] > 180) & (frame[..., 1] > 150) & (frame[..., 2] < 110)
        assert yellow.any(), word
    # The beat between the sentences is silent and has no caption.
    before = max(word["end"] for word in words if word["scene"] == "dusk")
    after = min(word["start"] for word in words if word["scene"] == "stairs")
    beat = shown[round((before + after) / 2 * 24)].astype(int)
    assert not ((beat[..., 0] > 200) & (beat[..., 1] > 200)).any()
    heard = SoundReader(report.video).read(0, len(shown) * SAMPLE_RATE // 24)[:, 0]
    lamp = next(word for word in words if word["text"].startswith("lamp"))
    on = loud(heard)
    assert on[0] == pytest.approx(round(lamp["start"] * 24) / 24, abs=0.01)
    assert on[-1] == pytest.approx(len(shown) / 24, abs=0.06)
    assert main(["check", str(report.video), "--against", str(report.timeline)]) == 0, (
        capsys.readouterr().out
    )


def loud(samples: np.ndarray) -> np.ndarray:
    """Times in seconds with a beep of 6 kHz, in steps of 10 ms."""
    block = SAMPLE_RATE // 100
    parts = samples[: len(samples) // block * block].reshape(-1, block)
    carrier = np.exp(-2j * np.pi * 6000 * np.arange(block) / SAMPLE_RATE)
    level = np.abs(parts @ carrier) / block
    return np.flatnonzero(level > level.max() / 6) / 100


@pytest.mark.slow
def test_captions_follow_the_flattened_timeline(script: Path, tmp_path: Path) -> None:
    report = compile_script(script, until="media")
    plain = json.loads(report.timeline.read_text())
    plain["metadata"]["otio_gvideo"]["captions"]["burn"] = False
    edited = report.timeline.with_name("plain.otio")
    edited.write_text(json.dumps(plain))
    seen = []
    for timeline in (report.timeline, edited):
        made = flatten_timeline(timeline, tmp_path / f"{timeline.stem}.mp4")
        assert made.video is not None
        with av.open(str(made.video)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        seen.append(sum(int((frame.min(axis=2) > 235).any()) for frame in frames))
    assert seen[0] > 100
    assert seen[1] == 0
