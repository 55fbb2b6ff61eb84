"""The model is compensated for noise, so that words are found in babble."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.speech.align import align_scenes
from otio_gvideo.compiler.speech.align.acoustic_model import BLOCK, AcousticModel, english
from otio_gvideo.compiler.speech.align.compensation import compensated, pauses_and_speech
from otio_gvideo.compiler.speech.align.mfcc import cepstra, normalised, with_deltas

from .recordings import OTHERS, VOICES, samples, saved, scenes, truth

FRAME_S = 0.01


def in_babble(voice: str, below_db: float) -> NDArray[np.int16]:
    """Add the other voices, each at four places at once, some dB below this one."""
    own = samples(voice).astype(np.float64)
    mixed = np.zeros(len(own))
    for other in sorted({*VOICES, *OTHERS} - {voice}):
        sound = samples(other).astype(np.float64)
        for place in range(4):
            mixed += np.resize(np.roll(sound, place * len(sound) // 4), len(own)) / sound.std()
    said = own[abs(own) > 0.02 * abs(own).max()]
    mixed *= np.sqrt(np.mean(said**2)) / mixed.std() / 10 ** (below_db / 20)
    return ((own + mixed) * 0.5).clip(-32768, 32767).astype(np.int16)


def scores(model: AcousticModel, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """How well each frame fits each phone, ``[frames, phones]``."""
    blocks = [features[first : first + BLOCK] for first in range(0, len(features), BLOCK)]
    heard = [model.phone_scores(model.densities(block)).max(axis=2) for block in blocks]
    return np.concatenate(heard)


@pytest.mark.parametrize("voice", VOICES)
def test_compensation_brings_back_phones_that_babble_hid(voice: str) -> None:
    clean = normalised(cepstra(samples(voice)[:160_000]))
    noisy = normalised(cepstra(in_babble(voice, 5)[:160_000]))
    model = english()
    true = scores(model, with_deltas(clean)).argmax(axis=1)

    def better(model: AcousticModel) -> float:
        """How many phones fit a frame better than its own, in the mean."""
        found = scores(model, with_deltas(noisy))
        return float((found > found[np.arange(len(found)), true][:, None]).sum(axis=1).mean())

    before = better(model)
    after = better(compensated(model, noisy, *pauses_and_speech(noisy)))
    print(f"{voice}: the rank of a frame's phone is {before:.1f}, compensated {after:.1f}")
    assert after < before - 0.4


def test_a_model_keeps_its_gaussians() -> None:
    model, clean = english(), normalised(cepstra(samples("joe")))
    same = model.with_gaussians([model.gaussians(stream) for stream in range(3)])
    before, after = (scores(each, with_deltas(clean[:BLOCK])) for each in (model, same))
    assert np.allclose(before, after, atol=0.01)


@pytest.mark.parametrize("below_db", [10, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("voice", VOICES)
def test_every_cut_is_in_its_pause_in_babble(voice: str, below_db: float, tmp_path: Path) -> None:
    found = align_scenes(scenes(voice), saved(in_babble(voice, below_db), tmp_path)).scenes
    for (before, scene), (said, following) in zip(
        pairwise(found), pairwise(truth(voice)), strict=True
    ):
        assert float(before.words[-1].end) < following[0].start + 2 * FRAME_S
        assert float(scene.words[0].start) > said[-1].end - 2 * FRAME_S
