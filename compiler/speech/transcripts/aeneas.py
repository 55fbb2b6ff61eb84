"""aeneas' JSON sync map: ``{"fragments": [{"begin", "end", "lines", "language", "children"}]}``.

Times are seconds as strings (``aeneas/syncmap/smfjson.py``). A fragment is a phrase or a word; the
finest level of a map is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .base import MalformedError, RawTranscript, RawWord
from .decimals import seconds
from .words import words_of_segments

NAME = "aeneas JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are fragments with a ``begin``."""
    fragments = document.get("fragments") if isinstance(document, dict) else None
    return isinstance(fragments, list) and all(
        isinstance(fragment, dict) and "begin" in fragment for fragment in fragments[:3]
    )


def read(text: str, document: object) -> RawTranscript:
    """Return the words of the finest fragments."""
    assert isinstance(document, dict)
    found = list(_leaves(document["fragments"], "fragments"))
    words, timed = words_of_segments([segment for segment, _ in found])
    language = next((language for _, language in found if language), None)
    return RawTranscript(tuple(words), language, timed)


def _leaves(fragments: list[Any], place: str) -> Iterator[tuple[RawWord, str | None]]:
    for index, fragment in enumerate(fragments):
        here = f"{place}[{index}]"
        if not isinstance(fragment, dict):
            raise MalformedError("is not a fragment", here)
        children = fragment.get("children")
        if isinstance(children, list) and children:
            yield from _leaves(children, f"{here}.children")
            continue
        lines = fragment.get("lines")
        text = " ".join(map(str, lines)) if isinstance(lines, list) else ""
        language = fragment.get("language")
        yield (
            RawWord(text, seconds(fragment.get("begin")), seconds(fragment.get("end")), here),
            str(language) if language else None,
        )
