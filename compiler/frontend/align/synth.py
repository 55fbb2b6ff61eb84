"""Alignment in any language that espeak-ng speaks: its voice says the text and is warped onto ours.

The method of `aeneas` (Pettarin, 2015): synthesize the words, take cepstra of both voices, find the
warp of least distance (dynamic time warping; Sakoe and Chiba, 1978). Pauses are taken out of the
recording first. espeak-ng is called as a program.
"""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import wave
from collections.abc import Callable, Sequence
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...sync.types import Interval
from ..audio import SPEECH_RATE
from ..pauses import speech_intervals
from .dtw import warp
from .mfcc import CEPSTRA, HOP, Array, cepstra, with_deltas
from .tokens import Token

SYNTHESIZER = "espeak-ng"
"""The program, and the package that has it."""
_LOUDNESS, _SLOPES = 1.5, 0.7
"""What the level of a voice and the slopes of its cepstra count, beside the cepstra."""
PAUSE = 20
"""Frames of silence from which it is no part of a word."""
_GAP = SPEECH_RATE // 5
"""Samples of silence from which the synthesizer has ended a clause."""


def can_speak(language: str) -> bool:
    """Whether there is a synthesizer on the PATH that knows a language."""
    if shutil.which(SYNTHESIZER) is None:
        return False
    tried = subprocess.run(
        [SYNTHESIZER, "-q", "-v", language.lower(), "a"], capture_output=True, check=False
    )
    return tried.returncode == 0


def follow_synthesis(
    scenes: Sequence[Sequence[Token]],
    samples: NDArray[np.int16],
    language: str,
    on_progress: Callable[[float], None] | None = None,
) -> list[Interval]:
    """The time of every token of every scene, in order.

    Args:
        scenes: their tokens.
        samples: of the narration, mono, 16 kHz.
        language: one that `can_speak`.
        on_progress: called with 0..1.

    Raises:
        WorkError: the synthesizer failed.
    """
    parts: list[Array] = []
    bounds = [0]
    for index, tokens in enumerate(scenes):
        for said in _spoken(tokens, language):
            parts.append(cepstra(said))
            bounds.append(bounds[-1] + len(parts[-1]))
        if on_progress:
            on_progress(0.5 * (index + 1) / len(scenes))
    voiced = _voiced(samples)
    if not len(voiced) or bounds[-1] == 0:
        return [Interval(Fraction(0), Fraction(0)) for _ in bounds[1:]]
    path = warp(_shape(cepstra(samples)[voiced]), _shape(np.concatenate(parts)))
    edges = _to_pauses(np.searchsorted(path, bounds, side="left"), voiced)
    times = []
    for first, last in itertools.pairwise(edges):
        start = voiced[min(int(first), len(voiced) - 1)]
        end = voiced[min(max(int(last) - 1, int(first)), len(voiced) - 1)] + 1
        times.append(Interval(Fraction(int(start), 100), Fraction(int(end), 100)))
    return times


def _to_pauses(edges: NDArray[np.int64], voiced: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges of tokens moved to the pauses: none is inside a word, so the nearer edge belongs there.

    Without the pauses, being a single frame off would make a token swallow one whole.

    Args:
        edges: as indices of ``voiced``.
        voiced: numbers of the frames in which somebody speaks.
    """
    moved = edges.copy()
    for place in np.flatnonzero(np.diff(voiced) > PAUSE) + 1:
        after = int(np.searchsorted(moved, place, side="left"))
        if 0 < after < len(moved) and moved[after] != place:
            before = after - 1
            nearer = before if place - moved[before] < moved[after] - place else after
            moved[nearer] = place
    return moved


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


def _spoken(tokens: Sequence[Token], language: str) -> list[NDArray[np.int16]]:
    """Samples of each token, spoken alone."""
    texts = ["".join(c if c.isalnum() or c in "'’.,-" else " " for c in t.text) for t in tokens]
    together = _split(_synthesize("\n\n".join(f"{t.strip(' .,-')}." for t in texts), language))
    if len(together) == len(tokens):
        return together
    return [
        np.concatenate(_split(_synthesize(text, language)) or [np.zeros(HOP * 8, np.int16)])
        for text in texts
    ]


def _synthesize(text: str, language: str) -> NDArray[np.int16]:
    done = subprocess.run(
        [SYNTHESIZER, "-v", language.lower(), "--stdin", "--stdout"],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise WorkError(f"{SYNTHESIZER} cannot speak {language!r}: {reason}")
    with wave.open(io.BytesIO(done.stdout)) as sound:
        rate = sound.getframerate()
        # Written to a pipe, the header states no true length.
        samples = np.frombuffer(sound.readframes(1 << 30), np.int16)
    count = len(samples) * SPEECH_RATE // rate
    if not count:
        return np.zeros(0, np.int16)
    resized = cv2.resize(samples[None].astype(np.float32), (count, 1), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(resized[0], -32768, 32767), np.int16)


def _split(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """What stands between silences as long as those between clauses."""
    loud = np.flatnonzero(abs(samples.astype(np.int32)) > 100)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > _GAP)
    starts = np.concatenate([loud[:1], loud[cuts + 1]])
    ends = np.concatenate([loud[cuts], loud[-1:]])
    return [samples[start : end + 1] for start, end in zip(starts, ends, strict=True)]
