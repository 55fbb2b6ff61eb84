"""Every ffmpeg there is (on the PATH, and of imageio-ffmpeg), and a compiled project."""

from __future__ import annotations

import os
from pathlib import Path

import imageio_ffmpeg
import pytest
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path

from ..conftest import copy_project, write_project


@pytest.fixture(params=["found", "shipped"])
def each_ffmpeg(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with each of them; where both are the same, once is enough."""
    found, shipped = ffmpeg_path(), str(imageio_ffmpeg.get_ffmpeg_exe())
    if request.param == "shipped":
        if found == shipped:
            pytest.skip("there is no other ffmpeg on the PATH")
        without = [
            folder
            for folder in os.environ["PATH"].split(os.pathsep)
            if not (Path(folder) / "ffmpeg").exists()
        ]
        monkeypatch.setenv("PATH", os.pathsep.join(without))
    return ffmpeg_path()


@pytest.fixture(scope="session")
def compiled_project(voice: Path, bed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of a project whose timeline is compiled; not to be changed."""
    script = write_project(tmp_path_factory.mktemp("compiled") / "project", voice, bed)
    told = 'keyframe: stills/red.png\n    prompt: "an old <light> & the sea"\n    seed: 7'
    script.write_text(script.read_text().replace("keyframe: stills/red.png", told))
    compile_script(script, until="timeline")
    return script


@pytest.fixture
def compiled(compiled_project: Path, tmp_path: Path) -> Path:
    """The timeline of a copy, without media."""
    folder = copy_project(compiled_project, tmp_path / "copy").parent
    return folder / "build" / "small" / "small.otio"
