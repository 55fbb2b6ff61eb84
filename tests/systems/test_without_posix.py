"""Without POSIX modules a compile gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.timeline.rate import time_range
from otio_gvideo.renderers.files.atomic_file import SCRATCH
from otio_gvideo.renderers.files.lock_owner import this_process
from otio_gvideo.renderers.files.open_media import open_input
from PIL import Image

RUNNER = Path(__file__).with_name("without_posix.py")
FPS = Fraction(24)


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, RUNNER, "otio_gvideo.compiler", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def made(folder: Path) -> dict[str, str]:
    """Return the content of every file by name, but of report and segments, which hold times."""
    files = [path for path in folder.glob("**/*") if path.is_file()]
    files = [f for f in files if f.name != "report.json" and f.parent.suffix != ".segments"]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes().replace(str(folder).encode(), b"FOLDER")
        ).hexdigest()
        for path in files
    }


@pytest.mark.slow
def test_a_compile_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    with project.open("a") as script:
        script.write("captions: {burn: true}\n")
    ours, theirs = tmp_path / "here", tmp_path / "there"
    command = [sys.executable, "-m", "otio_gvideo.compiler", "compile", project, "-o", ours]
    subprocess.run(command, check=True, capture_output=True)
    # Probing another run must not end it.
    (theirs / "media").mkdir(parents=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, live = (theirs / "media" / f"{SCRATCH}0000000{number}" for number in range(2))
    for folder, pid in ((left, ended.pid), (live, os.getppid())):
        folder.mkdir()
        owner = asdict(replace(this_process(), boot="", pid=pid))
        (folder / ".lock.owner").write_text(json.dumps(owner))
    done = run("compile", project, "-o", theirs)
    assert done.stderr == ""
    assert done.returncode == 0
    assert not left.exists()
    shutil.rmtree(live)
    assert made(theirs) == made(ours)


@pytest.mark.parametrize("command", ["doctor", "--help", "schema script"])
def test_a_command_runs(command: str) -> None:
    done = run(*command.split())
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.slow
def test_a_sequence_of_images_is_flattened(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("RGB", (64, 64), (20 * number, 0, 0)).save(tmp_path / f"f{number:04d}.png")
    images = otio.schema.ImageSequenceReference(
        target_url_base=str(tmp_path),
        name_prefix="f",
        name_suffix=".png",
        start_frame=0,
        rate=24,
        frame_zero_padding=4,
        available_range=time_range(0, 12, FPS),
    )
    timeline = otio.schema.Timeline("images")
    timeline.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    timeline.tracks[0].append(otio.schema.Clip("images", images, time_range(0, 12, FPS)))
    timeline.to_json_file(str(tmp_path / "a.otio"))
    done = run("flatten", tmp_path / "a.otio", "-o", tmp_path / "reel.mp4", "--size", "64x64")
    assert done.stderr == ""
    assert done.returncode == 0
    with open_input(tmp_path / "reel.mp4") as container:
        reds = [
            frame.to_ndarray(format="rgb24")[..., 0].mean() for frame in container.decode(video=0)
        ]
    assert np.abs(np.array(reds) - 20 * np.arange(12)).max() < 6


def test_a_failed_encoder_is_reported_with_its_own_message(tmp_path: Path) -> None:
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import without_posix
without_posix.hide()
from otio_gvideo.compiler.media import ffmpeg, ffmpeg_log
try:
    with ffmpeg.process(["-f", "nonsense", "-i", "pipe:0"], what="a try", pipe_in=True) as running:
        for _ in range(100):
            running.write(memoryview(bytes(1 << 20)))
except ffmpeg_log.FfmpegError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, RUNNER.parent]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ffmpeg failed while a try: " in done.stdout
    assert "nonsense" in done.stdout
