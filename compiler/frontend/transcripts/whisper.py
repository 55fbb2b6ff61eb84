"""OpenAI Whisper's JSON, and the programs that write the same shape.

``{"language", "segments": [{"start", "end", "text", "words": [{"word", "start", "end"}]}]}`` in
seconds, as ``whisper/transcribe.py`` writes it; faster-whisper dumps are a bare list of segments.
Words have a leading blank and carry their punctuation. Segments without words are timed whole.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .base import RawTranscript, RawWord
from .spread import spread_words

NAME = "whisper JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are segments with a start, an end and a text."""
    segments = _segments(document)
    return bool(segments) and all(
        isinstance(segment, dict) and {"start", "end", "text"} <= segment.keys()
        for segment in segments[:3]
    )


def read(text: str, document: object) -> RawTranscript:
    """Words of all segments."""
    words: list[RawWord] = []
    timed = "segment"
    for index, segment in enumerate(_segments(document)):
        place = f"segments[{index}]"
        if segment.get("words"):
            timed = "word"
            words += [
                RawWord(
                    str(word.get("word", word.get("text", ""))).strip(),
                    _time(word.get("start")),
                    _time(word.get("end")),
                    f"{place}.words[{number}]",
                )
                for number, word in enumerate(segment["words"])
            ]
        else:
            words += spread_words(
                str(segment["text"]), _time(segment["start"]), _time(segment["end"]), place
            )
    language = document.get("language") if isinstance(document, dict) else None
    return RawTranscript(
        tuple(words),
        str(language) if language else None,
        "word" if timed == "word" else "segment",
    )


def _segments(document: object) -> list[dict[str, Any]]:
    found = document.get("segments") if isinstance(document, dict) else document
    return found if isinstance(found, list) else []


def _time(value: object) -> Fraction | None:
    """Seconds, or None for a time that is missing or not a number."""
    return value if isinstance(value, Fraction) else None
