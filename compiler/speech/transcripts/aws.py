"""Amazon Transcribe: ``{"results": {"items": [{"start_time", "alternatives", "type"}]}}``.

Seconds as strings; an item is a ``pronunciation`` with times or a ``punctuation`` without; the
first of the ``alternatives`` is the likeliest (the service's guide, "data input and output").
"""

from __future__ import annotations

from .base import MalformedError, RawTranscript, RawWord
from .decimals import seconds

NAME = "Amazon Transcribe JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are results with items."""
    results = document.get("results") if isinstance(document, dict) else None
    return isinstance(results, dict) and isinstance(results.get("items"), list)


def read(text: str, document: object) -> RawTranscript:
    """Return the spoken items, each with the punctuation after it."""
    assert isinstance(document, dict)
    results = document["results"]
    words: list[RawWord] = []
    for index, item in enumerate(results["items"]):
        place = f"results.items[{index}]"
        if not isinstance(item, dict) or not item.get("alternatives"):
            raise MalformedError("has no 'alternatives'", place)
        content = str(item["alternatives"][0].get("content", ""))
        if item.get("type") == "punctuation" and words:
            last = words[-1]
            words[-1] = RawWord(last.text + content, last.start, last.end, last.place)
        else:
            start, end = seconds(item.get("start_time")), seconds(item.get("end_time"))
            words.append(RawWord(content, start, end, place))
    language = results.get("language_code")
    return RawTranscript(tuple(words), str(language) if language else None)
