"""Whisper's TSV: a header ``start``, ``end``, ``text``, then whole milliseconds and a segment.

``WriteTSV`` in ``whisper/utils.py``: the text has no tabs.
"""

from __future__ import annotations

from .base import MalformedError, RawTranscript, RawWord
from .decimals import parse_decimal
from .words import words_of_segments

NAME = "whisper TSV"
_HEADER = ["start", "end", "text"]


def matches(text: str, document: object) -> bool:
    """Whether the first line is the header."""
    return text.split("\n", 1)[0].strip().lower().split("\t") == _HEADER


def read(text: str, document: object) -> RawTranscript:
    """Return the words of all rows."""
    segments = []
    for number, line in enumerate(text.split("\n"), 1):
        if number == 1 or not line.strip():
            continue
        fields = line.split("\t", 2)
        times = [parse_decimal(field.strip()) for field in fields[:2]]
        if len(fields) < 3 or None in times:
            raise MalformedError("has no start, end and text", "", number)
        start, end = (time / 1000 for time in times if time is not None)
        segments.append(RawWord(fields[2], start, end, f"line {number}"))
    words, timed = words_of_segments(segments)
    return RawTranscript(tuple(words), None, timed)
