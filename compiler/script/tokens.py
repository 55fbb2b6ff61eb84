"""Tokenise the script's text, and expand numbers and symbols to spoken words.

A token is a word with its punctuation or, in scripts without spaces, a letter. Captions show its
text; alignment uses its readings, the number words of ``117`` for one: *one hundred seventeen*.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import num2words

UNSPACED = re.compile(
    r"[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
    r"\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which are written without spaces."""
_CURRENCIES = {
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "¥": ("yen", "yen"),
}
_SIGNS = {"%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "°": "degrees"}
_ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miss",
    "dr": "doctor",
    "st": "saint",
    "vs": "versus",
    "etc": "et cetera",
    "km": "kilometers",
    "kg": "kilograms",
    "cm": "centimeters",
    "mm": "millimeters",
    "no": "no",
}
_NUMBER = re.compile(
    r"(?P<sign>[-−])?(?P<currency>[$€£¥])?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?"
    r"(?P<rest>st|nd|rd|th|s|%|°|[$€£¥])?",
    re.IGNORECASE,
)
_PIECE = re.compile(
    rf"{_NUMBER.pattern}|[^\W\d_]+(?:'[^\W\d_]+)*|[{''.join(_SIGNS)}]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as shown, and its readings (tuples of lower-case spoken words), the likeliest first.

    Punctuation without a reading is part of the token beside it.
    """

    text: str
    readings: tuple[tuple[str, ...], ...]


def tokenize(text: str, language: str = "en") -> list[Token]:
    """Split a text into tokens, each with at least one reading.

    >>> [token.text for token in tokenize("He climbed 117 steps — alone.")]
    ['He', 'climbed', '117', 'steps —', 'alone.']
    """
    tokens: list[Token] = []
    lead = ""
    for chunk in unicodedata.normalize("NFC", text).split():
        for part in _split_unspaced(chunk):
            spoken = readings(part, language)
            if spoken:
                tokens.append(Token(lead + part, spoken))
                lead = ""
            elif tokens and not lead:
                joint = "" if UNSPACED.search(tokens[-1].text[-1]) else " "
                tokens[-1] = Token(tokens[-1].text + joint + part, tokens[-1].readings)
            else:
                lead += f"{part} "
    return tokens


def _split_unspaced(chunk: str) -> list[str]:
    """Split text without spaces into letters; combining marks stay with their letter."""
    if not UNSPACED.search(chunk):
        return [chunk]
    parts: list[str] = []
    for letter in chunk:
        spaced = parts and not UNSPACED.search(letter) and not UNSPACED.search(parts[-1][-1])
        if parts and (spaced or not letter.isalnum() or unicodedata.combining(letter)):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


@lru_cache(maxsize=1 << 15)
def readings(token: str, language: str = "en") -> tuple[tuple[str, ...], ...]:
    """Return the readings of one token, the likeliest first; none for punctuation.

    >>> readings("1904,")[:2]
    (('nineteen', 'oh', 'four'), ('one', 'thousand', 'nine', 'hundred', 'and', 'four'))
    """
    plain = unicodedata.normalize("NFKC", token).replace("’", "'").replace("‘", "'")
    found: list[tuple[str, ...]] = [()]
    for match in _PIECE.finditer(plain):
        options = _piece(match, language)
        found = [reading + more for reading in found for more in options][:8]
    return tuple(reading for reading in dict.fromkeys(found) if reading)


def _piece(match: re.Match[str], language: str) -> list[tuple[str, ...]]:
    word = match[0].lower()
    if match["whole"] is not None:
        return _number(match, language)
    if word in _SIGNS:
        return [(_SIGNS[word],)] if language == "en" else [()]
    if language == "en" and word in _ABBREVIATIONS and match[0] != word.upper():
        return [tuple(_ABBREVIATIONS[word].split()), (word,)]
    if language == "en" and match[0].isupper() and 2 <= len(word) <= 5 and word.isalpha():
        return [(word,), tuple(word)]
    return [(word,)]


def _number(match: re.Match[str], language: str) -> list[tuple[str, ...]]:
    whole = int(match["whole"].replace(",", ""))
    part, rest = match["part"], (match["rest"] or "").lower()
    currency = match["currency"] or (rest if rest in _CURRENCIES else "")
    minus: tuple[str, ...] = ("minus",) if match["sign"] else ()
    cardinal = _words(lambda: num2words.num2words(whole, lang=language))
    ways = [cardinal, tuple(word for word in cardinal if word != "and")]
    if language != "en":
        return [minus + ways[0]]
    if rest in ("st", "nd", "rd", "th"):
        return [_words(lambda: num2words.num2words(whole, to="ordinal"))]
    if part is not None:
        digits = tuple(num2words.num2words(int(digit)) for digit in part)
        ways = [(*way, "point", *digits) for way in ways]
        if currency:
            names = _CURRENCIES[currency]
            cents = _words(lambda: num2words.num2words(int(part)))
            return [(*cardinal, names[1], *cents), (*cardinal, names[1], "and", *cents, "cents")]
    elif "," not in match["whole"] and 1000 <= whole <= 2099 and not currency:
        year = _words(lambda: num2words.num2words(whole, to="year"))
        digits = tuple(num2words.num2words(int(digit)) for digit in match["whole"])
        ways = [_plural(year) if rest == "s" else year, *ways, digits]
    elif len(match["whole"]) > 1 and match["whole"].startswith("0"):
        ways = [tuple(num2words.num2words(int(digit)) for digit in match["whole"])]
    if whole in (100, 1000, 1_000_000):
        ways.append(("a", *cardinal[1:]))
    if currency:
        ways = [(*way, _CURRENCIES[currency][whole != 1]) for way in ways]
    elif rest in _SIGNS:
        ways = [(*way, _SIGNS[rest]) for way in ways]
    return list(dict.fromkeys(minus + way for way in ways))


def _plural(words: tuple[str, ...]) -> tuple[str, ...]:
    last = words[-1]
    return (*words[:-1], last[:-1] + "ies" if last.endswith("y") else last + "s")


def _words(spell: Callable[[], str]) -> tuple[str, ...]:
    try:
        text = spell()
    except (NotImplementedError, OverflowError, ValueError):
        return ("number",)
    return tuple(re.findall(r"[^\W\d_]+", text.lower().replace("-", " ")))
