"""In noise a sound does not cover the pause beside it, though it fits as well as silence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import viterbi_advance
from otio_gvideo.compiler.speech.align.acoustic_model import BLOCK, SILENCE, english
from otio_gvideo.compiler.speech.align.lattice import lattice_of
from otio_gvideo.compiler.speech.align.observations import LINGER, Observation
from otio_gvideo.compiler.speech.align.viterbi import best_path
from otio_gvideo.compiler.speech.align.viterbi_advance import LONG_STATE, Penalties

TOKENS = tokenize("Wait. Look.", "en")
STATE, PAUSE = 4, 80
"""Frames of each state of a word, and of the pause between the words."""


def ends(linger: float) -> tuple[list[tuple[int, int]], int]:
    """Return the frames of the words found, and where the first one ends in truth.

    In the pause its last sound fits a little better than silence, as in babble.
    """
    lattice = lattice_of(TOKENS, english())
    arcs = [int(np.flatnonzero(lattice.token == token)[0]) for token in (0, 1)]
    first, second = (lattice.senones[lattice.first[a] : lattice.last[a] + 1] for a in arcs)
    silent = lattice.senones[lattice.first[lattice.token < 0][0] :][:3]
    assert set(silent) == set(english().first_states[english().phones.index(SILENCE)])
    heard = [np.repeat(first, STATE), np.full(PAUSE, -1), np.repeat(second, STATE)]
    sounds = np.concatenate(heard)
    count = english().codebook.size
    scores = np.full((len(sounds), count), -8.0, np.float32)
    spoken = sounds >= 0
    scores[np.flatnonzero(spoken), sounds[spoken]] = 0
    scores[np.ix_(~spoken, silent)] = 0
    scores[~spoken, first[-1]] = 0.6

    def observed(part: NDArray[np.float32]) -> Observation:
        outside = np.full((2, len(part)), -20, np.float32)
        return Observation(lambda senones: np.take(part, senones, axis=1), outside, linger)

    blocks = [observed(scores[at : at + BLOCK]) for at in range(0, len(scores), BLOCK)]
    path = best_path(lattice, blocks, Penalties(), to_end=True)
    assert path is not None
    return [(piece.start, piece.end) for piece in path.pieces], len(heard[0])


@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_pause_is_one_where_a_sound_would_last_too_long(
    is_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_compiled and viterbi_advance.compiled is None:
        pytest.skip("the inner loop is not compiled")
    if not is_compiled:
        monkeypatch.setattr(viterbi_advance, "compiled", None)
    (_, end), (start, _) = ends(0.0)[0]
    assert end == start  # Without it, the word swallows the whole pause.
    ((_, end), (start, _)), true = ends(LINGER)
    assert end <= true + LONG_STATE
    assert start == true + PAUSE
