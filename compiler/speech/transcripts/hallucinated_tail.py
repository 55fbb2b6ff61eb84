"""Drop a hallucinated tail: words invented over the silence, or the music, after the speech."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from .base import Repair
from .integer_time import Repaired, TickRate, TickWord, excerpt

_LATE = Fraction(1, 2)
"""Seconds after the speech within which a word may start: recognisers lag, voices fade."""
_STOCK_LATE = Fraction(1, 10)
"""The same for stock phrases."""
_STOCK = re.compile(
    r"(you|bye|bye bye|thank(s| you)( (so|very) much)?( for (watching|listening))?|"
    r"(please )?(like and )?subscribe.*|see you (next time|in the next .*)|"
    r"(subtitles|captions|transcri\w+|translat\w+) (by|from) .*|.*amara org.*|the end|"
    r"untertitel .*|vielen dank.*|sous titr\w+ .*|merci d avoir regard\w+.*|gracias por ver.*)"
)
"""Phrases that Whisper often hallucinates, folded."""
_LONGEST = 12
"""Words of the longest stock phrase."""


def drop_tail(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Drop the words after the last speech; keep all without known speech."""
    if not rate.speech or not words:
        return list(words), []
    last = rate.speech[-1][1]
    first = _first_after(words, last + rate.ticks(_LATE))
    # A stock phrase is hallucinated even if it is only just too late.
    sooner = _first_after(words, last + rate.ticks(_STOCK_LATE))
    if sooner < first and len(words) - sooner <= _LONGEST:
        phrase = _folded([word.text for word in words[sooner:]])
        first = sooner if _STOCK.fullmatch(phrase) else first
    if first == len(words):
        return list(words), []
    tail = words[first:]
    what = f"{excerpt(tail)} comes after the last speech, at {rate.show(last)}; dropped"
    return list(words[:first]), [Repair(tail[0].place, what)]


def _first_after(words: Sequence[TickWord], time: int) -> int:
    """Return the first of the last words that all start after a time."""
    first = len(words)
    for index in range(len(words) - 1, -1, -1):
        start = words[index].start
        if start is None:
            continue
        if start < time:
            break
        first = index
    return first


def stock_tail(words: Sequence[str]) -> str:
    """Return the longest end of some words that is a stock phrase; else empty.

    >>> stock_tail("so it ended Thank you for watching!".split())
    'Thank you for watching!'
    """
    for first in range(max(0, len(words) - _LONGEST), len(words)):
        if _STOCK.fullmatch(_folded(words[first:])):
            return " ".join(words[first:])
    return ""


def _folded(words: Sequence[str]) -> str:
    return " ".join(re.findall(r"\w+", " ".join(words).casefold()))
