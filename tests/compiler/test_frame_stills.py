"""Stills that are frames of videos: what each user's file and each ffmpeg leaves of them."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest
from otio_gvideo.compiler import InputError
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_version
from otio_gvideo.compiler.stages.frame_stills import frame_still

HALF = Fraction(1, 2)


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "sea.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x112:d=1:r=24", "-pix_fmt", "yuv420p"]
    run([*source, *output_args(path)], what="making a video")
    return path


def test_an_edited_still_is_kept_with_and_without_a_cache(video: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stills"
    still = frame_still(video, HALF, folder)
    made = still.read_bytes()
    shutil.rmtree(tmp_path / "cache")
    assert frame_still(video, HALF, folder).read_bytes() == made
    still.write_bytes(b"retouched")
    for _ in range(2):
        with pytest.raises(InputError, match=r"is no longer the frame of sea\.mp4"):
            frame_still(video, HALF, folder)
        assert still.read_bytes() == b"retouched"
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    still.unlink()
    assert frame_still(video, HALF, folder).read_bytes() == made
    assert [path.name for path in folder.iterdir()] == [still.name]


def test_each_ffmpeg_saves_stills_of_its_own(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their PNGs need not be the same to the byte."""
    folder = tmp_path / "stills"
    one, version = frame_still(video, HALF, folder), ffmpeg_version()
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", imageio_ffmpeg.get_ffmpeg_exe())
    if ffmpeg_version() == version:
        pytest.skip("there is one ffmpeg")
    other = frame_still(video, HALF, folder)
    assert other != one
    for still in (one, other):
        still.unlink()
    assert frame_still(video, HALF, folder) == other
    assert frame_still(video, HALF, folder).is_file()
