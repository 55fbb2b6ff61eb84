"""Gentle's JSON: ``{"transcript", "words": [{"word", "case", "start", "end", "startOffset"}]}``.

Seconds (``gentle/transcription.py``). ``case`` is ``success``, ``not-found-in-audio`` (no times)
or ``not-found-in-transcript``. Words are bare; the transcript has the punctuation.
"""

from __future__ import annotations

from .base import RawTranscript, RawWord
from .decimals import seconds
from .punctuation import punctuate

NAME = "Gentle JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are words with a ``case``."""
    words = document.get("words") if isinstance(document, dict) else None
    return (
        isinstance(words, list)
        and bool(words)
        and all(isinstance(word, dict) and "case" in word for word in words[:3])
    )


def read(text: str, document: object) -> RawTranscript:
    """Return all words; those not found in the audio have no times."""
    assert isinstance(document, dict)
    words = [
        RawWord(
            str(word.get("word", word.get("alignedWord", ""))),
            seconds(word.get("start")),
            seconds(word.get("end")),
            f"words[{index}]",
        )
        for index, word in enumerate(document["words"])
    ]
    return RawTranscript(tuple(punctuate(words, str(document.get("transcript", "")))))
