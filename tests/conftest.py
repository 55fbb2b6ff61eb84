"""Hypothesis profiles, and a small real project to compile: 10 s of narration, three scenes."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from PIL import Image

settings.register_profile(
    "ci",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache folder of the tests, also for the programs that they start."""
    os.environ["OTIO_GVIDEO_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="session")
def _interrupts() -> None:
    """Let programs that tests start heed SIGINT: children of a background job ignore it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


TESTS = Path(__file__).parent
SHIPPED_FFMPEG = [
    TESTS,
    *(TESTS / "compiler" / name for name in ("assembly", "evaluation", "inspection", "page")),
]
"""Folders whose tests are not about ffmpeg."""
FFMPEG_ON_PATH = ["test_clips.py", "test_cover.py"]
"""Modules in them that are: they read many kinds of video."""


@pytest.fixture(autouse=True, scope="module")
def _ffmpeg(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Use imageio-ffmpeg's build where any will do: it starts in a fifth of Debian's time."""
    with pytest.MonkeyPatch.context() as patch:
        # Windows reserves symbolic links for administrators.
        shipped = request.path.parent in SHIPPED_FFMPEG and request.path.name not in FFMPEG_ON_PATH
        if shipped and os.name != "nt":
            folder = tmp_path_factory.mktemp("bin")
            (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
            patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked ``posix`` on Windows."""
    if os.name == "nt" and item.get_closest_marker("posix"):
        pytest.skip("Windows has no such names, links or signals")


ROOT = TESTS.parent
LIGHTHOUSE = ROOT / "examples" / "lighthouse"

SCRIPT = """\
version: 1
title: "A small light: one; two = three"
output: {width: 108, height: 192, fps: 24}
narration: {audio: voice.wav}
music: {audio: bed.wav, gain_db: -12, duck_db: 10, fade_in: 0.5, fade_out: 0.5}
defaults: {transition: {type: dissolve, duration: 0.5}}
scenes:
  - id: dusk
    text: At the edge of the sea there was once a light, and a man who kept it.
    keyframe: stills/red.png
    motion: {camera: push_in}
  - id: breath
    duration: 1.0
    keyframe: stills/green.png
    motion: {camera: static}
  - id: stairs
    text: Every evening the keeper climbed 117 steps to wake the lamp.
    keyframe: stills/blue.png
    motion: {camera: pan_left}
    transition: {type: cut}
"""


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first two sentences of the example's narration, 10.2 s."""
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    cut = input_args(LIGHTHOUSE / "audio" / "narration.flac", "-t", "10.2")
    run([*cut, *output_args(path)], what="cutting the narration")
    return path


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a chord, to be looped."""
    path = tmp_path_factory.mktemp("bed") / "bed.wav"
    chord = "aevalsrc=0.2*sin(440*2*PI*t)+0.2*sin(550*2*PI*t):s=48000:d=3"
    run(["-f", "lavfi", "-i", chord, *output_args(path)], what="making a chord")
    return path


@pytest.fixture
def project(tmp_path: Path, voice: Path, bed: Path) -> Path:
    """A folder with a script of three scenes and everything it names; the script's path."""
    return write_project(tmp_path / "project", voice, bed)


def write_project(folder: Path, voice: Path, bed: Path) -> Path:
    """Write the script of `project` and everything it names."""
    (folder / "stills").mkdir(parents=True)
    grain = np.random.default_rng(7).integers(0, 256, (24, 14), dtype=np.uint8)
    texture = Image.fromarray(grain).resize((216, 384), Image.Resampling.BICUBIC).convert("RGB")
    colours = {"red": (200, 40, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}
    for name, colour in colours.items():
        tinted = Image.blend(texture, Image.new("RGB", texture.size, colour), 0.7)
        tinted.save(folder / "stills" / f"{name}.png")
    shutil.copy(voice, folder / "voice.wav")
    shutil.copy(bed, folder / "bed.wav")
    script = folder / "small.yaml"
    script.write_text(SCRIPT)
    return script


def copy_project(script: Path, folder: Path) -> Path:
    """Copy a compiled project; its timelines and reports name the files of the copy."""
    shutil.copytree(script.parent, folder)
    for path in (*folder.rglob("*.otio"), *folder.rglob("report.json")):
        path.write_text(path.read_text().replace(str(script.parent), str(folder)))
    return folder / script.name


SILENT = """\
version: 1
title: silent
output: {width: 108, height: 192, fps: 24}
captions: {burn: false}
defaults: {renderer: camera, transition: {type: cut}}
scenes:
  - {id: a, duration: 0.25, keyframe: red.png, motion: {camera: static}}
  - {id: b, duration: 0.25, keyframe: blue.png, motion: {camera: push_in}}
"""
SPOKEN = """\
version: 1
title: spoken
output: {width: 108, height: 192, fps: 24}
narration: {audio: voice.wav, transcript: words.srt, align: transcript}
defaults: {renderer: camera}
scenes:
  - id: dusk
    text: At the edge of the sea there was once a light, and a man who kept it.
    keyframe: red.png
"""
SRT = """\
1
00:00:00,300 --> 00:00:04,600
At the edge of the sea there was once a light, and a man who kept it.
"""


@pytest.fixture
def folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stills, a voice, its transcript and two scripts; the current one."""
    folder = project.parent
    for name in ("red", "blue"):
        shutil.copy(folder / "stills" / f"{name}.png", folder / f"{name}.png")
    (folder / "words.srt").write_text(SRT)
    (folder / "small.yaml").write_text(SILENT)
    (folder / "spoken.yaml").write_text(SPOKEN)
    monkeypatch.chdir(folder)
    return folder
