"""Share a text out among stills: at paragraphs, else lines, sentences, clauses or phrases."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..backend.captions.phrases import split_phrases
from ..script.full_stops import ends_no_sentence
from ..script.tokens import UNSPACED

LEVELS = ("paragraphs", "lines", "sentences", "clauses", "phrases")
_COSTS = (0.0, 0.02, 0.05, 0.7, 1.0)
"""Cost of a scene's end at each level, beside the squared deviation of its length from the mean."""
_LEAST_LETTERS, _LEAST_UNSPACED = 12, 4
"""Letters of a clause or a phrase that is a scene of its own."""
_WRAPPED = 60
"""Letters of the longest line from which lines of one length are wrapped prose."""
_REACH = 4
"""Most ends of a part, as a multiple of the mean."""
_MOST_ENDS = 3000
"""Ends from which only the coarsest level that gives enough scenes is searched."""
_PARAGRAPH = re.compile(r"\n[^\S\n]*(?:\n\s*)+")
_EMOJI = r"(?:[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+\s*)*"
"""They belong to the words before them."""
_SENTENCE = re.compile(rf"(?:[.!?…؟۔।॥។။]+[\"'”’»)\]]*\s+|[。！？]+[」』”’）]*\s*){_EMOJI}")
_CLAUSE = re.compile(rf"(?:[,;:،؛]\s+|\s[–—]+\s|[、，；：]\s*){_EMOJI}")
_LIST_NUMBER = re.compile(r"(?:^|\s)\d\.\s*$")
_BULLET = re.compile(r"^[^\S\n]*[-*+•‣◦–][^\S\n]+", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__|\*|_|`)(?=\S)(.+?)(?<=\S)\1")


@dataclass(frozen=True, slots=True)
class SharedText:
    """The texts of scenes, and the finest of `LEVELS` at which one of them ends.

    The lines of verse and of lists stay lines.
    """

    parts: tuple[str, ...]
    level: int


def plain_text(text: str, *, is_markdown: bool) -> tuple[str, str]:
    """Return a text without the marks of lists, and the heading that it begins with, if any.

    Args:
        text: with ``\\n`` at ends of lines.
        is_markdown: also remove emphasis and other headings' marks.
    """
    heading = ""
    if is_markdown:
        first = _HEADING.match(text.lstrip())
        if first:
            heading, text = _EMPHASIS.sub(r"\2", first[1]), text.lstrip()[first.end() :]
        text = _EMPHASIS.sub(r"\2", _HEADING.sub(r"\1", text))
    return _BULLET.sub("", text).strip(), heading


def share_out(text: str, count: int, language: str) -> SharedText:
    """Divide a text into at most ``count`` parts of about equal lengths.

    A part ends where a paragraph does, else where a line, a sentence, a clause or, in a text with
    fewer clauses than half the count, a phrase does.

    Args:
        text: with ``\\n`` at ends of lines.
        count: of parts, at least one.
        language: as in ``ja`` or ``pt-BR``.
    """
    text = text.strip()
    ends = _ends(text, language)
    for level in range(3):
        chosen = [place for place, at in ends.items() if at <= level]
        if len(chosen) == count - 1:
            return _shared(text, chosen, ends)
    coarse = {place: level for place, level in ends.items() if level < len(LEVELS) - 1}
    if 2 * (len(coarse) + 1) < count:
        count = (count + 1) // 2
    else:
        ends = coarse
    enough = next((n for n in range(5) if _number(ends, n) >= count - 1), 4)
    if len(ends) > _MOST_ENDS:
        ends = {place: level for place, level in ends.items() if level <= enough}
    paragraphs = _number(ends, 0)
    if paragraphs >= count:
        ends = {place: level for place, level in ends.items() if level == 0}
    places = list(ends)
    if len(places) < count:
        return _shared(text, places, ends)
    return _shared(text, _cheapest(text, ends, count), ends)


def joined_lines(text: str) -> str:
    """Return a text with its white space collapsed; none is put between letters without spaces."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    joined = lines[0] if lines else ""
    for one, other in pairwise(lines):
        joined += ("" if _is_unspaced(one[-1]) and _is_unspaced(other[0]) else " ") + other
    return joined


def _number(ends: dict[int, int], level: int) -> int:
    return sum(at <= level for at in ends.values())


def _shared(text: str, places: list[int], ends: dict[int, int]) -> SharedText:
    lines = [place for place, level in ends.items() if level <= 1]
    parts = []
    for first, stop in pairwise([0, *places, len(text)]):
        inner = [place for place in lines if first < place < stop]
        rows = [text[a:b] for a, b in pairwise([first, *inner, stop])]
        parts.append("\n".join(map(joined_lines, rows)))
    return SharedText(tuple(parts), max((ends[place] for place in places), default=0))


def _ends(text: str, language: str) -> dict[int, int]:
    """Return where a part may begin, in order, each with the level of the end before it."""
    levels: dict[int, int] = {}

    def add(place: int, level: int) -> None:
        levels[place] = min(level, levels.get(place, level))

    for match in _PARAGRAPH.finditer(text):
        add(match.end(), 0)
    for first, stop in pairwise([0, *sorted(levels), len(text)]):
        if not _is_wrapped(text[first:stop].rstrip("\n").split("\n")):
            for match in re.finditer(r"\n\s*", text[first:stop].rstrip()):
                add(first + match.end(), 1)
    for match in _SENTENCE.finditer(text):
        place = match.end()
        before, after = text[max(0, place - 24) : place], text[place : place + 24]
        if after and not _is_abbreviated(before, after, language):
            add(place, 2)
    for match in _CLAUSE.finditer(text):
        add(match.end(), 3)
    base = language.partition("-")[0].lower()
    if base in ("th", "lo", "km", "my"):  # Their clauses end in a space.
        for match in re.finditer(r"\s+", text):
            add(match.end(), 3)
    place = 0
    for phrase in split_phrases(text, language):
        place += len(phrase)
        add(place, 4)
    return _far_apart(text, levels)


def _far_apart(text: str, levels: dict[int, int]) -> dict[int, int]:
    """Drop ends that leave a part without a word, or a clause or phrase that is too short."""
    kept = [0, len(text)]
    for finest in range(len(LEVELS)):
        for place in sorted(place for place, level in levels.items() if level == finest):
            at = bisect_left(kept, place)
            parts = (
                text[max(kept[at - 1], place - 200) : place],
                text[place : min(kept[at], place + 200)],
            )
            if all(_is_enough(part, finest) for part in parts):
                kept.insert(at, place)
    return {place: levels[place] for place in kept[1:-1]}


def _is_enough(part: str, level: int) -> bool:
    letters = sum(map(str.isalnum, part))
    if level < 3:
        return letters > 0
    unspaced = len(UNSPACED.findall(part))
    return letters - unspaced >= _LEAST_LETTERS or unspaced >= _LEAST_UNSPACED


def _is_wrapped(lines: list[str]) -> bool:
    """Whether lines were wrapped by an editor: all but the last are about as long as its margin."""
    lengths = [len(line.rstrip()) for line in lines]
    longest = max(lengths)
    return longest >= _WRAPPED and all(length > 0.75 * longest for length in lengths[:-1])


def _is_abbreviated(before: str, after: str, language: str) -> bool:
    """Whether a full stop is that of an abbreviation or a number, and ends no sentence."""
    if after[0].islower() or _LIST_NUMBER.search(before):
        return True
    return ends_no_sentence(before.rsplit(maxsplit=1)[-1], after, language)


def _is_unspaced(letter: str) -> bool:
    return bool(UNSPACED.match(letter)) or letter in "、。，！？；：「」『』（）…"


def _cheapest(text: str, ends: dict[int, int], count: int) -> list[int]:
    """Return the cheapest ``count - 1`` of the ends (dynamic programming over all).

    They hold every paragraph's end if there are fewer.
    """
    bounds = [0, *ends, len(text)]
    letters = np.cumsum([0, *(len(text[a:b].strip()) for a, b in pairwise(bounds))])
    passed = np.cumsum([0, *(level == 0 for level in ends.values()), 0])
    stop = np.arange(len(bounds))
    start = stop[:, None] - np.arange(1, min(len(bounds), _REACH * len(bounds) // count + 2))
    lengths = (letters[:, None] - letters[start]) * count / letters[-1]
    crosses = passed[stop - 1][:, None] > passed[start]
    is_part = (start >= 0) & (lengths > 0) & ~(crosses & (passed[-1] < count))
    deviation = np.where(is_part, (lengths - 1) ** 2, np.inf)
    price = np.array([0.0, *(_COSTS[level] for level in ends.values()), 0.0])
    best, back = np.where(stop > 0, np.inf, 0.0), []
    for _ in range(count):
        total = best[start] + deviation
        chosen_start = total.argmin(axis=1)
        back.append(start[stop, chosen_start])
        best = total[stop, chosen_start] + price
    chosen, end = [], len(bounds) - 1
    for step in reversed(back[1:]):
        end = int(step[end])
        chosen.append(bounds[end])
    return chosen[::-1]
