"""A reel of three scenes that compiles in a second, and the files of an undisturbed run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from PIL import Image

from ..conftest import LIGHTHOUSE
from . import fork_server
from .output_folder import Expected, contents, hashes
from .preload import Shim, build
from .runs import run as run_command

FOLDER = Path(__file__).parent
SENTENCE = "At the edge of the sea there was once a light."
SCRIPT = f"""\
version: 1
title: A light
output: {{width: 108, height: 192, fps: 24}}
narration: {{audio: voice.wav, transcript: words.json, align: transcript}}
defaults: {{transition: {{type: dissolve, duration: 0.5}}}}
scenes:
  - {{id: dusk, text: "{SENTENCE}", keyframe: red.png, motion: {{camera: push_in}}}}
  - {{id: breath, duration: 1.0, keyframe: green.png, motion: {{camera: static}}}}
  - id: stairs
    duration: 1.0
    keyframes: [{{image: blue.png}}, {{image: red.png, at: end}}]
    transition: {{type: cut}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of faults as slow and as POSIX only."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.posix)


@pytest.fixture(autouse=True, scope="session")
def _servers() -> Iterator[None]:
    """End the processes that start the runs."""
    yield
    fork_server.end()


@pytest.fixture(scope="session")
def unwatched_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script and its files in one folder, created once."""
    folder = tmp_path_factory.mktemp("inputs")
    grain = np.random.default_rng(7).integers(0, 256, (24, 14), dtype=np.uint8)
    texture = Image.fromarray(grain).resize((216, 384), Image.Resampling.BICUBIC).convert("RGB")
    colours = {"red": (200, 40, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}
    for name, colour in colours.items():
        tinted = Image.blend(texture, Image.new("RGB", texture.size, colour), 0.7)
        tinted.save(folder / f"{name}.png")
    cut = input_args(LIGHTHOUSE / "audio" / "narration.flac", "-t", "3")
    run([*cut, *output_args(folder / "voice.wav")], what="cutting the narration")
    step = 2.2 / len(SENTENCE.split())
    words = [
        {"word": word, "start": round(0.4 + i * step, 3), "end": round(0.4 + (i + 0.9) * step, 3)}
        for i, word in enumerate(SENTENCE.split())
    ]
    segment = {"text": SENTENCE, "start": 0.4, "end": 2.6, "words": words}
    (folder / "words.json").write_text(json.dumps({"text": SENTENCE, "segments": [segment]}))
    script = folder / "reel.yaml"
    script.write_text(SCRIPT)
    return script


@pytest.fixture
def script(unwatched_script: Path) -> Iterator[Path]:
    """The script; all inputs are unchanged after each test."""
    before = hashes(unwatched_script.parent)
    yield unwatched_script
    assert hashes(unwatched_script.parent) == before


@pytest.fixture(scope="session")
def expected(unwatched_script: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """The output folder of an undisturbed run."""
    case = tmp_path_factory.mktemp("expected")
    result = run_command(case, "compile", unwatched_script, "-o", case / "out")
    assert (result.status, result.err) == (0, "")
    return Expected(case / "out", contents(case / "out"))


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    """The preloaded library."""
    return build(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of random instants; ``FAULT_SEED`` repeats a run."""
    value = int(os.environ.get("FAULT_SEED", "1"))
    print(f"FAULT_SEED={value}")
    return value


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> int | None:
    """How often to try each fault; ``FAULT_TRIES=400`` for a long run by hand."""
    value = os.environ.get("FAULT_TRIES")
    return int(value) if value else None


def clone(expected: Expected, folder: Path, *, timeline: bool = False) -> None:
    """A finished output folder; with ``timeline``, its timeline refers to its own media."""
    shutil.copytree(expected.folder, folder)
    for path in folder.glob("*.otio") if timeline else ():
        path.write_text(path.read_text().replace(str(expected.folder), str(folder)))
