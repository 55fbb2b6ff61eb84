"""Media whose key frames are decoded before pictures that are shown earlier (open GOPs)."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.probe import probe

from ..frame_stamps import read_stamps, write_stamped
from ..reels import FPS, clip, flat, of

GOP = 8
STARTS = [7, 30, 12, 0, 15, 45, 22, 39, 6, 53, 14, 31]
"""In an order in which none continues the one before."""


def encoded(folder: Path, codec: str, gop: str) -> Path:
    closed = write_stamped(folder / "closed.mp4", 1, 60, FPS)
    path = folder / "open.mp4"
    params = f"{gop}:keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=3:b-adapt=0"
    args = ["-c:v", codec, "-crf", "16", f"-{codec.removeprefix('lib')}-params", params]
    run([*input_args(closed), *output_args(path, *args)], what="encoding")
    return path


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_each_frame_of_an_open_gop_is_found(codec: str, tmp_path: Path) -> None:
    path = encoded(tmp_path, codec, "open-gop=1")
    video = probe(path).video
    assert video is not None
    assert video.lead > 0
    flat(of(*(clip(path, start, 1) for start in STARTS)), tmp_path)
    assert read_stamps(tmp_path / "reel.mp4") == [start + 1 for start in STARTS]


def test_closed_gops_are_sought_exactly(tmp_path: Path) -> None:
    video = probe(encoded(tmp_path, "libx264", "open-gop=0")).video
    assert video is not None
    assert video.lead == 0
