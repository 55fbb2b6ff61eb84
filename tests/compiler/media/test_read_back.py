"""Written media are read back: frames and seconds are counted."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.ffmpeg import run
from otio_gvideo.compiler.media.read_back import (
    refuse_torn_preview,
    refuse_torn_sound,
    refuse_torn_video,
)
from PIL import Image

FPS = Fraction(24)


@pytest.fixture(params=["index last", "index first"])
def video(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """24 frames, and a second of sound."""
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, (48, 32, 3), np.uint8) for _ in range(24)]
    plain, path = tmp_path / "plain.mp4", tmp_path / "a.mp4"
    encode_frames(frames, plain, width=32, height=48, fps=FPS, encoding=Encoding())
    start = ["-movflags", "+faststart"] if request.param == "index first" else []
    sound = ["-f", "lavfi", "-i", "sine=d=1:r=48000", "-c:v", "copy", "-c:a", "aac"]
    run(["-i", str(plain), *sound, *start, str(path)], what="a test")
    return path


def test_whole_files_pass(video: Path) -> None:
    refuse_torn_video(video, 24, "a.mp4")
    refuse_torn_sound(video, Fraction(1), "a.mp4")


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_fails(video: Path, share: float) -> None:
    os.truncate(video, int(video.stat().st_size * share))
    with pytest.raises(WorkError, match=r"^reel\.mp4: cannot be written: it "):
        refuse_torn_video(video, 24, "reel.mp4")
        refuse_torn_sound(video, Fraction(1), "reel.mp4")


def test_frames_and_seconds_are_counted(video: Path) -> None:
    with pytest.raises(WorkError, match="it holds 24 of 25 frames; the program that wrote"):
        refuse_torn_video(video, 25, "reel.mp4")
    with pytest.raises(WorkError, match=r"it holds 1\.0\d s of sound of 1\.10 s"):
        refuse_torn_sound(video, Fraction(11, 10), "reel.mp4")
    with pytest.raises(WorkError, match="it is truncated"):
        refuse_torn_video(Path(__file__), 24, "reel.mp4")


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_preview_is_decoded_to_its_last_frame(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    rng = np.random.default_rng(1)
    pictures = [Image.fromarray(rng.integers(0, 256, (48, 32, 3), np.uint8)) for _ in range(5)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    refuse_torn_preview(path, "a")
    os.truncate(path, path.stat().st_size * 9 // 10)
    with pytest.raises(WorkError, match="it is truncated"):
        refuse_torn_preview(path, "a")
