"""Repair a transcript: every change becomes a `Repair`.

The passes, in order:

1. `noise_markers`: drop noise markers and lone punctuation, remove broken characters;
2. `repetition_loops`: drop the repeats of a passage that a recogniser got stuck in;
3. `hallucinated_tail`: drop words invented over the silence at the end;
4. `word_order`: order words, drop times out of step and words past the end;
5. `word_times`: estimate missing times, remove overlaps, give every word a length.

They run until none finds anything, so a repaired transcript needs no repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ...sync.types import Interval
from .base import RawTranscript, RawWord, Transcript
from .hallucinated_tail import drop_tail
from .integer_time import TickRate
from .noise_markers import clean_texts
from .repetition_loops import drop_loops
from .word_order import order_words
from .word_times import place_words

_MAX_ROUNDS = 8


def repair_transcript(
    transcript: RawTranscript | Transcript,
    duration: Fraction | None = None,
    speech: Sequence[Interval] | None = None,
) -> Transcript:
    """Return a transcript whose words are in order, do not overlap, and have a length.

    Args:
        transcript: from a reader, or from elsewhere.
        duration: of the recording in seconds; no word lies beyond it.
        speech: intervals with speech, in order, as from `pauses.speech_intervals`.

    Raises:
        ValueError: the duration is not positive.
    """
    if duration is not None and duration <= 0:
        raise ValueError(f"a recording of {duration} s has no words")
    raw = _raw_words(transcript)
    rate = TickRate.of(raw, duration, speech)
    words = rate.to_ticks(raw)
    repairs = list(transcript.repairs)
    for _ in range(_MAX_ROUNDS):
        words, cleaned = clean_texts(words)
        words, loops = drop_loops(words, rate)
        words, tail = drop_tail(words, rate)
        words, ordered = order_words(words, rate)
        words, placed = place_words(words, rate)
        found = [*cleaned, *loops, *tail, *ordered, *placed]
        repairs += found
        if not found:
            break
    return Transcript(
        words=rate.to_seconds(words),
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
