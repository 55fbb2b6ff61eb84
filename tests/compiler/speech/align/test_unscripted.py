"""Speech outside the script is reported wherever it is; music and babble are not speech."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE, speech_samples
from otio_gvideo.compiler.speech.align import align_scenes
from otio_gvideo.compiler.speech.align.unscripted import by_scene, sounding
from otio_gvideo.compiler.sync.silences import cut_pause
from otio_gvideo.compiler.sync.types import Interval

from ....conftest import LIGHTHOUSE
from .recordings import samples, saved, scenes, truth


def interval(start: float, end: float) -> Interval:
    return Interval(Fraction(round(start * 100), 100), Fraction(round(end * 100), 100))


def test_brief_sounds_in_noise_are_no_speech_outside_the_script() -> None:
    said = [(3, interval(1, 3))]
    parts = [interval(1, 1.1), interval(1.5, 1.8), interval(1.9, 2.2), interval(2.9, 3)]
    assert [time for _, time in sounding(said, parts, lambda _: 13.0)] == parts
    assert sounding(said, parts, lambda _: 8.0) == [(3, interval(1.5, 2.2))]


def test_a_weak_sound_before_a_word_is_said_in_a_clear_recording() -> None:
    members, times = [[0], [1]], [interval(0, 1), interval(1.8, 2.2)]
    speech = [interval(0, 1.1), interval(1.5, 2.2)]
    clear, noisy = (
        by_scene(members, (), times, speech, lambda _, clarity=clarity: clarity)
        for clarity in (0.95, 0.6)
    )
    assert clear == [[], [interval(1, 1.1), interval(1.5, 1.8)]]
    assert cut_pause(times[0], clear[1], times[1]) == interval(1.1, 1.5)
    assert noisy == [[], []]


def outside(voice: str, sound: NDArray[np.int16], folder: Path, **shown: slice) -> list[str]:
    """Return the scenes at which speech outside the script is reported."""
    texts = scenes(voice)[shown.get("texts", slice(None))]
    found = align_scenes(texts, saved(sound, folder))
    return [w.scene_id for w in found.warnings if "not in the script" in w.what]


def mixed(voice: NDArray[np.int16], other: NDArray[np.int16], below_db: float) -> NDArray[np.int16]:
    """Add another sound, as loud as the voice less some dB, throughout."""
    sounding = voice[abs(voice) > 0.02 * abs(voice).max()].astype(np.float64)
    noise = np.resize(other, len(voice)).astype(np.float64)
    noise *= np.sqrt(np.mean(sounding**2) / 10 ** (below_db / 10) / np.mean(noise**2))
    return ((voice + noise) * 0.5).clip(-32768, 32767).astype(np.int16)


def babble() -> NDArray[np.int16]:
    """Return eight voices at once."""
    lines = [truth("slt")[number] for number in (0, 1, 2, 6)]
    whole, size = samples("slt").astype(np.float64), 6 * SPEECH_RATE
    parts = [whole[round(line[0].start * SPEECH_RATE) :] for line in lines]
    parts += [part[::-1] for part in parts]
    return sum(np.resize(part, size) / 16 for part in parts).astype(np.int16)  # type: ignore[union-attr]


@pytest.mark.slow
def test_speech_before_the_first_and_after_the_last_scene_is_reported(tmp_path: Path) -> None:
    assert outside("slt", samples("slt"), tmp_path, texts=slice(1, 8)) == ["s1", "s7"]


@pytest.mark.slow
@pytest.mark.parametrize("below_db", [10, 5])
def test_babble_is_not_speech_outside_the_script(below_db: int, tmp_path: Path) -> None:
    assert not outside("joe", mixed(samples("joe"), babble(), below_db), tmp_path)


@pytest.mark.slow
def test_music_is_not_speech_outside_the_script(tmp_path: Path) -> None:
    music = speech_samples(LIGHTHOUSE / "audio" / "bed.flac")[: 5 * SPEECH_RATE]
    music = (music * (8000 / abs(music).max())).astype(np.int16)
    around = np.concatenate([music, samples("joe"), music])
    assert not outside("joe", around, tmp_path)
