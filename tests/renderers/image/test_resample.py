"""Resampling is exact: it follows the formula at any position and preserves flat planes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otio_gvideo.renderers.image import resample as resampling
from otio_gvideo.renderers.image.dither import quantise
from otio_gvideo.renderers.image.resample import Axis, axis, resample

PLANE = np.random.default_rng(3).random((40, 37), dtype=np.float32)


def by_the_formula(values: np.ndarray, length: int, start: float, step: float) -> np.ndarray:
    width = max(1.0, step)
    out = []
    for position in start + step * np.arange(length):
        taps = np.arange(np.floor(position - 3 * width), np.ceil(position + 3 * width) + 1)
        x = (taps - position) / width
        weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
        inputs = values[np.clip(taps, 0, len(values) - 1).astype(int)]
        out.append((weights * inputs).sum() / weights.sum())
    return np.array(out)


@given(st.integers(1, 90), st.floats(-3, 30), st.floats(0.05, 4))
def test_both_axes_follow_the_formula(length: int, start: float, step: float) -> None:
    as_is = axis(40, 0.0, 1.0, 40), axis(37, 0.0, 1.0, 37)
    across = resample(PLANE, as_is[0], axis(length, start, step, 37))
    down = resample(PLANE, axis(length, start, step, 40), as_is[1])
    # The correction for ramps changes the weights by a hundredth.
    for found, line in ((across[7], PLANE[7]), (down[:, 9], PLANE[:, 9])):
        expected = by_the_formula(line.astype(float), length, start, step)
        assert found == pytest.approx(expected, abs=0.03)


@given(st.integers(1, 200), st.floats(0, 1), st.floats(0.02, 3))
def test_sample_positions_are_exact(length: int, phase: float, step: float) -> None:
    """A ramp is sampled at exact positions, without a wobble by phase."""
    start = 12 + phase
    ramp = np.arange(1000, dtype=np.float32)
    across = axis(length, start, step, 1000)
    out = resample(np.tile(ramp, (4, 1)), axis(4, 0.0, 1.0, 4), across)
    assert out[1] == pytest.approx(start + step * np.arange(length), abs=2e-3)


@given(
    st.integers(1, 90),
    st.floats(-9, 40),
    st.floats(0, 5),
)
def test_flat_planes_stay_flat(length: int, start: float, step: float) -> None:
    flat = np.full((40, 37), 97.0, np.float32)
    out = resample(flat, axis(length, start, step, 40), axis(length, start, step, 37))
    assert np.abs(out - 97).max() < 1e-3


def test_whole_pixels_are_copied() -> None:
    out = resample(PLANE, axis(20, 5.0, 1.0, 40), axis(10, 3.0, 1.0, 37))
    assert np.array_equal(out, PLANE[5:25, 3:13])


def test_large_planes_are_resampled_in_pieces() -> None:
    big = np.random.default_rng(4).random((900, 700), dtype=np.float32)
    rows, columns = axis(1700, 0.3, 0.51, 900), axis(1300, 0.1, 0.52, 700)
    whole = resample(big, rows, columns)
    line = by_the_formula(big[:, 350].astype(float), 1700, 0.3, 0.51)
    only = resample(big, rows, axis(700, 0.0, 1.0, 700))
    assert only[:, 350] == pytest.approx(line, abs=0.03)
    assert whole.shape == (1700, 1300)


def test_bytes_and_floats_give_the_same() -> None:
    coarse = np.random.default_rng(5).integers(0, 256, (50, 60), dtype=np.uint8)
    rows, columns = axis(33, 0.4, 1.4, 50), axis(44, 0.2, 1.3, 60)
    assert np.array_equal(
        resample(coarse, rows, columns), resample(coarse.astype(np.float32), rows, columns)
    )


def test_integer_planes_are_resampled_in_bands() -> None:
    coarse = np.random.default_rng(6).integers(0, 256, (700, 40, 3), dtype=np.uint8)
    rows, columns = axis(500, 3.4, 1.35, 700), axis(33, 0.2, 1.2, 40)
    out = np.empty((500, 33), np.uint8)
    for channel in range(3):
        floats = np.ascontiguousarray(coarse[..., channel], np.float32)
        assert np.array_equal(
            resample(coarse[..., channel], rows, columns), resample(floats, rows, columns)
        )
        resample(floats, rows, columns, out)
        assert np.array_equal(resample(coarse[..., channel], rows, columns, out.copy()), out)


needs_kernel = pytest.mark.skipif(
    resampling.compiled is None, reason="installed without a C compiler"
)
axes = st.tuples(st.integers(1, 600), st.floats(-4, 30), st.floats(0, 3))


def both_ways(rows: Axis, columns: Axis, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Resample with `_kernel.c` and with its fallback."""
    plane = np.random.default_rng(7).random((90, 300), dtype=np.float32) * 235
    with_loops, without = (np.empty((rows.length, columns.length), dtype) for _ in range(2))
    resample(plane, rows, columns, with_loops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "compiled", None)
        resample(plane, rows, columns, without)
    return with_loops, without


