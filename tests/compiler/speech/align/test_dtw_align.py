"""DTW, and edges of words that snap to pauses."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.speech.align.dtw import warp
from otio_gvideo.compiler.speech.align.dtw_align import PAUSE, snap_to_pauses


def frames(*stretches: tuple[int, int]) -> np.ndarray:
    return np.concatenate([np.arange(start, end) for start, end in stretches])


def test_an_edge_a_few_frames_off_snaps_to_the_pause() -> None:
    voiced = frames((0, 100), (150, 250))
    edges = np.array([0, 60, 97, 160, 200])
    found = snap_to_pauses(edges, voiced, np.ones(5))
    assert found.tolist() == [0, 60, 100, 160, 200]


def test_the_edge_of_a_scene_snaps_before_a_nearer_edge() -> None:
    voiced = frames((0, 100), (150, 250))
    edges = np.array([0, 60, 86, 100, 160, 200])
    found = snap_to_pauses(edges, voiced, np.array([1, 1, 0.2, 1, 1, 0.2]))
    assert found[2] == 100
    assert np.all(np.diff(found) > 0)


def test_a_short_silence_moves_no_edge() -> None:
    voiced = frames((0, 100), (100 + PAUSE - 1, 250))
    edges = np.array([0, 60, 97, 160, 200])
    assert snap_to_pauses(edges, voiced, np.ones(5)).tolist() == edges.tolist()


@given(st.data())
def test_edges_stay_in_order(data: st.DataObject) -> None:
    stretches = []
    clock = 0
    for _ in range(data.draw(st.integers(1, 6))):
        length = data.draw(st.integers(1, 120))
        stretches.append((clock, clock + length))
        clock += length + data.draw(st.integers(1, 90))
    voiced = frames(*stretches)
    edges = np.array(sorted(data.draw(st.lists(st.integers(0, len(voiced)), min_size=2))))
    weights = np.array(
        data.draw(
            st.lists(st.sampled_from([0.2, 0.5, 1.0]), min_size=len(edges), max_size=len(edges))
        )
    )
    found = snap_to_pauses(edges, voiced, weights)
    assert np.all(np.diff(found) >= 0)
    assert found.min() >= 0
    assert found.max() <= len(voiced)


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_a_voice_warped_onto_itself_is_the_identity(count: int, seed: int) -> None:
    voice = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    assert warp(voice, voice).tolist() == list(range(count))
