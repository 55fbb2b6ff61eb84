"""Morphing dissolves: an object in both stills shows once, at every frame of the dissolve."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from otio_gvideo.renderers.base import Keyframe, Motion, Shot
from otio_gvideo.renderers.camera.keyframe_weights import dissolve_midpoint, keyframe_weights
from otio_gvideo.renderers.camera.morph import morph_between
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class
from PIL import Image

WIDTH, HEIGHT = 270, 480
SHIFT = 10


def scenery(seed: int) -> np.ndarray:
    """A soft texture with a sharp white bar, whose middle is easily found."""
    noise = np.random.default_rng(seed).normal(size=(HEIGHT + 60, WIDTH + 60))
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    level = 80 + 25 * soft / soft.std()
    return np.clip(level, 0, 170).astype(np.uint8)


def with_bar(level: np.ndarray, at: int) -> np.ndarray:
    cut = level[30 : 30 + HEIGHT, 30 + 130 - at : 30 + 130 - at + WIDTH].copy()
    cut[120:360, at - 4 : at + 4] = 235
    return cut


def test_a_shared_object_shows_once_and_moves_evenly(tmp_path: Path) -> None:
    level = scenery(1)
    paths = []
    for name, at, night in (("a", 125, 1.0), ("b", 125 + SHIFT, 0.6)):
        image = (with_bar(level, at) * night).astype(np.uint8)
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(np.dstack([image] * 3)).save(paths[-1])
    for name in ("camera", "parallax"):
        slot = shot(paths, 25)
        places = []
        for frame in list(run_renderer.frames(renderer_class(name)({}, "standard"), slot, steps))[
            12:
        ]:
            row = frame[200:280, 60:200].astype(float).mean(axis=0)
            bright = np.where(row > row.max() * 0.75, row, 0)
            # A single bar: the bright part is no wider than the bar.
            assert np.ptp(np.flatnonzero(bright)) < 14, name
            places.append(60 + (bright * np.arange(len(row))).sum() / bright.sum())
        weights = [
            *(keyframe_weights(slot.keyframes, frame, slot)[2] for frame in range(12, 24)),
            1,
        ]
        ideal = places[0] + SHIFT * np.array(weights)
        assert np.abs(np.array(places) - ideal).max() < 1.5, name


def test_pictures_with_nothing_in_common_dissolve_plainly(tmp_path: Path) -> None:
    assert morph_between(scenery(1), scenery(2)) is None
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert morph_between(flat, flat) is None


def test_a_picture_morphs_into_itself_without_motion() -> None:
    morph = morph_between(scenery(3), scenery(3))
    assert morph is not None
    assert np.abs(morph.forward).max() * WIDTH < 0.2


def test_flow_is_zero_at_the_frames_edge() -> None:
    level = scenery(4)
    morph = morph_between(level[:, :-SHIFT].copy(), level[:, SHIFT:].copy())
    assert morph is not None
    assert np.abs(morph.forward[:, :, [0, -1]]).max() == 0
    middle = morph.forward[0, 100:-100, 100:-100]
    assert middle.mean() * (WIDTH + 50) == pytest.approx(-SHIFT, abs=1)


def test_a_dissolve_is_half_done_at_its_midpoint() -> None:
    slot = shot([Path("a"), Path("b"), Path("c")], 201)
    for upper in (1, 2):
        middle = dissolve_midpoint(slot.keyframes, upper, slot)
        assert keyframe_weights(slot.keyframes, round(middle), slot)[2] == pytest.approx(
            0.5, abs=0.03
        )


def test_slots_of_a_split_scene_share_their_morph(tmp_path: Path) -> None:
    level = scenery(1)
    paths = []
    for name, at in (("a", 125), ("b", 125 + SHIFT)):
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(np.dstack([with_bar(level, at)] * 3)).save(paths[-1])
    slot = shot(paths, 17)
    second = Shot(
        **{name: getattr(slot, name) for name in slot.__slots__} | {"frames": 5, "start": 12}
    )
    for name in ("camera", "parallax"):
        renderer = renderer_class(name)({}, "standard")
        whole = list(run_renderer.frames(renderer, slot, steps))[12:]
        part = list(run_renderer.frames(renderer, second, steps))
        assert all(np.array_equal(a, b) for a, b in zip(whole, part, strict=True)), name


def shot(paths: list[Path], span: int) -> Shot:
    last = span - 1
    places = [round(last * n / (len(paths) - 1)) for n in range(len(paths))]
    return Shot(
        width=WIDTH,
        height=HEIGHT,
        fps=Fraction(24),
        frames=span,
        head=0,
        tail=0,
        start=0,
        span=span,
        keyframes=tuple(Keyframe(path, at) for path, at in zip(paths, places, strict=True)),
        motion=Motion("static"),
    )


def steps(done: int, total: int) -> None:
    assert 0 < done <= total
