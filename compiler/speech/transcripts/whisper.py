"""OpenAI Whisper's JSON, and its variants by many programs.

``{"language", "segments": [{"start", "end", "text", "words": [{"word", "start", "end"}]}]}`` in
seconds. The variants:

- openai-whisper (``whisper/transcribe.py``, ``whisper/timing.py``): optional ``words``, with a
  leading space and punctuation; blank segments have no words.
- faster-whisper: dumps of its ``Segment`` objects, so the top level may be an array; ``words``
  may be null.
- whisperX (``schema.py``): words without a leading space, and without times if they could not be
  aligned (digits, ``£``); a second copy of them in ``word_segments``.
- whisper-timestamped: the word is under ``text``, beside a ``confidence``.
- stable-ts: an older result nested in ``ori_dict``.
- OpenAI's API (``verbose_json``): ``words`` at the top level, without punctuation, or null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import MalformedError, RawTranscript, RawWord, Repair, Timed
from .decimals import seconds
from .punctuation import punctuate
from .words import join_pieces, spread_words

NAME = "whisper JSON"


def matches(text: str, document: object) -> bool:
    """Whether there are segments, or words beside a text, with a start and an end."""
    segments = _segments(document)
    if segments:
        return all(
            isinstance(segment, dict) and {"start", "end", "text"} <= segment.keys()
            for segment in segments[:3]
        )
    return isinstance(document, dict) and "text" in document and bool(_api_words(document))


def read(text: str, document: object) -> RawTranscript:
    """Return the words of all segments."""
    segments = _segments(document)
    top = document if isinstance(document, dict) else {}
    language = top.get("language")
    api_words = _api_words(top)
    words: list[RawWord] = []
    repairs: list[Repair] = []
    timed: Timed = "segment"
    if api_words and not any(isinstance(s, dict) and s.get("words") for s in segments):
        timed = "word"
        words = _words(api_words, "words")
        words = punctuate(words, str(top.get("text", "")))
    else:
        untimed: list[Repair] = []
        for index, segment in enumerate(segments):
            place = f"segments[{index}]" if top else f"[{index}]"
            if not isinstance(segment, dict):
                raise MalformedError("is not a segment", place)
            if segment.get("words"):
                timed = "word"
                words += _words(segment["words"], f"{place}.words")
                continue
            start, end = seconds(segment.get("start")), seconds(segment.get("end"))
            spread = spread_words(str(segment.get("text", "")), start, end, place)
            if spread:
                untimed.append(Repair(place, "has no word times; split between words by letters"))
            words += spread
        repairs = untimed if timed == "word" else []
    return RawTranscript(
        tuple(words),
        str(language) if language else None,
        timed,
        _program(document, segments),
        tuple(repairs),
    )


def _segments(document: object) -> list[Any]:
    found = document.get("segments") if isinstance(document, dict) else document
    return found if isinstance(found, list) else []


def _api_words(document: dict[str, Any]) -> list[Any]:
    found = document.get("words")
    if not isinstance(found, list):
        return []
    whole = all(isinstance(w, dict) and {"word", "start", "end"} <= w.keys() for w in found[:3])
    return found if whole else []


def _words(entries: object, place: str) -> list[RawWord]:
    if not isinstance(entries, list):
        raise MalformedError("is not a list of words", place)
    return join_pieces(
        [
            RawWord(
                _text(entry, f"{place}[{index}]"),
                seconds(entry.get("start")),
                seconds(entry.get("end")),
                f"{place}[{index}]",
            )
            for index, entry in enumerate(entries)
        ]
    )


def _text(entry: object, place: str) -> str:
    if not isinstance(entry, dict):
        raise MalformedError("is not a word", place)
    text = entry.get("word", entry.get("text"))
    if not isinstance(text, str):
        raise MalformedError("has no text", place)
    return text


def _program(document: object, segments: Sequence[Any]) -> str:
    """Guess the program that wrote the file from keys that only it writes."""
    if not isinstance(document, dict):
        return "faster-whisper segments"
    word: dict[str, Any] = next(
        (s["words"][0] for s in segments if isinstance(s, dict) and s.get("words")), {}
    )
    for program, sign in (
        ("stable-ts JSON", "ori_dict" in document or "nonspeech_sections" in document),
        ("whisperX JSON", "word_segments" in document or ("score" in word and "word" in word)),
        ("whisper-timestamped JSON", "confidence" in word and "text" in word),
        ("OpenAI verbose_json", "task" in document or "words" in document),
    ):
        if sign:
            return program
    return "openai-whisper JSON"
