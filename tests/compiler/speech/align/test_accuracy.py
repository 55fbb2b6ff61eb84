"""Accuracy of words and cuts: two voices, in noise and in reverberation."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.speech.align import Alignment, align_scenes
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.types import Interval

from .recordings import VOICES, in_room, samples, saved, scenes, truth, with_noise

CONDITIONS = {
    "clean": lambda sound: sound,
    "noise at 20 dB": lambda sound: with_noise(sound, 20),
    "room of 0.4 s": lambda sound: in_room(sound, 0.4),
}
BIAS_MS = {"clean": 5, "noise at 20 dB": 10, "room of 0.4 s": 10}
RATES = [Fraction(rate) for rate in ("24", "25", "30", "60", "24000/1001", "30000/1001")]


def start_errors_ms(found: Alignment, voice: str) -> list[float]:
    words = [word for scene in found.scenes for word in scene.words]
    true = [word for line in truth(voice) for word in line]
    assert [word.text for word in words] == [word.text for word in true]
    return [(float(word.start) - t.start) * 1000 for word, t in zip(words, true, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_words_start_at_their_true_onsets(voice: str, condition: str, tmp_path: Path) -> None:
    sound = CONDITIONS[condition](samples(voice))
    found = align_scenes(scenes(voice), saved(sound, tmp_path))
    late = start_errors_ms(found, voice)
    errors = np.abs(late)
    median, p95 = np.median(errors), np.percentile(errors, 95)
    bias = np.median(late)
    print(f"{voice}, {condition}: median {median:.0f}, p95 {p95:.0f}, bias {bias:+.0f} ms")
    assert not found.warnings
    assert median < 30
    assert p95 < 80
    assert abs(bias) <= BIAS_MS[condition]
    for (before, after), (said, next_said) in zip(
        pairwise(found.scenes), pairwise(truth(voice)), strict=True
    ):
        pause = Interval(before.words[-1].end, after.words[0].start)
        for fps in RATES:
            cut = cut_in_pause(pause, fps).frame / fps
            assert said[-1].end - 1 / fps <= cut <= next_said[0].start + 1 / fps, after.scene
