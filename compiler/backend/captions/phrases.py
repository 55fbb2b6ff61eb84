"""Phrases of writing systems without spaces: recognisers return letters, lines break between words.

BudouX (https://github.com/google/budoux) finds the phrases of Japanese, Chinese and Thai.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import budoux

from .words import SpokenWord, is_joined, join_words


def join_phrases(words: Sequence[SpokenWord], language: str) -> list[SpokenWord]:
    """Join the words of a phrase, which no line break and no highlight may divide.

    Args:
        words: in order of time.
        language: as in ``ja`` or ``zh-Hant``; of other languages the words are returned.
    """
    parser = _parser(language.lower())
    if parser is None:
        return list(words)
    joined: list[SpokenWord] = []
    for run in _runs(words):
        starts = _starts(parser(join_words(run)))
        place = 0
        for index, word in enumerate(run):
            if index and place not in starts:
                before = joined[-1]
                text, end = before.text + word.text, max(before.end, word.end)
                joined[-1] = replace(
                    before, text=text, end=end, line_end=word.line_end, spaced=word.spaced
                )
            else:
                joined.append(word)
            place += len(word.text)
    return joined


def split_phrases(text: str, language: str) -> list[str]:
    """Split a text where a phrase may begin: between words, or as BudouX does.

    >>> split_phrases("a b", "en")
    ['a ', 'b']
    """
    parser = _parser(language.lower())
    return re.findall(r"\S+\s*", text) if parser is None else parser(text)


def _starts(phrases: Sequence[str]) -> set[int]:
    places, place = set(), 0
    for phrase in phrases:
        places.add(place)
        place += len(phrase)
    return places


def _runs(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Return the runs of words of a scene and a line that are written without a space."""
    runs: list[list[SpokenWord]] = [[word] for word in words[:1]]
    for one, other in pairwise(words):
        is_same = one.scene == other.scene and not one.line_end
        if is_same and is_joined(one, other):
            runs[-1].append(other)
        else:
            runs.append([other])
    return runs


@cache
def _parser(language: str) -> Callable[[str], list[str]] | None:
    """Return the function that divides a text of a language into phrases, if there is one."""
    base, _, rest = language.partition("-")
    is_traditional = any(part in rest for part in ("hant", "tw", "hk"))
    load = {
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
        "zh": budoux.load_default_traditional_chinese_parser
        if is_traditional
        else budoux.load_default_simplified_chinese_parser,
    }.get(base)
    parse: Callable[[str], list[str]] | None = None if load is None else load().parse
    return parse
