"""The words of a timeline, and spaces between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import opentimelineio as otio

from ...timeline.metadata import own_metadata
from ...timeline.properties import visible_start
from .emoji_sequences import simplified

_JOINED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff00-\uff65]"
)
"""Characters of writing systems without spaces: Thai, Lao, Burmese, Khmer, Chinese, Japanese."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word, its start and end in seconds of the reel, its scene, and its confidence, 0..1.

    ``line_end``: whether it ends a line of verse. ``spaced``: whether a space follows; None is as
    its writing system has it.
    """

    text: str
    start: float
    end: float
    scene: str = ""
    confidence: float | None = None
    line_end: bool = False
    spaced: bool | None = None


def words_of(timeline: otio.schema.Timeline) -> list[SpokenWord]:
    """Return the words of a timeline in its reel, in order of time."""
    start = float(visible_start(timeline))
    words = (
        SpokenWord(
            _clean(str(word["text"])),
            float(word["start"]) - start,
            float(word["end"]) - start,
            str(word.get("scene", "")),
            None if word.get("confidence") is None else float(word["confidence"]),
            bool(word.get("line_end", False)),
            word.get("spaced"),
        )
        for word in own_metadata(timeline).get("words") or ()
    )
    visible = (word for word in words if word.text and word.end > 0)
    return sorted(visible, key=lambda word: word.start)


def language_of(timeline: otio.schema.Timeline) -> str:
    """Return the language of the words, as in ``en`` or ``pt-BR``; by default ``en``."""
    return str(own_metadata(timeline).get("language") or "en")


def _clean(text: str) -> str:
    """Remove line breaks and other control characters."""
    shown = " ".join(text.split())
    return "".join(letter for letter in shown if unicodedata.category(letter) != "Cc")


def join_words(words: Iterable[SpokenWord]) -> str:
    """Join words with spaces, except where none follows a word."""
    text, last = "", None
    for word in words:
        text += word.text if last is None or is_joined(last, word) else f" {word.text}"
        last = word
    return text


def is_joined(word: SpokenWord, following: SpokenWord) -> bool:
    """Whether a word follows another without a space."""
    if word.spaced is not None:
        return not word.spaced
    return is_unspaced(word.text, following.text)


def is_unspaced(text: str, following: str) -> bool:
    """Whether no space is between two words as their writing systems have it."""
    return bool(_JOINED.match(text[-1:]) and _JOINED.match(following[:1]))


def columns(words: Sequence[SpokenWord]) -> float:
    """Return the width of words on a line; full-width letters and emoji count twice."""
    text = simplified(join_words(words))
    if text.isascii():
        return len(text)
    return len(text) + sum(map(is_wide, text))


def is_wide(letter: str) -> bool:
    """Whether a letter is full-width, as those of Chinese."""
    return unicodedata.east_asian_width(letter) in "WF"


def heads_of(timeline: otio.schema.Timeline) -> dict[str, tuple[float, float]]:
    """Return the rows that heads reach in each scene with a face, 0..1 of the picture's height."""
    return {
        str(scene["scene"]): (float(scene["heads"][0]), float(scene["heads"][1]))
        for scene in own_metadata(timeline).get("scenes") or ()
        if scene.get("heads")
    }
