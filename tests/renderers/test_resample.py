"""Resampling is exact: it agrees with the formula, at any position, and keeps what is flat flat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.resample import axis, resample
from otio_gvideo.renderers.yuv import quantise

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
    # What keeps ramps straight changes the weights by a hundredth.
    for found, line in ((across[7], PLANE[7]), (down[:, 9], PLANE[:, 9])):
        expected = by_the_formula(line.astype(float), length, start, step)
        assert found == pytest.approx(expected, abs=0.03)


@given(st.integers(1, 200), st.floats(0, 1), st.floats(0.02, 3))
def test_places_are_exact(length: int, phase: float, step: float) -> None:
    """A ramp is sampled at its very positions: nothing wobbles with the phase."""
    start = 12 + phase
    ramp = np.arange(1000, dtype=np.float32)
    across = axis(length, start, step, 1000)
    out = resample(np.tile(ramp, (4, 1)), axis(4, 0.0, 1.0, 4), across)
    assert out[1] == pytest.approx(start + step * np.arange(length), abs=2e-3)


@given(
    st.integers(1, 90),
    st.floats(-9, 40),
    st.floats(0, 5),
    st.sampled_from(["lanczos", "triangle"]),
)
def test_what_is_flat_stays_flat(length: int, start: float, step: float, kernel: str) -> None:
    flat = np.full((40, 37), 97.0, np.float32)
    out = resample(
        flat, axis(length, start, step, 40, kernel), axis(length, start, step, 37, kernel)
    )
    assert np.abs(out - 97).max() < 1e-3


def test_whole_pixels_are_copied() -> None:
    out = resample(PLANE, axis(20, 5.0, 1.0, 40), axis(10, 3.0, 1.0, 37))
    assert np.array_equal(out, PLANE[5:25, 3:13])


def test_large_planes_are_worked_on_in_pieces() -> None:
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


@pytest.mark.parametrize("level", [0.0, 16.0, 127.0, 235.0, 255.0])
def test_whole_levels_are_not_dithered(level: float) -> None:
    out = np.empty((64, 64), np.uint8)
    quantise(np.full((64, 64), level, np.float32), out)
    assert (out == level).all()


@given(st.floats(0.01, 0.99))
def test_levels_in_between_are_right_on_average_everywhere(part: float) -> None:
    out = np.empty((64, 64), np.uint8)
    quantise(np.full((64, 64), 100 + part, np.float32), out)
    assert out.mean() == pytest.approx(100 + part, abs=0.01)
    blocks = out.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    assert np.abs(blocks - 100 - part).max() < 0.12
