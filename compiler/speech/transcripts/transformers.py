"""Results of the speech pipelines of Hugging Face transformers and transformers.js.

``{"text", "chunks": [{"text", "timestamp": [start, end]}]}`` in seconds
(``pipelines/automatic_speech_recognition.py``); a chunk is a phrase or, with
``return_timestamps="word"``, a word with a leading space. The last end may be null.
"""

from __future__ import annotations

from typing import Any

from .base import MalformedError, RawTranscript, RawWord
from .decimals import seconds
from .words import words_of_segments

NAME = "transformers JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are chunks with a ``timestamp``."""
    chunks = _chunks(document)
    return bool(chunks) and all(isinstance(c, dict) and "timestamp" in c for c in chunks[:3])


def read(text: str, document: object) -> RawTranscript:
    """Return the words of all chunks."""
    segments = []
    for index, chunk in enumerate(_chunks(document)):
        place = f"chunks[{index}]"
        if not isinstance(chunk, dict):
            raise MalformedError("is not a chunk", place)
        times = chunk.get("timestamp")
        if not isinstance(times, list) or len(times) != 2:
            raise MalformedError("'timestamp' is not a pair of start and end", place)
        segments.append(
            RawWord(str(chunk.get("text", "")), seconds(times[0]), seconds(times[1]), place)
        )
    words, timed = words_of_segments(segments)
    language = _document(document).get("language")
    return RawTranscript(tuple(words), str(language) if language else None, timed)


def _document(document: object) -> dict[str, Any]:
    """Return the result, also from the list that a pipeline returns for several files."""
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    return document if isinstance(document, dict) else {}


def _chunks(document: object) -> list[Any]:
    found = _document(document).get("chunks")
    return found if isinstance(found, list) else []
