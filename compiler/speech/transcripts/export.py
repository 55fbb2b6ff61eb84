"""Write a transcript as openai-whisper's JSON, which most programs read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ...script.full_stops import ends_sentence
from ...sync.types import Word
from .base import Transcript

PAUSE = Fraction(3, 5)
"""Seconds of silence that end a segment."""
_FEWEST_DECIMALS, _MOST_DECIMALS = 6, 60


def to_whisper_json(transcript: Transcript) -> str:
    """Return whisper JSON, with segments split at pauses and sentence ends.

    Times that are decimal fractions are exact; others are rounded down to as many decimals as keep
    the length of every word positive.
    """
    segments = list(_segments(transcript.words, transcript.language or ""))
    decimals = _decimals(transcript.words)
    words = [" " + word.text for word in transcript.words]
    lines = ",\n".join(
        _segment(number, segment, decimals) for number, segment in enumerate(segments)
    )
    return (
        f'{{"text": {_quoted("".join(words))},\n'
        f' "segments": [\n{lines}\n ],\n'
        f' "language": {_quoted(transcript.language)}}}\n'
    )


def _segments(words: Sequence[Word], language: str) -> Iterator[Sequence[Word]]:
    first = 0
    for index, word in enumerate(words, 1):
        following = words[index] if index < len(words) else None
        if (
            following is None
            or ends_sentence(word.text.rstrip(), following.text, language)
            or following.start - word.end >= PAUSE
        ):
            yield words[first:index]
            first = index


def _segment(number: int, words: Sequence[Word], decimals: int) -> str:
    text = _quoted("".join(" " + word.text for word in words))
    timed = ",\n".join(
        f'    {{"word": {_quoted(" " + word.text)}, "start": {_decimal(word.start, decimals)}, '
        f'"end": {_decimal(word.end, decimals)}}}'
        for word in words
    )
    return (
        f'  {{"id": {number}, "start": {_decimal(words[0].start, decimals)}, '
        f'"end": {_decimal(words[-1].end, decimals)}, "text": {text}, "words": [\n{timed}]}}'
    )


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _decimals(words: Sequence[Word]) -> int:
    """Return the decimals that all times need."""
    parts = {time.denominator for word in words for time in (word.start, word.end)}
    exact = max((places for part in parts if (places := _places(part)) is not None), default=0)
    decimals = min(max(exact, _FEWEST_DECIMALS), _MOST_DECIMALS)
    shortest = min((word.end - word.start for word in words), default=Fraction(1))
    while decimals < _MOST_DECIMALS and 0 < shortest * 10**decimals < 2:
        decimals += 1
    return decimals


def _places(denominator: int) -> int | None:
    """Return the decimals of a fraction with this denominator; None if they never end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest = denominator >> twos
    fives = 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 else None


def _decimal(seconds: Fraction, decimals: int) -> str:
    scaled = math.floor(seconds * 10**decimals)
    whole, part = divmod(abs(scaled), 10**decimals)
    shown = f"{part:0{decimals}d}".rstrip("0") or "0"
    return f"{'-' if scaled < 0 else ''}{whole}.{shown}"
