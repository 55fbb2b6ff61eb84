"""Alignment in any language that espeak-ng speaks: its voice says the text and is warped onto ours.

The method of `aeneas` (Pettarin, 2015): synthesize the words, take cepstra of both voices, find the
warp of least distance. Pauses are taken out of the recording first, and edges of words are then
moved to them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...script.tokens import Token
from ...sync.types import Interval
from ..pauses import speech_intervals
from .dtw import warp
from .mfcc import CEPSTRA, HOP, Array, cepstra, with_deltas
from .synthesis import SYNTHESIZER, synthesize

_LOUDNESS, _SLOPES = 1.5, 0.7
"""What the level of a voice and the slopes of its cepstra count, beside the cepstra."""
PAUSE = 20
"""Frames of silence from which it is no part of a word."""
_REACH = 30
"""Frames of speech between a pause and the edges that may belong to it."""
_UNSURE = 10
"""Frames by which a warp may be off, so that being nearer by them says little."""
_TIGHT = 3
"""Frames that a token keeps at least where its neighbours' edge moves."""
_PAUSING = '.,;:!?…—–"”)。、！？，；：'


@dataclass(frozen=True, slots=True)
class DtwAlignment:
    """What came of following a synthesized voice.

    Attributes:
        times: of every token of every scene, in order.
        paces: for each scene, how long its voice takes over it, as a multiple of what the
            synthesizer takes.
        distances: for each scene, the mean cosine distance of the two voices, 0..2; about 0.6.
    """

    times: tuple[Interval, ...]
    paces: tuple[float, ...]
    distances: tuple[float, ...]


def follow_synthesis(
    scenes: Sequence[Sequence[Token]],
    samples: NDArray[np.int16],
    language: str,
    on_progress: Callable[[float], None] | None = None,
) -> DtwAlignment:
    """Where every token of every scene is said.

    Args:
        scenes: their tokens.
        samples: of the narration, mono, 16 kHz.
        language: one that `can_speak`.
        on_progress: called with 0..1.

    Raises:
        WorkError: the synthesizer failed, or nobody speaks in the narration.
    """
    voiced = _voiced(samples)
    if not len(voiced):
        raise WorkError("nobody speaks in the narration")
    parts: list[Array] = []
    bounds = [0]
    scene_bounds = [0]
    for index, tokens in enumerate(scenes):
        for said in synthesize(tokens, language):
            parts.append(cepstra(said))
            bounds.append(bounds[-1] + len(parts[-1]))
        scene_bounds.append(bounds[-1])
        if on_progress:
            on_progress(0.5 * (index + 1) / len(scenes))
    if bounds[-1] == 0:
        raise WorkError(f"{SYNTHESIZER} said nothing in {language!r}")
    recorded, spoken = _shape(cepstra(samples)[voiced]), _shape(np.concatenate(parts))
    path = warp(recorded, spoken)
    edges = _to_pauses(np.searchsorted(path, bounds, side="left"), voiced, _edge_weights(scenes))
    times = []
    for first, last in itertools.pairwise(edges):
        start = voiced[min(int(first), len(voiced) - 1)]
        end = voiced[min(max(int(last) - 1, int(first)), len(voiced) - 1)] + 1
        times.append(Interval(Fraction(int(start), 100), Fraction(int(end), 100)))
    distances = _distances(recorded, spoken[path])
    paces, means = [], []
    for begin, end in itertools.pairwise(scene_bounds):
        first, last = np.searchsorted(path, [begin, end])
        paces.append(float(last - first) / max(1, end - begin))
        means.append(float(distances[first:last].mean()) if last > first else 2.0)
    return DtwAlignment(tuple(times), tuple(paces), tuple(means))


def _distances(one: Array, other: Array) -> Array:
    """Cosine distance of each row to the row of another."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray(1 - np.sum(one * other, axis=1) / (norms + 1e-6), np.float32)


def _to_pauses(
    edges: NDArray[np.int64], voiced: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Edges of tokens moved to the pauses near them: none is inside a word.

    Without the pauses, being a single frame off would make a token swallow one whole.

    Args:
        edges: as indices of ``voiced``.
        voiced: numbers of the frames in which somebody speaks.
        weights: of each edge; what it counts to be a frame away from a pause.
    """
    moved = edges.copy()
    for place in np.flatnonzero(np.diff(voiced) > PAUSE) + 1:
        near = np.flatnonzero(abs(moved - place) <= _REACH)
        if len(near):
            nearest = int(near[np.argmin((abs(moved[near] - place) + _UNSURE) * weights[near])])
            _move(moved, nearest, int(place))
            continue
        after = int(np.searchsorted(moved, place))
        if 0 < after < len(moved):
            before = after - 1
            moved[before if place - moved[before] < moved[after] - place else after] = place
    return np.maximum.accumulate(moved)


def _move(edges: NDArray[np.int64], which: int, place: int) -> None:
    """Move an edge, and make room by pushing those that are in its way closer together."""
    step = -1 if edges[which] > place else 1
    stop = which + step
    while 0 < stop < len(edges) - 1 and (place - edges[stop]) * step > -_TIGHT * abs(stop - which):
        stop += step
    if 0 <= stop < len(edges):
        between = np.linspace(place, edges[stop], abs(stop - which) + 1).round().astype(np.int64)
        edges[which : stop if step > 0 else None : step][: len(between) - 1] = between[:-1]
    edges[which] = place


def _edge_weights(scenes: Sequence[Sequence[Token]]) -> NDArray[np.float64]:
    """How far each edge of a token counts from a pause: people pause between scenes and clauses."""
    weights = [1.0]
    for tokens in scenes:
        weights += [0.5 if token.text[-1] in _PAUSING else 1.0 for token in tokens]
        weights[-1] = 0.2
    return np.array(weights)


def _voiced(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """Numbers of the frames in which somebody speaks."""
    count = len(samples) // HOP
    spans = [
        np.arange(int(stretch.start * 100), min(count, int(stretch.end * 100)))
        for stretch in speech_intervals(samples)
    ]
    return np.concatenate(spans) if spans else np.zeros(0, np.int64)


def _shape(values: Array) -> Array:
    """What two voices have in common: cepstra and their slopes, of mean 0 and spread 1 in either.

    Loudness and slopes find the edges of words; of the spectrum's shape alone, twice as many words
    are off by more than 0.1 s.
    """
    slopes = with_deltas(values)[:, CEPSTRA : 2 * CEPSTRA]
    both = np.concatenate([values, slopes], axis=1)
    both = (both - both.mean(axis=0)) / (both.std(axis=0) + 1e-3)
    both[:, 0] *= _LOUDNESS
    both[:, CEPSTRA:] *= _SLOPES
    return np.asarray(both, np.float32)
