"""Depth of field: a disc blur behind and before the focus, without a halo round the subject."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.renderers.base import Motion
from otio_gvideo.renderers.camera.camera import CameraRenderer
from otio_gvideo.renderers.fit.unsupported import unsupported_settings
from otio_gvideo.renderers.image.yuv import Planes
from otio_gvideo.renderers.parallax.depth_of_field import GAMMA, defocus
from otio_gvideo.renderers.parallax.parallax import ParallaxRenderer
from otio_gvideo.renderers.run.recipe import Recipe

from .test_parallax import HEIGHT, WIDTH, render, save, shot

SIDE = 64


def grey(luma: np.ndarray) -> Planes:
    chroma = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.float32)
    return Planes(luma.astype(np.float32), chroma, chroma.copy())


@pytest.mark.parametrize("radius", [2.0, 5.0, 12.0])
def test_a_point_of_light_becomes_a_disc_with_the_same_light(radius: float) -> None:
    luma = np.full((SIDE, SIDE), 16.0)
    luma[30:32, 30:32] = 235
    planes, _ = defocus(grey(luma), np.full((SIDE, SIDE), radius, np.float32))
    light = ((planes.y - 16) / 219) ** GAMMA
    assert light.sum() == pytest.approx(4, rel=0.05)
    y, x = np.mgrid[:SIDE, :SIDE] - 30.5
    within = np.hypot(y, x)
    assert light[within > radius + 4].max() < 0.15 * light.max()
    inner = light[within < 0.6 * radius - 1]
    assert inner.size == 0 or inner.min() > 0.7 * inner.max()


def test_a_subject_in_focus_gives_no_light_to_the_background() -> None:
    luma = np.full((SIDE, SIDE), 60.0)
    luma[:, 32:] = 235
    radius = np.where(np.arange(SIDE) < 32, 8.0, 0.0) * np.ones((SIDE, 1))
    planes, _ = defocus(grey(luma), radius.astype(np.float32))
    assert planes.y[:, :32].max() < 63
    assert (planes.y[:, 32:] == 235).all()


def test_the_edge_of_a_near_layer_becomes_soft() -> None:
    matte = np.zeros((SIDE, SIDE), np.uint8)
    matte[:, 32:] = 255
    radius = np.full((SIDE, SIDE), 6.0, np.float32)
    planes, soft = defocus(grey(np.full((SIDE, SIDE), 200.0)), radius, matte)
    assert soft is not None
    row = soft[32].astype(int)
    assert (row[:24] == 0).all()
    assert (row[40:] == 255).all()
    assert (np.diff(row) >= 0).all()
    assert row[32] == pytest.approx(128, abs=25)
    np.testing.assert_allclose(planes.y[32, 28:], 200, atol=0.5)


@pytest.fixture
def portrait(tmp_path: Path) -> tuple[Path, Path]:
    """A textured subject in the middle, twice as bright as a textured background, and its depth."""
    rng = np.random.default_rng(5)
    size = 2 * HEIGHT, 2 * WIDTH
    still = np.repeat(rng.integers(40, 100, (*size, 1), np.uint8), 3, axis=2)
    depth = np.zeros(size, np.uint8)
    rows, columns = slice(160, 480), slice(110, 250)
    still[rows, columns] = rng.integers(180, 240, (320, 140, 1), np.uint8)
    depth[rows, columns] = 255
    return save(tmp_path / "still.png", still), save(tmp_path / "depth.png", depth)


@pytest.mark.parametrize("camera", ["static", "pan_right"])
@pytest.mark.parametrize("focus", [(0.5, 0.5), (0.1, 0.1)])
def test_what_is_away_from_the_focus_is_blurred(
    portrait: tuple[Path, Path], camera: str, focus: tuple[float, float]
) -> None:
    slot = shot(*portrait, motion=Motion(camera, 0.1, focus=focus))
    sharp = render(slot)[6][:HEIGHT].astype(float)
    lens = replace(slot, motion=replace(slot.motion, depth_of_field=1.0))
    blurred = render(lens)[6][:HEIGHT].astype(float)
    subject, behind = (slice(100, 220), slice(70, 110)), (slice(5, 60), slice(5, -5))
    in_focus, away = (subject, behind) if focus == (0.5, 0.5) else (behind, subject)
    assert np.abs(blurred[in_focus] - sharp[in_focus]).mean() < 1
    assert blurred[away].std() < 0.4 * sharp[away].std()


def test_no_halo_surrounds_a_subject(portrait: tuple[Path, Path]) -> None:
    slot = shot(*portrait, motion=Motion("static", 0.1, depth_of_field=1.0))
    frame = render(slot)[6][:HEIGHT].astype(float)
    levels = frame[110:210].mean(axis=0)
    beside = levels[:51]  # The subject begins at column 55.
    assert np.ptp(beside) < 4
    assert levels[58] > beside.mean() + 60


def test_depth_of_field_is_in_the_key_only_if_asked_for(portrait: tuple[Path, Path]) -> None:
    slot = shot(*portrait)
    lens = replace(slot, motion=replace(slot.motion, depth_of_field=0.5))
    plain, blurred = (Recipe("parallax", 3, one, {}, (0,)) for one in (slot, lens))
    assert "depth_of_field" not in plain.as_json()["motion"]
    assert Recipe.from_json(blurred.as_json()) == blurred
    assert unsupported_settings(lens, ParallaxRenderer({}, "draft").limits) == []
    flat = unsupported_settings(lens, CameraRenderer({}, "draft").limits)
    assert flat == ["motion.depth_of_field is not honoured"]
    card = unsupported_settings(replace(lens, fit="blur"), ParallaxRenderer({}, "draft").limits)
    assert card == ["motion.depth_of_field has no effect with fit: blur"]
