"""Words that a model invented over the silence, or the music, after the last thing said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from .base import Repair
from .integer_time import TickRate, TickWord

_LATE = Fraction(1, 2)
"""Seconds after the voice within which a word may start: recognisers are late, voices fade."""
_STOCK_LATE = Fraction(1, 10)
"""The same for what models are known to invent."""
_STOCK = re.compile(
    r"(you|bye|bye bye|thank(s| you)( (so|very) much)?( for (watching|listening))?|"
    r"(please )?(like and )?subscribe.*|see you (next time|in the next .*)|"
    r"(subtitles|captions|transcri\w+|translat\w+) (by|from) .*|.*amara org.*|the end|"
    r"untertitel .*|vielen dank.*|sous titr\w+ .*|merci d avoir regard\w+.*|gracias por ver.*)"
)
_LONGEST = 12
"""Words in the longest stock phrase."""


def drop_tail(words: Sequence[TickWord], clock: TickRate, repairs: list[Repair]) -> list[TickWord]:
    """The words up to the last audible voice; nothing is done where no voice is known."""
    if not clock.speech or not words:
        return list(words)
    last = clock.speech[-1][1]
    first = _first_after(words, last + clock.span(_LATE))
    # A stock phrase that is only just too late for the voice is no speech either.
    sooner = _first_after(words, last + clock.span(_STOCK_LATE))
    if sooner < first and len(words) - sooner <= _LONGEST:
        said = _folded([word.text for word in words[sooner:]])
        first = sooner if _STOCK.fullmatch(said) else first
    if first == len(words):
        return list(words)
    shown = " ".join(word.text for word in words[first : first + 8])
    count = len(words) - first
    shown += " …" if count > 8 else ""
    what = f"{shown!r} comes after the last voice, at {clock.show(last)}; left out"
    repairs.append(Repair(words[first].place, what))
    return list(words[:first])


def _first_after(words: Sequence[TickWord], time: int) -> int:
    """The first of the words at the end that all start after a time."""
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
    """The longest end of some words that is a phrase models are known to invent, or nothing.

    >>> stock_tail("so it ended Thank you for watching!".split())
    'Thank you for watching!'
    """
    for first in range(max(0, len(words) - _LONGEST), len(words)):
        if _STOCK.fullmatch(_folded(words[first:])):
            return " ".join(words[first:])
    return ""


def _folded(words: Sequence[str]) -> str:
    return " ".join(re.findall(r"\w+", " ".join(words).casefold()))
