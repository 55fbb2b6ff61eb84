"""Tokens placed by the sound: readings chosen by ear, doubtful stretches heard again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...sync.types import Interval
from ..audio import SPEECH_RATE
from .acoustic import ForcedAligner, Spoken
from .guide import Guide
from .tokens import Token

MARGIN = Fraction(3, 10)
"""Seconds around a stretch that is heard again."""
MOST_READINGS = 4
"""Ways to say a token that are tried."""


class Listener:
    """Holds the samples of a narration and places tokens on them."""

    def __init__(
        self, samples: NDArray[np.int16], on_progress: Callable[[float], None] | None = None
    ):
        self._samples = samples
        self._aligner = ForcedAligner()
        self._on_progress = on_progress or (lambda _: None)
        self._chosen: list[int] = []
        self.scores: list[float] = []
        """How well each token fits its sound, 0..1: 0.95 and more where it was said."""

    def place(self, tokens: Sequence[Token]) -> list[Interval] | None:
        """The time of every token, or None where the sound does not hold them all."""
        most = min(MOST_READINGS, max((len(token.readings) for token in tokens), default=1))
        chosen = [0] * len(tokens)
        best: list[float] = []
        for reading in range(most):
            tried = [min(reading, len(token.readings) - 1) for token in tokens]
            found = self._align(tokens, tried, self._samples)
            self._on_progress((reading + 1) / (most + 1))
            if found is None:
                continue
            scores = [_score(spoken) for spoken in found]
            if not best:
                chosen, best = tried, scores
            for index, score in enumerate(scores):
                if score > best[index]:
                    chosen[index], best[index] = tried[index], score
        if not best:
            return None
        final = self._align(tokens, chosen, self._samples)
        if final is None:
            return None
        self._chosen, self.scores = chosen, [_score(spoken) for spoken in final]
        return [_interval(spoken) for spoken in final]

    def settle(
        self, tokens: Sequence[Token], times: Sequence[Interval], guide: Guide
    ) -> list[Interval]:
        """Hear again where a guide disagrees, and keep what fits the sound better.

        Args:
            tokens: as they were placed.
            times: what `place` found.
            guide: where a transcript has them.
        """
        settled = list(times)
        for first, last in _disagreements(times, guide):
            known = [time for time in guide.times[first:last] if time is not None]
            start = max(Fraction(0), known[0].start - MARGIN)
            stretch = Interval(start, known[-1].end + MARGIN)
            window = self._samples[_sample(stretch.start) : _sample(stretch.end)]
            found = self._align(tokens[first:last], self._chosen[first:last], window)
            if found is None:
                continue
            before = sum(self.scores[first:last]) / (last - first)
            if sum(map(_score, found)) / (last - first) > before:
                for index, spoken in enumerate(found, first):
                    heard = _interval(spoken)
                    settled[index] = Interval(
                        heard.start + stretch.start, heard.end + stretch.start
                    )
        return settled

    def scores_without(self, tokens: Sequence[Token], left_out: set[int]) -> list[float] | None:
        """The scores when some tokens are taken as unsaid, theirs 0; None where it fails."""
        kept = [index for index in range(len(tokens)) if index not in left_out]
        found = self._align(
            [tokens[index] for index in kept], [self._chosen[i] for i in kept], self._samples
        )
        if found is None:
            return None
        scores = [0.0] * len(tokens)
        for index, spoken in zip(kept, found, strict=True):
            scores[index] = _score(spoken)
        return scores

    def _align(
        self, tokens: Sequence[Token], chosen: Sequence[int], samples: NDArray[np.int16]
    ) -> list[tuple[Spoken, ...]] | None:
        """What was said for each token, by the chosen readings."""
        said = [t.readings[n] for t, n in zip(tokens, chosen, strict=True)]
        found = self._aligner.align([word for words in said for word in words], samples)
        if found is None:
            return None
        grouped = []
        place = 0
        for words in said:
            grouped.append(found[place : place + len(words)])
            place += len(words)
        return grouped


def _disagreements(times: Sequence[Interval], guide: Guide) -> list[tuple[int, int]]:
    """Runs of tokens whose times differ from the guide's by more than its slack."""
    runs: list[tuple[int, int]] = []
    for index, time in enumerate(times):
        known = guide.times[index]
        if known is not None and abs(known.start - time.start) > guide.slack:
            if runs and index - runs[-1][1] <= 2:
                runs[-1] = (runs[-1][0], index + 1)
            else:
                runs.append((index, index + 1))
    return runs


def _interval(spoken: tuple[Spoken, ...]) -> Interval:
    return Interval(spoken[0].start, spoken[-1].end)


def _score(spoken: tuple[Spoken, ...]) -> float:
    """Mean score of the words said for a token, by their lengths."""
    lengths = [float(word.end - word.start) for word in spoken]
    return sum(word.score * length for word, length in zip(spoken, lengths, strict=True)) / sum(
        lengths
    )


def _sample(seconds: Fraction) -> int:
    return int(seconds * SPEECH_RATE)
