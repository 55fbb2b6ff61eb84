"""Boundary events of edge-tts (and of Azure's voices), as a JSON array or as JSON lines.

``{"type": "WordBoundary" | "SentenceBoundary", "offset", "duration", "text"}``, in ticks of 100 ns
(``edge_tts/communicate.py``). Word events are optional and bare; sentences have punctuation. Other
events (``audio``) are skipped.
"""

from __future__ import annotations

from typing import Any

from .base import RawTranscript, RawWord
from .decimals import seconds
from .punctuation import punctuate
from .words import words_of_segments

NAME = "edge-tts events"
_TICKS = 10_000_000
_WORD, _SENTENCE = "WordBoundary", "SentenceBoundary"


def matches(text: str, document: object) -> bool:
    """Whether there are boundary events with an offset."""
    return any("offset" in event for event, _ in _events(document))


def read(text: str, document: object) -> RawTranscript:
    """Return the words of the word events, else of the sentence events."""
    events = _events(document)
    segments = {
        kind: [_segment(event, place) for event, place in events if event["type"] == kind]
        for kind in (_WORD, _SENTENCE)
    }
    if segments[_WORD]:
        sentences = " ".join(sentence.text for sentence in segments[_SENTENCE])
        return RawTranscript(tuple(punctuate(segments[_WORD], sentences)))
    words, timed = words_of_segments(segments[_SENTENCE])
    return RawTranscript(tuple(words), None, timed)


def _events(document: object) -> list[tuple[dict[str, Any], str]]:
    if isinstance(document, dict):
        document = document.get("events", [document])
    if not isinstance(document, list):
        return []
    return [
        (event, f"[{index}]")
        for index, event in enumerate(document)
        if isinstance(event, dict) and event.get("type") in (_WORD, _SENTENCE)
    ]


def _segment(event: dict[str, Any], place: str) -> RawWord:
    start, length = seconds(event.get("offset"), _TICKS), seconds(event.get("duration"), _TICKS)
    end = None if start is None or length is None else start + length
    return RawWord(str(event.get("text", "")), start, end, place)
