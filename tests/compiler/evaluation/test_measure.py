"""Similarity, flicker, smoothness and drift have known values for known videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.evaluation.measure import Measures, measure
from otio_gvideo.compiler.evaluation.still_similarity import frame_homography, likeness, ssim_map
from otio_gvideo.renderers.base import Keyframe, Shot
from PIL import Image, ImageOps

from tests.conftest import LIGHTHOUSE

Picture = NDArray[np.uint8]
SIZE = (144, 256)
FRAMES = 36


def waves() -> Picture:
    y, x = np.mgrid[0:96, 0:128]
    return np.asarray((128 + 60 * np.sin(x / 5) + 50 * np.cos(y / 7)).round(), np.uint8)


@pytest.mark.parametrize(
    ("change", "similarity"),
    [
        (lambda a: np.roll(a, 1, 1), 0.973135437142823),
        (lambda a: (a * 0.7).astype(np.uint8), 0.8919246664280164),
        (lambda a: cv2.GaussianBlur(a, (0, 0), 3), 0.9835200791687482),
        (lambda a: np.full_like(a, 128), 0.2322785808638191),
    ],
    ids=["shifted", "darker", "blurred", "flat"],
)
def test_ssim_equals_that_of_scikit_image(change: Any, similarity: float) -> None:
    """Equal to `skimage.metrics.structural_similarity` with Gaussian weights of sigma 1.5."""
    inner = np.s_[8:-8, 8:-8]
    assert ssim_map(waves(), change(waves()))[inner].mean() == pytest.approx(similarity, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_ssim_is_symmetric_and_one_for_equal_images(one: int, other: int) -> None:
    a, b = (np.random.default_rng(s).integers(0, 256, (24, 20), np.uint8) for s in (one, other))
    assert np.allclose(ssim_map(a, b), ssim_map(b, a))
    assert np.allclose(ssim_map(a, a), 1)
    assert ssim_map(a, b).max() <= 1 + 1e-12


def photo(width: int, height: int, name: str = "home") -> Picture:
    """Return a still of the example, cropped to a size."""
    with Image.open(LIGHTHOUSE / "keyframes" / f"{name}.jpg") as still:
        return np.asarray(ImageOps.fit(still.convert("RGB"), (width, height)))


VIEWS = {
    "moved": [[1, 0, 14], [0, 1, -9], [0, 0, 1]],
    "zoomed": [[0.8, 0, 30], [0, 0.8, 40], [0, 0, 1]],
    "turned": [[0.98, -0.17, 30], [0.17, 0.98, -10], [0, 0, 1]],
    "in perspective": [[0.9, 0, 10], [0, 0.95, 5], [0.0003, 0, 1]],
}


@pytest.mark.parametrize("view", VIEWS)
def test_another_framing_of_a_still_is_similar(view: str) -> None:
    still = np.asarray(cv2.cvtColor(photo(300, 400), cv2.COLOR_RGB2GRAY), np.uint8)
    way = np.array(VIEWS[view], np.float64)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frame = np.asarray(cv2.warpPerspective(still, way, (240, 320), flags=flags), np.uint8)
    score, found = likeness(still, frame, np.array([[1, 0, 30], [0, 1, 40], [0, 0, 1.0]]))
    assert score > 0.95
    corners = np.array([[[20, 20], [220, 300]]], np.float64)
    there, wanted = (cv2.perspectiveTransform(corners, m) for m in (found, way))
    assert float(np.abs(there - wanted).max()) < 1.5


def test_another_image_is_dissimilar_in_any_framing() -> None:
    still, frame = (
        np.asarray(cv2.cvtColor(photo(240, 320, name), cv2.COLOR_RGB2GRAY), np.uint8)
        for name in ("home", "stairs")
    )
    assert likeness(still, frame, np.eye(3))[0] < 0.7


def test_flat_images_have_no_features_to_align() -> None:
    flat = np.full((64, 48), 90, np.uint8)
    assert np.array_equal(frame_homography(flat, flat), np.eye(3))
    assert likeness(flat, flat, np.eye(3))[0] == pytest.approx(1)


def measured(
    folder: Path, frames: Iterator[Picture], still: Picture | None = None, **changes: Any
) -> Measures:
    folder.mkdir(exist_ok=True)
    path, image = folder / "clip.mp4", folder / "still.png"
    Image.fromarray(photo(*SIZE) if still is None else still).save(image)
    width, height = SIZE
    encode_frames(
        *(frames, path),
        **{"width": width, "height": height, "fps": Fraction(24)},
        encoding=Encoding(crf=6, preset="ultrafast"),
    )
    return measure(path, replace(shot_of(image), **changes))


def shot_of(still: Path) -> Shot:
    return Shot(*SIZE, Fraction(24), FRAMES, 0, 0, 0, FRAMES, (Keyframe(still, 0),))


def panned(speed: float = 0.8, every: int = 1) -> Iterator[Picture]:
    """Yield the still panned by some pixels per frame, each position held for some frames."""
    wide = photo(SIZE[0] + 80, SIZE[1])
    for number in range(FRAMES):
        shift = np.array([[1, 0, -speed * (number // every * every)], [0, 1, 0]], np.float64)
        yield np.asarray(cv2.warpAffine(wide, shift, SIZE, flags=cv2.INTER_CUBIC), np.uint8)


def test_a_static_still_has_full_fidelity_and_no_motion(tmp_path: Path) -> None:
    found = measured(tmp_path, iter([photo(*SIZE)] * FRAMES))
    assert found.fidelity is not None
    assert found.fidelity > 0.98
    assert found.flicker < 0.1
    assert found.motion < 0.05
    assert found.smoothness is None
    assert found.drift == pytest.approx(0, abs=0.2)


def test_another_image_has_low_fidelity(tmp_path: Path) -> None:
    found = measured(tmp_path, iter([photo(*SIZE, name="stairs")] * FRAMES))
    assert found.fidelity is not None
    assert found.fidelity < 0.7


def test_a_still_is_compared_at_its_own_frame(tmp_path: Path) -> None:
    frames = [photo(*SIZE, name="stairs")] * 20 + [photo(*SIZE)] + [photo(*SIZE, name="dusk")] * 15
    still = Keyframe(tmp_path / "still.png", 30)
    found = measured(tmp_path, iter(frames), start=10, keyframes=(still,))
    assert found.fidelity is not None
    assert found.fidelity > 0.95
    outside = measured(tmp_path, iter(frames), start=40, keyframes=(still,))
    assert outside.fidelity is None


def test_flicker_is_measured_in_levels(tmp_path: Path) -> None:
    def flickering() -> Iterator[Picture]:
        for number, frame in enumerate(panned()):
            yield np.asarray((frame * 0.8 + 8 * (number % 2)).round(), np.uint8)

    steady, unsteady = measured(tmp_path, panned()), measured(tmp_path, flickering())
    assert steady.flicker < 2
    # 8 levels of full range are 7 of limited range.
    assert unsteady.flicker == pytest.approx(7, rel=0.3)


def test_frames_repeated_three_times_are_not_smooth(tmp_path: Path) -> None:
    even, jerky = measured(tmp_path, panned()), measured(tmp_path, panned(every=3))
    assert even.smoothness is not None
    assert jerky.smoothness is not None
    assert even.smoothness > 0.9
    assert jerky.smoothness < 0.3
    assert jerky.motion == pytest.approx(even.motion, rel=0.2)


def test_drift_is_of_colour_and_not_of_framing(tmp_path: Path) -> None:
    # Red on the left, blue on the right: a pan shows other colours.
    tint = np.linspace(0, 1, SIZE[0] + 80)[None, :, None] * np.array([[[-80, 0, 80]]])
    wide = photo(SIZE[0] + 80, SIZE[1]).astype(float) * 0.5 + 60

    def moving(tinted: float) -> Iterator[Picture]:
        for number in range(FRAMES):
            place = round(1.5 * number)
            redder = np.array([tinted, 0, 0]) * number / FRAMES
            seen = (wide + tint)[:, place : place + SIZE[0]] + redder
            yield np.asarray(seen.clip(0, 255).round(), np.uint8)

    steady, drifting = measured(tmp_path, moving(0)), measured(tmp_path, moving(40))
    assert steady.drift is not None
    assert drifting.drift is not None
    assert steady.drift < 1
    assert drifting.drift > 5


def test_a_slot_from_one_still_to_another_has_no_drift(tmp_path: Path) -> None:
    keys = (Keyframe(tmp_path / "still.png", 0), Keyframe(tmp_path / "other.png", FRAMES - 1))
    Image.fromarray(photo(*SIZE)).save(tmp_path / "other.png")
    assert measured(tmp_path, panned(), keyframes=keys).drift is None


def test_undecodable_media_are_a_one_line_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(WorkError, match=r"broken\.mp4: its picture cannot be decoded"):
        measure(broken, shot_of(tmp_path / "still.png"))
