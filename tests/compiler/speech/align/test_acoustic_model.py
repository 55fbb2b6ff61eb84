"""Scores of senones depend on the sound alone."""

from __future__ import annotations

import numpy as np
from otio_gvideo.compiler.speech.align.acoustic_model import BLOCK, english
from otio_gvideo.compiler.speech.align.mfcc import with_deltas

from . import recordings


def test_a_senone_scores_the_same_in_any_company() -> None:
    features = with_deltas(recordings.sound("slt").cepstra())
    random = np.random.default_rng(0)
    model = english()
    everything = np.arange(len(model.codebook))
    for first in range(0, 20 * BLOCK, BLOCK):
        densities = model.densities(features[first : first + BLOCK - first // BLOCK])
        together = model.score(densities, everything)
        for count in (1, 3, 50, 400):
            some = np.sort(random.choice(everything, count, replace=False))
            np.testing.assert_array_equal(model.score(densities, some), together[:, some])