@needs_kernel
@given(axes, axes)
@settings(max_examples=60)
def test_the_numpy_fallback_gives_the_same_picture(
    down: tuple[int, float, float], across: tuple[int, float, float]
) -> None:
    rows, columns = axis(*down, 90), axis(*across, 300)
    one, other = both_ways(rows, columns, np.float32)
    assert np.abs(one - other).max() < 1e-3
    one, other = both_ways(rows, columns, np.uint8)
    assert np.abs(one.astype(int) - other).max() <= 1
    assert (one != other).mean() < 0.01


@needs_kernel
@given(axes, axes, st.booleans())
@settings(max_examples=60)
def test_every_processor_makes_the_same_bytes(
    down: tuple[int, float, float], across: tuple[int, float, float], rounded: bool
) -> None:
    plane = np.random.default_rng(7).random((90, 300), dtype=np.float32) * 235
    rows, columns = axis(*down, 90), axis(*across, 300)
    made = []
    for lanes in (4, resampling.WIDEST_LANES):
        out = np.empty((rows.length, columns.length), np.uint8 if rounded else np.float32)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resampling, "WIDEST_LANES", lanes)
            made.append(resample(plane, rows, columns, out))
    assert np.array_equal(*made)


@needs_kernel
@pytest.mark.parametrize(
    ("first", "out"),
    [
        pytest.param([0, 38], np.empty((2, 5), np.float32), id="beyond the end"),
        pytest.param([-1, 0], np.empty((2, 5), np.float32), id="before the start"),
        pytest.param([0, 1], np.empty((3, 5), np.float32), id="too many rows"),
        pytest.param([0, 1], np.empty((2, 5), np.float64), id="doubles"),
        pytest.param([0, 1], np.empty((5, 2), np.float32).T, id="columns for rows"),
    ],
)
def test_the_kernel_never_leaves_its_arrays(first: list[int], out: np.ndarray) -> None:
    rows = Axis(np.array(first, np.int32), np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"axis|output|rows"):
        resample(PLANE, rows, axis(5, 1.0, 1.0, 37), out)


@pytest.mark.parametrize("level", [0.0, 16.0, 127.0, 235.0, 255.0])
def test_whole_levels_are_not_dithered(level: float) -> None:
    out = np.empty((64, 64), np.uint8)
    quantise(np.full((64, 64), level, np.float32), out)
    assert (out == level).all()


@given(st.floats(0.01, 0.99))
def test_dithered_levels_are_right_on_average_everywhere(part: float) -> None:
    out = np.empty((64, 64), np.uint8)
    quantise(np.full((64, 64), 100 + part, np.float32), out)
    assert out.mean() == pytest.approx(100 + part, abs=0.01)
    blocks = out.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    assert np.abs(blocks - 100 - part).max() < 0.12
