"""Forced alignment of English words to samples, with PocketSphinx and the model it ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pocketsphinx
from numpy.typing import NDArray

from ..audio import SPEECH_RATE
from .pronounce import phones

FRAME = Fraction(1, 100)
"""Seconds between the model's frames."""
ONSET = Fraction(12, 1000)
"""Seconds from the start of a model frame to the middle of its 25.6 ms window."""
_BEAMS: tuple[dict[str, float], ...] = (
    {},
    {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80},
    {"beam": 1e-200, "wbeam": 1e-160, "pbeam": 1e-200, "maxhmmpf": -1},
)
"""Search beams, narrow and quick first; the widest takes some ten times as long."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word as found: seconds, and how well it fits its sound (0..1, the geometric mean)."""

    word: str
    start: Fraction
    end: Fraction
    score: float


class ForcedAligner:
    """Aligns words that are all said, in order, with silence or nothing between them."""

    def __init__(self) -> None:
        self._decoders = [self._decoder(0)]

    def align(self, words: Sequence[str], samples: NDArray[np.int16]) -> tuple[Spoken, ...] | None:
        """Place every word, or return None where the sound does not hold them all.

        Args:
            words: lower case; those that the dictionary lacks are pronounced by rule.
            samples: mono, 16 kHz.
        """
        if not words or len(samples) < SPEECH_RATE // 10:
            return None
        for width in range(len(_BEAMS)):
            if width == len(self._decoders):
                self._decoders.append(self._decoder(width))
            found = self._try(self._decoders[width], words, samples)
            if found is not None:
                return found
        return None

    @staticmethod
    def _decoder(width: int) -> pocketsphinx.Decoder:
        return pocketsphinx.Decoder(
            samprate=SPEECH_RATE, lm=None, bestpath=False, loglevel="FATAL", **_BEAMS[width]
        )

    @staticmethod
    def _try(
        decoder: pocketsphinx.Decoder, words: Sequence[str], samples: NDArray[np.int16]
    ) -> tuple[Spoken, ...] | None:
        for word in dict.fromkeys(words):
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, phones(word), True)
        try:
            decoder.set_align_text(" ".join(words))
            decoder.start_utt()
            decoder.process_raw(samples.tobytes(), full_utt=True)
            decoder.end_utt()
        except RuntimeError:
            return None
        if decoder.hyp() is None:
            return None
        spoken = tuple(
            Spoken(
                word=segment.word.partition("(")[0],
                start=segment.start_frame * FRAME + ONSET,
                end=(segment.end_frame + 1) * FRAME + ONSET,
                score=float(segment.ascore),
            )
            for segment in decoder.seg()
            if not segment.word.startswith(("<", "["))
        )
        return spoken if len(spoken) == len(words) else None
