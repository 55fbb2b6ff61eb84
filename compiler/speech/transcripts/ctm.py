"""CTM, the time-marked words of NIST's sclite, of Kaldi, and of the NeMo Forced Aligner.

``utterance channel start DURATION word [confidence …]`` a line, in seconds; a comment begins with
``;;``. NeMo adds fields of its own, and writes a blank inside a segment as ``<space>``.
"""

from __future__ import annotations

from fractions import Fraction

from .base import MalformedError, RawTranscript, RawWord
from .decimals import parse_decimal
from .words import SILENCES, words_of_segments

NAME = "CTM"
_HEAD = 1 << 16
"""Characters that `matches` looks at."""


def matches(text: str, document: object) -> bool:
    """Whether the first lines have five fields or more, with numbers third and fourth."""
    if document is not None:
        return False
    lines = [line for _, line in _lines(text[:_HEAD])][:3]
    return bool(lines) and all(_is_entry(line.split()) for line in lines)


def read(text: str, document: object) -> RawTranscript:
    """Return the words of one recording."""
    entries: list[RawWord] = []
    ends: dict[str, Fraction] = {}
    channels = set()
    for number, line in _lines(text):
        fields = line.split()
        if not _is_entry(fields):
            raise MalformedError("has no 'utterance channel start duration word'", "", number)
        start, length = parse_decimal(fields[2]), parse_decimal(fields[3])
        assert start is not None
        assert length is not None
        name = fields[0]
        others = [end for other, end in ends.items() if other != name]
        if name not in ends and others and start < max(others):
            what = f"begins another recording, {name!r}, with times from 0"
            raise MalformedError(what, "", number)
        ends[name] = max(ends.get(name, start), start + length)
        channels.add(fields[1])
        shown = fields[4].replace("<space>", " ").replace("▁", " ")
        if fields[4].lower() not in SILENCES:
            entries.append(RawWord(shown, start, start + length, f"line {number}"))
    if len(channels) > 1:
        entries.sort(key=lambda entry: entry.start or Fraction(0))
    words, timed = words_of_segments(entries)
    return RawTranscript(tuple(words), None, timed)


def _lines(text: str) -> list[tuple[int, str]]:
    return [
        (number, line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.startswith(";;")
    ]


def _is_entry(fields: list[str]) -> bool:
    return (
        len(fields) >= 5
        and parse_decimal(fields[2]) is not None
        and parse_decimal(fields[3]) is not None
    )
