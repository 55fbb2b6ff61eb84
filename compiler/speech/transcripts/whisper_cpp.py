"""whisper.cpp's JSON, short (``-oj``) and full (``-ojf``), as ``examples/cli/cli.cpp`` writes it.

``{"result": {"language"}, "transcription": [{"timestamps": {"from", "to"}, "offsets": {"from",
"to"}, "text", "tokens": [{"text", "offsets", "t_dtw"}]}]}``: offsets in milliseconds, timestamps as
``HH:MM:SS,mmm``, ``t_dtw`` (the start of a token) in hundredths of a second, or -1. Tokens are
pieces of words: a leading space begins a word. Special tokens (``[_BEG_]``, ``[_TT_150]``) are
skipped. With ``-ml 1 -sow`` each entry is a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .base import MalformedError, RawTranscript, RawWord, Timed
from .decimals import parse_clock, seconds
from .words import join_pieces, spread_words, words_of_segments

NAME = "whisper.cpp JSON"
_SPECIAL = re.compile(r"\s*(\[_[A-Z]+_?[^\]]*\]|<\|[^|]*\|>)\s*")


def matches(text: str, document: object) -> bool:
    """Whether there is a ``transcription``."""
    return isinstance(document, dict) and isinstance(document.get("transcription"), list)


def read(text: str, document: object) -> RawTranscript:
    """Return words from the tokens if there are any, else from the entries."""
    assert isinstance(document, dict)
    entries = document["transcription"]
    result = document.get("result")
    language = result.get("language") if isinstance(result, dict) else None
    words: list[RawWord] = []
    segments: list[RawWord] = []
    timed: Timed = "word"
    for index, entry in enumerate(entries):
        place = f"transcription[{index}]"
        if not isinstance(entry, dict):
            raise MalformedError("is not a segment", place)
        start, end = _times(entry)
        segments.append(RawWord(str(entry.get("text", "")), start, end, place))
        if entry.get("tokens"):
            words += _words_of_tokens(entry["tokens"], end, f"{place}.tokens")
        else:
            words += spread_words(segments[-1].text, start, end, place)
    if not any(isinstance(entry, dict) and entry.get("tokens") for entry in entries):
        words, timed = words_of_segments(segments)
    name = "whisper.cpp JSON (full)" if any("tokens" in entry for entry in entries) else NAME
    return RawTranscript(tuple(words), str(language) if language else None, timed, name)


def _words_of_tokens(tokens: object, end: Fraction | None, place: str) -> list[RawWord]:
    if not isinstance(tokens, list):
        raise MalformedError("is not a list of tokens", place)
    pieces: list[RawWord] = []
    starts: dict[str, Fraction] = {}
    for index, token in enumerate(tokens):
        if not isinstance(token, dict):
            raise MalformedError("is not a token", f"{place}[{index}]")
        text = str(token.get("text", ""))
        if _SPECIAL.fullmatch(text):
            continue
        piece = RawWord(text, *_times(token), f"{place}[{index}]")
        pieces.append(piece)
        exact = seconds(token.get("t_dtw"), 100)
        if exact is not None and exact >= 0:
            starts[piece.place] = exact
    words = join_pieces(pieces)
    if words and all(word.place in starts for word in words):
        return _by_starts(words, [starts[word.place] for word in words], end)
    return words


def _by_starts(
    words: Sequence[RawWord], starts: Sequence[Fraction], end: Fraction | None
) -> list[RawWord]:
    """Return words that last from their exact starts to the next one."""
    ends = [*starts[1:], end]
    return [
        RawWord(word.text, start, stop, word.place)
        for word, start, stop in zip(words, starts, ends, strict=True)
    ]


def _times(entry: dict[str, Any]) -> tuple[Fraction | None, Fraction | None]:
    offsets, stamps = entry.get("offsets"), entry.get("timestamps")
    if isinstance(offsets, dict):
        return seconds(offsets.get("from"), 1000), seconds(offsets.get("to"), 1000)
    if isinstance(stamps, dict):
        return parse_clock(str(stamps.get("from"))), parse_clock(str(stamps.get("to")))
    return None, None
