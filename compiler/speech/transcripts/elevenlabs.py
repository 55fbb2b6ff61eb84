"""ElevenLabs: characters of text-to-speech "with timestamps", and words of speech-to-text.

Speech: ``{"alignment": {"characters", "character_start_times_seconds",
"character_end_times_seconds"}}`` beside ``normalized_alignment`` (numbers spelled out); a stream
has one such object a line, null for a chunk without text. The web socket has ``chars``,
``charStartTimesMs`` and ``charDurationsMs``, from the start of each chunk. Speech-to-text:
``{"language_code", "words": [{"text", "start", "end", "type": "word" | "spacing" |
"audio_event"}]}``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from .base import MalformedError, RawTranscript, RawWord
from .decimals import seconds
from .words import is_spoken

NAME = "ElevenLabs JSON"
_EARLIER = Fraction(1, 20)
"""Seconds by which a chunk may start before the end of the previous one."""


class _Character(NamedTuple):
    text: str
    start: Fraction | None
    end: Fraction | None
    place: str


def matches(text: str, document: object) -> bool:
    """Whether there are aligned characters, or words with a type."""
    return bool(_alignments(document)) or bool(_typed_words(document))


def read(text: str, document: object) -> RawTranscript:
    """Return words from characters, or those of speech-to-text."""
    typed = _typed_words(document)
    if typed:
        assert isinstance(document, dict)
        language = document.get("language_code")
        return RawTranscript(
            tuple(
                RawWord(
                    str(word.get("text", "")).strip(),
                    seconds(word.get("start")),
                    seconds(word.get("end")),
                    f"words[{index}]",
                )
                for index, word in enumerate(typed)
                if isinstance(word, dict) and word.get("type") == "word"
            ),
            str(language) if language else None,
            "word",
            "ElevenLabs speech-to-text JSON",
        )
    characters: list[_Character] = []
    for alignment, place in _alignments(document):
        chunk = _characters(alignment, place)
        characters += _after(characters[-1].end if characters else None, chunk)
    return RawTranscript(tuple(_words(characters)))


def _alignments(document: object) -> list[tuple[dict[str, Any], str]]:
    chunks = document if isinstance(document, list) else [document]
    found = []
    for index, chunk in enumerate(chunks):
        if not isinstance(chunk, dict):
            continue
        prefix = f"[{index}]." if isinstance(document, list) else ""
        for key in ("alignment", "normalized_alignment", "normalizedAlignment"):
            alignment = chunk.get(key)
            if isinstance(alignment, dict) and ("characters" in alignment or "chars" in alignment):
                found.append((alignment, prefix + key))
                break
        else:
            if {"characters", "character_start_times_seconds"} <= chunk.keys():
                found.append((chunk, prefix.rstrip(".")))
    return found


def _typed_words(document: object) -> list[Any]:
    words = document.get("words") if isinstance(document, dict) else None
    if not isinstance(words, list) or not words:
        return []
    kinds = ("word", "spacing", "audio_event")
    typed = all(isinstance(word, dict) and word.get("type") in kinds for word in words[:3])
    return words if typed else []


def _characters(alignment: dict[str, Any], place: str) -> list[_Character]:
    if "characters" in alignment:
        letters = alignment["characters"]
        starts = alignment.get("character_start_times_seconds")
        ends = alignment.get("character_end_times_seconds")
        unit = 1
    else:
        letters = alignment["chars"]
        starts = alignment.get("charStartTimesMs", alignment.get("char_start_times_ms"))
        ends = alignment.get("charDurationsMs", alignment.get("chars_durations_ms"))
        unit = 1000
    if not (isinstance(letters, list) and isinstance(starts, list) and isinstance(ends, list)):
        raise MalformedError("lacks its characters or their times", place)
    if not len(letters) == len(starts) == len(ends):
        what = f"has {len(letters)} characters, {len(starts)} starts and {len(ends)} ends"
        raise MalformedError(what, place)
    characters = []
    for index, letter in enumerate(letters):
        start, end = seconds(starts[index], unit), seconds(ends[index], unit)
        if unit != 1 and start is not None and end is not None:
            end += start
        characters.append(_Character(str(letter), start, end, f"{place}.characters[{index}]"))
    return characters


def _after(end: Fraction | None, chunk: list[_Character]) -> list[_Character]:
    """Return a chunk on the axis of all; ``end`` is that of the previous chunk.

    A chunk whose times restart at 0 is moved to the end of the previous one.
    """
    first = next((character.start for character in chunk if character.start is not None), None)
    offset = Fraction(0)
    if end is not None and first is not None and first < end - _EARLIER:
        offset = end
    return [
        _Character(
            letter,
            None if start is None else start + offset,
            None if stop is None else stop + offset,
            place,
        )
        for letter, start, stop, place in chunk
    ]


def _words(characters: list[_Character]) -> list[RawWord]:
    words: list[RawWord] = []
    run: list[_Character] = []
    for character in [*characters, _Character(" ", None, None, "")]:
        if character.text.strip():
            run.append(character)
            continue
        if run:
            # Punctuation carries the pause after a word.
            sounds = [c for c in run if is_spoken(c.text)] or run
            text = "".join(c.text for c in run)
            words.append(RawWord(text, sounds[0].start, sounds[-1].end, run[0].place))
        run = []
    return words
