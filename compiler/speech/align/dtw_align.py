"""DTW alignment: synthesize the text with espeak-ng, and warp that voice onto the recording.

The method of `aeneas` (Pettarin, 2015), on cepstra of both voices, for any language of espeak-ng.
Pauses are removed from the recording first; edges of words are then snapped to them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...media.programs import SYNTHESIZER
from ...script.tokens import Token
from ...sync.types import Interval
from .dtw import warp
from .mfcc import CEPSTRA, Array, cepstra, with_deltas
from .narration_sound import NarrationSound
from .synthesis import synthesize

_LOUDNESS, _SLOPES = 1.5, 0.7
"""Weights of the loudness and of the slopes of the cepstra, beside the cepstra."""
REFERENCES = ("", "+f3")
"""Voices of the synthesizer, a man's and a woman's: the nearer one to the recording counts."""
PAUSE = 20
"""Frames of silence from which it is a pause between words."""
_REACH = 30
"""Frames of speech between a pause and the edges that may belong to it."""
_UNCERTAINTY = 10
"""Error of a warp in frames, added to distances from a pause."""
_TIGHT = 3
"""Least frames of a token beside an edge that moves."""
_PAUSING = '.,;:!?…—–"”)。、！？，；：'


@dataclass(frozen=True, slots=True)
class DtwAlignment:
    """The tokens placed by DTW, and measures of the match.

    Attributes:
        times: of every token of every scene, in order.
        paces: length of each token relative to the synthesized voice.
        distances: mean cosine distance of the two voices in each token, 0..2; about 0.6.
    """

    times: tuple[Interval, ...]
    paces: tuple[float, ...]
    distances: tuple[float, ...]


def dtw_align(
    scenes: Sequence[Sequence[Token]],
    sound: NarrationSound,
    language: str,
    on_progress: Callable[[float], None] | None = None,
    outside: Sequence[Interval] = (),
) -> DtwAlignment:
    """Place every token of every scene.

    Args:
        scenes: the tokens of each.
        sound: of the narration.
        language: one that `can_speak`.
        on_progress: called with 0..1.
        outside: speech that is not in the script.

    Raises:
        WorkError: the synthesizer failed, or the narration has no speech.
    """
    voiced = _speech_frames(sound, outside)
    if not len(voiced):
        raise WorkError("the narration has no speech")
    recorded = _normalised(cepstra(sound.samples)[voiced])
    weights = _edge_weights(scenes)
    found = []
    for voice in REFERENCES:
        spoken, bounds = _reference(scenes, language, voice)
        path = warp(recorded, spoken)
        edges = snap_to_pauses(np.searchsorted(path, bounds, side="left"), voiced, weights)
        found.append(_placed(edges, voiced, path, bounds, _distances(recorded, spoken[path])))
        if on_progress:
            on_progress(len(found) / len(REFERENCES))
    return min(found, key=lambda one: float(np.mean(one.distances)))


def _reference(
    scenes: Sequence[Sequence[Token]], language: str, voice: str
) -> tuple[Array, list[int]]:
    """Return the synthesized cepstra of all tokens, and the frames where they begin and end."""
    parts: list[Array] = []
    bounds = [0]
    for tokens in scenes:
        for sound in synthesize(tokens, language, voice):
            parts.append(cepstra(sound))
            bounds.append(bounds[-1] + len(parts[-1]))
    if bounds[-1] == 0:
        raise WorkError(f"{SYNTHESIZER} made no sound in {language!r}")
    return _normalised(np.concatenate(parts)), bounds


def _placed(
    edges: NDArray[np.int64],
    voiced: NDArray[np.int64],
    path: NDArray[np.int64],
    bounds: Sequence[int],
    distances: Array,
) -> DtwAlignment:
    """Return tokens between edges, given as indices of the frames with speech."""
    times = []
    for first, last in itertools.pairwise(edges):
        start = voiced[min(int(first), len(voiced) - 1)]
        end = voiced[min(max(int(last) - 1, int(first)), len(voiced) - 1)] + 1
        times.append(Interval(Fraction(int(start), 100), Fraction(int(end), 100)))
    paces, means = [], []
    for begin, end in itertools.pairwise(bounds):
        first, last = np.searchsorted(path, [begin, end])
        paces.append(float(last - first) / max(1, end - begin))
        means.append(float(distances[first:last].mean()) if last > first else 2.0)
    return DtwAlignment(tuple(times), tuple(paces), tuple(means))


def _distances(one: Array, other: Array) -> Array:
    """Return the cosine distance of each pair of rows."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray(1 - np.sum(one * other, axis=1) / (norms + 1e-6), np.float32)


