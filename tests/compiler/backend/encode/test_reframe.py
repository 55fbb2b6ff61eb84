"""Pictures are cropped around the part that stands out."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.reframe import best_point
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.renderers.image.saliency import saliency
from PIL import Image

from ..frame_stamps import FAST
from ..reels import clip_of, flat_to, of


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A wide picture with one object, far from the centre."""
    rng = np.random.default_rng(1)
    ground = rng.normal(120, 2, (180, 480, 3)).clip(0, 255).astype(np.uint8)
    cv2.circle(ground, (400, 90), 30, (255, 60, 20), -1)
    cv2.circle(ground, (400, 90), 12, (20, 255, 255), -1)
    path = tmp_path / "marked.png"
    Image.fromarray(ground).save(path)
    return path


def redness(path: Path) -> float:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    red: NDArray[np.bool_] = (frame[:, :, 0] - frame[:, :, 2]) > 100
    return float(red.mean())


def test_a_picture_is_cropped_around_its_salient_part(marked: Path, tmp_path: Path) -> None:
    moving = tmp_path / "marked.mp4"
    args = ["-loop", "1", *input_args(marked), "-t", "2", "-r", "24", "-pix_fmt", "yuv420p"]
    run([*args, *output_args(moving)], what="making a video")
    seen = {}
    for path in (marked, moving):
        for reframe, told in (("centre", None), ("salient", saliency)):
            spec = OutputSpec(FAST, salience=told)
            flat_to(of(clip_of(path, 0, 3)), tmp_path / "a.mp4", spec=spec, size=(180, 180))
            seen[path.suffix, reframe] = redness(tmp_path / "a.mp4")
    for suffix in (".png", ".mp4"):
        assert seen[suffix, "centre"] == 0
        assert seen[suffix, "salient"] > 0.04


def test_the_crop_window_holds_the_most_salience(marked: Path) -> None:
    small = cv2.resize(np.asarray(Image.open(marked)), (96, 36))
    found = saliency(small.astype(np.uint8))
    across, down = best_point(found, 1.0)
    assert 0.7 < across < 0.82
    assert down == 0.5
    assert best_point(np.zeros((30, 96), np.float32), 1.0) == (0.5, 0.5)
    tall = best_point(np.rot90(found), 1.0)
    assert tall[0] == 0.5
    assert 0.18 < tall[1] < 0.3
