"""Features of a degraded recording are brought back to the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.speech.align import align_scenes
from otio_gvideo.compiler.speech.align.acoustic_model import BLOCK, english
from otio_gvideo.compiler.speech.align.adaptation import LEAST_FRAMES, fitted_map
from otio_gvideo.compiler.speech.align.mfcc import cepstra, normalised, with_deltas
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound
from otio_gvideo.compiler.speech.align.observations import ROUNDS
from otio_gvideo.compiler.speech.align.stretches import Stretches
from otio_gvideo.compiler.speech.align.unscripted_level import UnscriptedLevels

from .recordings import VOICES, in_room, samples, saved, scenes, truth, with_noise


def likeliest_senones(features: np.ndarray) -> np.ndarray:
    """The likeliest senone of each frame, among those of phones without context."""
    model, found = english(), []
    for first in range(0, len(features), BLOCK):
        scores = model.phone_scores(model.densities(features[first : first + BLOCK]))
        found.append(scores.reshape(len(scores), -1).argmax(axis=1))
    return model.first_states.ravel()[np.concatenate(found)]


def test_a_distortion_is_undone() -> None:
    clean = normalised(cepstra(samples("joe")[:160_000]))
    frames = np.arange(len(clean))
    senones = likeliest_senones(with_deltas(clean, frames))
    distorted = (0.6 * clean + 4).astype(np.float32)
    distorted[6:] += 0.3 * distorted[:-6]
    mapping = fitted_map(distorted, frames, senones, english())
    assert mapping is not None
    kept = np.mean(likeliest_senones(with_deltas(distorted, frames)) == senones)
    restored = np.mean(likeliest_senones(mapping(distorted, frames)) == senones)
    print(f"{kept:.0%} of frames keep their senone; adapted, {restored:.0%}")
    assert restored > kept + 0.15


def test_too_few_frames_tell_nothing() -> None:
    few = normalised(cepstra(samples("joe")))[: LEAST_FRAMES - 1]
    frames = np.arange(len(few))
    assert fitted_map(few, frames, np.zeros(len(few), np.int64), english()) is None


def test_adaptation_while_another_voice_is_allowed_for_lasts() -> None:
    recording = Stretches(NarrationSound(with_noise(samples("joe")[:160_000], 5)), np.arange(9))
    levels = UnscriptedLevels(recording, foreign=False)
    unadapted = list(levels.values)
    features = with_deltas(recording.parts[0].cepstra, np.arange(recording.frames))
    for _ in range(ROUNDS):
        assert levels.relax()
        levels.judge(recording.adapt(0, likeliest_senones(features)))
        relaxed = list(levels.values)
        levels.restore()
    assert recording.is_adapted
    adapted = UnscriptedLevels(recording, foreign=False).values
    assert levels.values == adapted
    assert adapted[0] > unadapted[0]
    assert relaxed[0] < adapted[0]


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES)
def test_words_start_at_their_onsets_at_a_distant_microphone(voice: str, tmp_path: Path) -> None:
    far = in_room(samples(voice), 1.2, below_db=0)
    found = align_scenes(scenes(voice), saved(far, tmp_path))
    words = [word for scene in found.scenes for word in scene.words]
    true = [word for line in truth(voice) for word in line]
    late = [
        float(word.start) - word_true.start for word, word_true in zip(words, true, strict=True)
    ]
    print(f"{voice}: median {np.median(np.abs(late)):.3f}, bias {np.median(late):+.3f} s")
    assert abs(np.median(late)) < 0.02