def snap_to_pauses(
    edges: NDArray[np.int64], voiced: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Snap edges of tokens to the pauses near them, since no pause lies inside a word.

    Unsnapped, an error of a single frame would have a token swallow a whole pause.

    Args:
        edges: as indices of ``voiced``.
        voiced: numbers of the frames with speech.
        weights: cost of a frame's distance from a pause, for each edge.

    Returns:
        Monotone edges.
    """
    moved = edges.copy()
    for place in np.flatnonzero(np.diff(voiced) > PAUSE) + 1:
        near = np.flatnonzero(abs(moved - place) <= _REACH)
        if len(near):
            costs = (abs(moved[near] - place) + _UNCERTAINTY) * weights[near]
            moved = _move(moved, int(near[np.argmin(costs)]), int(place))
            continue
        after = int(np.searchsorted(moved, place))
        if 0 < after < len(moved):
            before = after - 1
            moved[before if place - moved[before] < moved[after] - place else after] = place
    return np.maximum.accumulate(moved)


def _move(edges: NDArray[np.int64], which: int, place: int) -> NDArray[np.int64]:
    """Move one edge, and push the edges in its way closer together."""
    edges = edges.copy()
    step = -1 if edges[which] > place else 1
    stop = which + step
    while 0 < stop < len(edges) - 1 and (place - edges[stop]) * step > -_TIGHT * abs(stop - which):
        stop += step
    if 0 <= stop < len(edges):
        between = np.linspace(place, edges[stop], abs(stop - which) + 1).round().astype(np.int64)
        edges[which : stop if step > 0 else None : step][: len(between) - 1] = between[:-1]
    edges[which] = place
    return edges


def _edge_weights(scenes: Sequence[Sequence[Token]]) -> NDArray[np.float64]:
    """Return the weight of each edge: pauses are likeliest between scenes, then between clauses."""
    weights = [1.0]
    for tokens in scenes:
        weights += [0.5 if token.text[-1] in _PAUSING else 1.0 for token in tokens]
        weights[-1] = 0.2
    return np.array(weights)


def _speech_frames(sound: NarrationSound, outside: Sequence[Interval]) -> NDArray[np.int64]:
    """Return the numbers of the frames with speech of the script."""
    count = sound.frames
    spans = [
        np.arange(int(stretch.start * 100), min(count, int(stretch.end * 100)))
        for stretch in sound.speech()
    ]
    voiced = np.concatenate(spans) if spans else np.zeros(0, np.int64)
    for stretch in outside:
        first, last = np.searchsorted(voiced, [int(stretch.start * 100), int(stretch.end * 100)])
        voiced = np.delete(voiced, np.s_[first:last])
    return voiced


def _normalised(values: Array) -> Array:
    """Return cepstra and their slopes with mean 0 and deviation 1, so that two voices compare.

    Loudness and slopes find the edges of words: with the spectral shape alone, twice as many words
    are off by more than 0.1 s.
    """
    slopes = with_deltas(values)[:, CEPSTRA : 2 * CEPSTRA]
    both = np.concatenate([values, slopes], axis=1)
    both = (both - both.mean(axis=0)) / (both.std(axis=0) + 1e-3)
    both[:, 0] *= _LOUDNESS
    both[:, CEPSTRA:] *= _SLOPES
    return np.asarray(both, np.float32)
