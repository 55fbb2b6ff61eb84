"""Raw words into a transcript that can be relied on; each mend is said.

The passes, in their order, each in a module of its own:

1. `marks`: signs for what is no speech, punctuation that stands alone, broken characters;
2. `loops`: a passage that a model said again and again;
3. `tail`: words invented over the silence at the end;
4. `times`: order, missing times, and room for every word.

They run until none finds anything, so that mending what is mended changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...sync.types import Interval
from .base import RawTranscript, RawWord, Repair, Transcript
from .hallucinated_tail import drop_tail
from .integer_time import TickRate
from .noise_markers import clean_texts
from .repetition_loops import drop_loops
from .word_times import place_words

_MOST_ROUNDS = 8


def mend(
    transcript: RawTranscript | Transcript,
    duration: Fraction | None = None,
    speech: Sequence[Interval] | None = None,
) -> Transcript:
    """Words in order, apart, not negative, and each of some length.

    Args:
        transcript: what a reader found, or a transcript from elsewhere.
        duration: of the sound in seconds; nothing lies beyond it.
        speech: where the sound has a voice, in order, as `pauses.speech_intervals` finds it.

    Raises:
        ValueError: the duration is not positive.
    """
    if duration is not None and duration <= 0:
        raise ValueError(f"a sound of {duration} s has no words")
    raw = _raw_words(transcript)
    clock = TickRate.of(raw, duration, speech)
    heard = clock.heard(raw)
    repairs = list(transcript.repairs)
    for _ in range(_MOST_ROUNDS):
        found: list[Repair] = []
        heard = clean_texts(heard, found)
        heard = drop_loops(heard, clock, found)
        heard = drop_tail(heard, clock, found)
        heard = place_words(heard, clock, found)
        repairs += found
        if not found:
            break
    return Transcript(
        words=clock.words(heard),
        language=transcript.language,
        format=transcript.format,
        repairs=tuple(repairs),
        timed=transcript.timed,
    )


def _raw_words(transcript: RawTranscript | Transcript) -> Sequence[RawWord]:
    if isinstance(transcript, RawTranscript):
        return transcript.words
    return [
        RawWord(word.text, word.start, word.end, f"words[{index}]")
        for index, word in enumerate(transcript.words)
    ]
