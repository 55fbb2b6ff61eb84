"""The limiter holds true peaks below the ceiling without delay, and leaves quiet sound alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.audio import limiter
from otio_gvideo.compiler.backend.audio.limiter import AHEAD, HOP, limit_peaks
from otio_gvideo.compiler.backend.audio.loudness import measure_blocks
from otio_gvideo.compiler.media.samples import SAMPLE_RATE

Samples = NDArray[np.float32]


def through(sound: Samples, gain: float = 0.0, ceiling: float = -1.5, size: int = 48000) -> Samples:
    blocks = (sound[at : at + size] for at in range(0, len(sound), size))
    return np.concatenate([np.zeros((0, 2), np.float32), *limit_peaks(blocks, gain, ceiling)])


def noise(count: int, level: float, seed: int = 0) -> Samples:
    swell = np.abs(np.sin(np.arange(count) / 9000))[:, None]
    made = np.random.default_rng(seed).standard_normal((count, 2)) * swell * level
    return made.astype(np.float32)


@pytest.mark.parametrize("level", [0.3, 3.0])
@pytest.mark.parametrize("ceiling", [-1.5, -6.0])
def test_true_peaks_stay_below_the_ceiling(level: float, ceiling: float) -> None:
    made = through(noise(SAMPLE_RATE * 4, level), 6.0, ceiling)
    assert np.abs(made).max() <= 10 ** (ceiling / 20) + 1e-6
    assert measure_blocks([made]).dbtp <= ceiling + 0.1


def test_inter_sample_peaks_are_limited() -> None:
    # A tone at a quarter of the sample rate, 45 degrees off: samples at 0.707 of its amplitude.
    phase = np.arange(SAMPLE_RATE) * np.pi / 2 + np.pi / 4
    fade = np.sin(np.linspace(0, np.pi, SAMPLE_RATE))  # an edge would add peaks
    tone = np.repeat((fade * np.sin(phase))[:, None], 2, axis=1).astype(np.float32)
    assert measure_blocks([through(tone)]).dbtp <= -1.4


def test_quiet_sound_is_only_multiplied() -> None:
    quiet = noise(SAMPLE_RATE * 2, 0.02)
    assert np.array_equal(through(quiet), quiet)
    assert np.array_equal(through(quiet, 6.0), quiet * np.float32(10 ** (6 / 20)))


def test_the_gain_falls_before_a_peak_and_recovers_after_it() -> None:
    steady = np.full((SAMPLE_RATE, 2), 0.1, np.float32)
    steady[24000] = 2.0
    gain = through(steady)[:, 0] / steady[:, 0]
    assert np.all(gain[: 24000 - (AHEAD + 3) * HOP] == 1)
    assert gain[24000] == pytest.approx(10 ** (-1.5 / 20) / 2.0, rel=0.1)
    assert np.abs(np.diff(gain)).max() < 0.01
    assert np.all(np.diff(gain[24000 + 3 * HOP :]) >= -1e-6)
    assert gain[-1] > 0.97


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4799), st.floats(0.1, 2)), max_size=9))
def test_oversampling_near_loud_samples_misses_no_peak(peaks: list[tuple[int, float]]) -> None:
    sound = noise(4800, 0.05)
    for place, level in peaks:
        sound[place] = level, -level / 2
    inner = limiter._oversampled(sound, 0.5)
    assert np.array_equal(limiter._allowed(sound, 0.5), inner)


@settings(max_examples=25)
@given(st.integers(0, 9000), st.integers(1, 3000), st.floats(0.01, 4), st.integers(0, 5))
def test_block_size_does_not_matter(count: int, size: int, level: float, seed: int) -> None:
    sound = noise(count, level, seed)
    made = through(sound, size=size)
    assert made.shape == sound.shape
    assert np.allclose(made, through(sound), atol=1e-7)
    assert np.abs(made).max(initial=0) <= 10 ** (-1.5 / 20) + 1e-6
