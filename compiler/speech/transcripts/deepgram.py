"""Deepgram: ``{"results": {"channels": [{"alternatives": [{"words": [...]}]}]}}``, in seconds.

A word is ``{"word", "start", "end", "punctuated_word"}``; the last only with punctuation enabled
(the service's reference for pre-recorded audio). The first channel with words is read.
"""

from __future__ import annotations

from typing import Any

from .base import MalformedError, RawTranscript, RawWord
from .decimals import seconds

NAME = "Deepgram JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are results with channels."""
    results = document.get("results") if isinstance(document, dict) else None
    return isinstance(results, dict) and isinstance(results.get("channels"), list)


def read(text: str, document: object) -> RawTranscript:
    """Return the words of the first alternative."""
    assert isinstance(document, dict)
    for number, channel in enumerate(document["results"]["channels"]):
        place = f"results.channels[{number}]"
        if not isinstance(channel, dict) or not isinstance(channel.get("alternatives"), list):
            raise MalformedError("has no 'alternatives'", place)
        for best in channel["alternatives"][:1]:
            words = _words(best, f"{place}.alternatives[0]")
            if words:
                language = channel.get("detected_language")
                return RawTranscript(tuple(words), str(language) if language else None)
    return RawTranscript(())


def _words(best: dict[str, Any], place: str) -> list[RawWord]:
    return [
        RawWord(
            str(word.get("punctuated_word") or word.get("word", "")),
            seconds(word.get("start")),
            seconds(word.get("end")),
            f"{place}.words[{index}]",
        )
        for index, word in enumerate(best.get("words") or [])
    ]
