"""Every ffmpeg there is: the one on the PATH and the one that imageio-ffmpeg ships."""

from __future__ import annotations

import os
from pathlib import Path

import imageio_ffmpeg
import pytest
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path


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
