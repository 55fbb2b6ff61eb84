"""SubRip and WebVTT.

Cues ``start --> end`` and their text; SubRip's times have a comma and hours, WebVTT's a point and
optional hours (https://www.w3.org/TR/webvtt1/). Words are timed in three ways: one cue a word;
WebVTT's inline times, ``<00:00:01.000>``, with each line repeated in the next cue, as YouTube does
it; and Whisper's ``--highlight_words`` (``iterate_result`` in ``whisper/utils.py``), which repeats
a sentence for each of its words, with that word between ``<u>`` and ``</u>``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

from .base import MalformedError, RawTranscript, RawWord, Timed
from .decimals import parse_clock
from .words import is_spoken, split_words, spread_words, words_of_segments

NAME = "SubRip or WebVTT"
_TIMES = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?:\s.*)?")
_INLINE = re.compile(r"<((?:\d+:)?\d{2}:\d{2}\.\d{3})>")
_MARKED = re.compile(r"<u>(.*?)</u>", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
_DASH = re.compile(r"(?m)^\s*(?:-|–|>>)\s*(?=\w)")


@dataclass(frozen=True, slots=True)
class _Cue:
    start: Fraction
    end: Fraction
    text: str
    line: int

    @property
    def plain(self) -> str:
        """The text without tags."""
        return _plain(self.text)


def matches(text: str, document: object) -> bool:
    """Whether it begins with WEBVTT, or the first lines have a cue's times."""
    if document is not None:
        return False
    if text.startswith("WEBVTT"):
        return True
    return any(_TIMES.fullmatch(line) for line in text[:4000].split("\n")[:40])


def read(text: str, document: object) -> RawTranscript:
    """Return the words of all cues."""
    vtt = text.startswith("WEBVTT")
    cues = _cues(text, vtt)
    name = "WebVTT" if vtt else "SubRip"
    timed: Timed = "word"
    if any(_INLINE.search(cue.text) for cue in cues):
        words, timed = _inline_words(cues)
        name += " with inline times"
    elif _is_highlighted(cues):
        words = _highlighted_words(cues)
        name += " with highlighted words"
    else:
        words, timed = words_of_segments(
            [RawWord(cue.plain, cue.start, cue.end, f"line {cue.line}") for cue in cues]
        )
    return RawTranscript(tuple(words), _language(text) if vtt else None, timed, name)


def _cues(text: str, vtt: bool) -> list[_Cue]:
    """Return every cue; numbers, names, notes and styles between them are skipped.

    A line of spaces ends a cue of SubRip, whose writers are careless, but not one of WebVTT.
    """
    lines = text.split("\n")
    cues = []
    index = 0
    while index < len(lines):
        times = _TIMES.fullmatch(lines[index])
        index += 1
        if times is None:
            if "-->" in lines[index - 1]:
                raise MalformedError("has times that cannot be read", "", index)
            continue
        start, end = parse_clock(times[1]), parse_clock(times[2])
        if start is None or end is None:
            raise MalformedError("has times that cannot be read", "", index)
        first = index
        while index < len(lines) and "-->" not in lines[index]:
            if not (lines[index] if vtt else lines[index].strip()):
                break
            index += 1
        stop = index
        if index < len(lines) and "-->" in lines[index] and lines[index - 1].strip().isdigit():
            # The blank line between two cues is missing: this is the number of the next.
            stop = max(first, index - 1)
        cues.append(_Cue(start, end, "\n".join(lines[first:stop]), first))
    return cues


def _plain(text: str) -> str:
    return html.unescape(_DASH.sub("", _TAG.sub("", _INLINE.sub("", text))))


def _language(text: str) -> str | None:
    match = re.search(r"(?m)^Language:\s*(\S+)", text.split("\n\n", 1)[0])
    return match[1] if match else None


def _inline_words(cues: Sequence[_Cue]) -> tuple[list[RawWord], Timed]:
    """Return the words of cues with inline times; repeated lines count once."""
    words: list[RawWord] = []
    shown: list[str] = []
    timed = False
    for cue in cues:
        place = f"line {cue.line}"
        now = []
        for line in cue.text.split("\n"):
            plain = " ".join(_plain(line).split())
            if not plain:
                continue
            now.append(plain)
            if _INLINE.search(line):
                timed = True
                words += _timed_line(line, cue, place)
            elif plain not in shown:
                words += spread_words(plain, cue.start, cue.end, place)
        shown = now or shown
    return words, "word" if timed else "segment"


def _timed_line(line: str, cue: _Cue, place: str) -> list[RawWord]:
    """Return the words of a line, from each inline time to the next; several share theirs."""
    parts = _INLINE.split(line)
    starts = [cue.start, *(parse_clock(time) for time in parts[1::2])]
    words: list[RawWord] = []
    for number, part in enumerate(parts[::2]):
        following = starts[number + 1] if number + 1 < len(starts) else cue.end
        words += spread_words(_plain(part), starts[number], following, place)
    return words


def _is_highlighted(cues: Sequence[_Cue]) -> bool:
    """Whether sentences are repeated, each time with another word underlined."""
    marked = [cue for cue in cues if _MARKED.search(cue.text)]
    if len(marked) * 3 < len(cues) or any(len(_MARKED.findall(c.text)) > 1 for c in marked):
        return False
    again = sum(
        first.plain == second.plain and first.text != second.text
        for first, second in pairwise(cues)
    )
    return 3 * again >= len(cues) or all(len(split_words(cue.plain)) == 1 for cue in marked)


def _highlighted_words(cues: Sequence[_Cue]) -> list[RawWord]:
    words: list[RawWord] = []
    for _, group in groupby(cues, key=lambda cue: cue.plain):
        found: dict[int, RawWord] = {}
        passage = list(group)
        for cue in passage:
            match = _MARKED.search(cue.text)
            if match is None:
                continue
            place = len(_plain(cue.text[: match.start()]))
            before = found[place].end if place in found else None
            if before is not None and cue.start >= before:
                # The speaker repeats the sentence.
                words += _in_sentence(passage[0], found)
                found = {}
            found[place] = RawWord(_plain(match[1]), cue.start, cue.end, f"line {cue.line}")
        words += _in_sentence(passage[0], found)
    return words


def _in_sentence(sentence: _Cue, found: dict[int, RawWord]) -> list[RawWord]:
    """Return all words of a sentence; those that were never underlined have no times."""
    words: list[RawWord] = []
    position = 0
    plain = sentence.plain
    for place in sorted(found):
        word = found[place]
        words += _untimed(plain[position:place], sentence)
        words.append(word)
        position = place + len(word.text)
        tail = re.match(r"\S*", plain[position:])
        if tail and tail[0] and not is_spoken(tail[0]):
            words[-1] = RawWord(word.text + tail[0], word.start, word.end, word.place)
            position += len(tail[0])
    return [*words, *_untimed(plain[position:], sentence)]


def _untimed(text: str, sentence: _Cue) -> list[RawWord]:
    return [
        RawWord(word, None, None, f"line {sentence.line}")
        for word in split_words(text)
        if is_spoken(word)
    ]
