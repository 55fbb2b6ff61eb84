"""Read Japanese in kana, as it is pronounced.

espeak-ng and uroman cannot read kanji. fugashi (MeCab, https://github.com/polm/fugashi) splits a
text into the words of IPADIC, which has the pronunciation of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...script.tokens import UNSPACED, Token, bare

EXTRA = "pip install 'otio-gvideo[japanese]'"
_SPOKEN = str.maketrans("ヲヂヅ", "オジズ")
"""Kana of one sound."""
_PRONUNCIATION = 8
"""Place of the pronunciation in IPADIC's features; unknown words have fewer."""
_MONTH = re.compile("[０-９]+月")
"""A word of IPADIC. A number is a token of its own here."""
_WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
"""In IPADIC digits are full-width."""


@dataclass(frozen=True, slots=True)
class JapaneseWord:
    """A word of the dictionary, or text that is not Japanese.

    Attributes:
        letters: its tokens.
        kana: its pronunciation in katakana; the text of an unknown word.
    """

    letters: tuple[Token, ...]
    kana: str


def is_japanese(language: str) -> bool:
    """Whether a language code is Japanese, in ISO 639-1 or 639-3, with or without a region."""
    return language.lower().split("-")[0] in ("ja", "jpn")


def can_read_kanji(language: str) -> bool:
    """Whether a language is Japanese, and the packages that read it are installed."""
    return is_japanese(language) and all(find_spec(name) for name in ("fugashi", "ipadic"))


def japanese_words(tokens: Sequence[Token]) -> list[JapaneseWord]:
    """Group Japanese letters into words, and read them.

    A token that is no Japanese letter is a word of its own.

    Args:
        tokens: of a sentence or more, which decides on readings.
    """
    owners = [place for place, token in enumerate(tokens) for _ in token.text]
    kana = [""] * len(tokens)
    begins = set()
    for start, surface, spoken in _dictionary_words("".join(token.text for token in tokens)):
        if UNSPACED.search(surface):
            kana[owners[start]] += spoken
            begins.add(owners[start])
    words: list[JapaneseWord] = []
    for place, token in enumerate(tokens):
        spoken = kana[place] or bare(token.text)
        if (
            not words
            or place in begins
            or not all(UNSPACED.search(one.text) for one in (token, words[-1].letters[-1]))
        ):
            words.append(JapaneseWord((token,), spoken))
        else:
            last = words[-1]
            words[-1] = JapaneseWord((*last.letters, token), last.kana + kana[place])
    return words


def kana_of(tokens: Sequence[Token]) -> list[str]:
    """Return the pronunciation of each token: the letters of a word share its kana evenly."""
    return [
        "".join(part)
        for word in japanese_words(tokens)
        for part in np.array_split(list(word.kana), len(word.letters))
    ]


def _dictionary_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the place, the text and the pronunciation of each word."""
    wide = text.translate(_WIDE_DIGITS)
    end = 0
    for word in _tagger()(wide):
        start = wide.index(word.surface, end)
        end = start + len(word.surface)
        spoken = word.feature[_PRONUNCIATION] if len(word.feature) > _PRONUNCIATION else "*"
        if _MONTH.match(word.surface):
            start, spoken = end - 1, "ガツ"
        surface = text[start:end]
        yield start, surface, (surface if spoken == "*" else spoken).translate(_SPOKEN)


@cache
def _tagger() -> Any:
    import fugashi  # noqa: PLC0415 - optional
    import ipadic  # noqa: PLC0415 - optional

    return fugashi.GenericTagger(ipadic.MECAB_ARGS)
