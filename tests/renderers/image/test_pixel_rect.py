"""Rectangles of pictures, and nearest samples of a set."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from otio_gvideo.renderers.image.pixel_rect import PixelRect
from otio_gvideo.renderers.parallax.depth_edges import NearestSeed

RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize(("taps", "way"), [(2, cv2.INTER_LINEAR), (4, cv2.INTER_CUBIC)])
@pytest.mark.parametrize(
    "box", [PixelRect(0, 173, 0, 96), PixelRect(40, 120, 12, 60), PixelRect(100, 173, 50, 96)]
)
def test_upsampling_a_part_equals_that_part_of_the_upsampled_whole(
    taps: int, way: int, box: PixelRect
) -> None:
    coarse = RANDOM.random((61, 37), np.float32)
    whole = cv2.resize(coarse, (96, 173), interpolation=way)
    found = box.finer(coarse, (173, 96), taps)
    assert np.abs(found - whole[box.part]).max() < 1e-5


def test_a_bounding_box_encloses_the_mask() -> None:
    mask = np.zeros((50, 40), np.bool_)
    assert PixelRect.around(mask) is None
    mask[10, 20] = mask[12, 39] = True
    assert PixelRect.around(mask) == PixelRect(10, 13, 20, 40)
    assert PixelRect.around(mask, 1.5) == PixelRect(8, 15, 18, 40)
    # Rounded outwards on the finer grid, to even coordinates for chroma.
    assert PixelRect(10, 13, 20, 40).among((50, 40), (75, 100)) == PixelRect(14, 20, 50, 100)


def test_the_nearest_of_a_set_is_the_nearest() -> None:
    seeds = RANDOM.random((40, 30)) > 0.97
    values = RANDOM.random(seeds.shape, np.float32)
    nearest = NearestSeed(seeds)
    at = np.argwhere(seeds)
    rows, columns = np.indices(seeds.shape)
    far = np.hypot(rows[..., None] - at[:, 0], columns[..., None] - at[:, 1])
    # OpenCV sums steps between samples, so that its distances are 2 % off.
    x, y = nearest.offsets()
    assert (np.hypot(x, y) <= far.min(axis=-1) * 1.03).all()
    own = values[(rows + y).astype(int), (columns + x).astype(int)]
    assert np.array_equal(nearest.of(values), own)
    where = np.array([7, 500, 1199])
    assert np.array_equal(nearest.of(values, where), own.reshape(-1)[where])
