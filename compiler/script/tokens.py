"""Tokenise the script's text, and expand numbers and symbols to spoken words.

A token is a word with its punctuation or, in scripts without spaces, a letter. Captions show its
text; alignment uses its readings, the number words of ``117`` for one: *one hundred seventeen*.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from .number_words import NUMBER, SIGNS, number_readings

UNSPACED = re.compile(
    r"[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
    r"\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
"""Letters of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which are written without spaces."""
VERSE_LINE = 60
"""Characters of the longest line of verse; wrapped prose has longer ones."""
ABBREVIATIONS = {
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
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
"""An emoji of a digit in a frame, which nobody says."""
_PIECE = re.compile(rf"{NUMBER.pattern}|[^\W\d_]+(?:'[^\W\d_]+)*|[{''.join(SIGNS)}]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as shown, and its readings (tuples of lower-case spoken words), the likeliest first.

    Punctuation without a reading is part of the token beside it.

    Attributes:
        text: with its punctuation.
        readings: at least one.
        line_end: whether it ends a line of verse, but not the last.
    """

    text: str
    readings: tuple[tuple[str, ...], ...]
    line_end: bool = False


def tokenize(text: str, language: str = "en") -> list[Token]:
    """Split a text into tokens, each with at least one reading.

    Line breaks count if every line is as short as those of verse (`VERSE_LINE`).

    >>> [token.text for token in tokenize("He climbed 117 steps — alone.")]
    ['He', 'climbed', '117', 'steps —', 'alone.']
    """
    tokens: list[Token] = []
    lead = ""
    for line in _lines(unicodedata.normalize("NFC", text)):
        if tokens:
            tokens[-1] = replace(tokens[-1], line_end=True)
        for part in (part for chunk in line.split() for part in _split_unspaced(chunk)):
            spoken = readings(part, language)
            if spoken:
                tokens.append(Token(lead + part, spoken))
                lead = ""
            elif tokens and not lead:
                joint = "" if UNSPACED.search(tokens[-1].text[-1]) else " "
                tokens[-1] = replace(tokens[-1], text=tokens[-1].text + joint + part)
            else:
                lead += f"{part} "
    return tokens


def _lines(text: str) -> list[str]:
    """Return the lines of verse; prose that is wrapped as one line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if all(len(line.strip()) <= VERSE_LINE for line in lines) else [text]


def bare(word: str) -> str:
    """Return a word without case and punctuation, for comparison; vowel signs stay.

    >>> bare("Café!") == bare("Cafe\u0301"), bare("का") == bare("की")
    (True, False)
    """
    plain = unicodedata.normalize("NFC", word).casefold()
    return "".join(
        letter
        for letter in plain
        if letter.isalnum() or (is_mark(letter) and not unicodedata.combining(letter))
    )


def is_mark(letter: str) -> bool:
    """Whether a character is a vowel sign, a tone or an accent of the letter before it."""
    return unicodedata.category(letter) in ("Mn", "Mc") and not "\ufe00" <= letter <= "\ufe0f"


def _split_unspaced(chunk: str) -> list[str]:
    """Split text without spaces into letters.

    Marks stay with the letter before them, opening brackets with the one after.

    >>> _split_unspaced("は「海。」3月")
    ['は', '「海。」', '3', '月']
    """
    if not UNSPACED.search(chunk):
        return [chunk]
    parts: list[str] = []
    for letter in chunk:
        last = parts[-1] if parts else ""
        is_spaced = not UNSPACED.search(letter) and not UNSPACED.search(last)
        is_mark = not letter.isalnum() or unicodedata.combining(letter)
        if last and (all(map(_opens, last)) or (not _opens(letter) and (is_spaced or is_mark))):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def _opens(letter: str) -> bool:
    """Whether it is an opening bracket or quotation mark."""
    return unicodedata.category(letter) in ("Ps", "Pi")


@lru_cache(maxsize=1 << 15)
def readings(token: str, language: str = "en") -> tuple[tuple[str, ...], ...]:
    """Return the readings of one token, the likeliest first; none for punctuation.

    >>> readings("1904,")[:2]
    (('nineteen', 'oh', 'four'), ('one', 'thousand', 'nine', 'hundred', 'and', 'four'))
    >>> readings("1\ufe0f\u20e3")
    ()
    """
    spoken = _KEYCAP.sub("", token)
    plain = unicodedata.normalize("NFKC", spoken).replace("’", "'").replace("‘", "'")
    found: list[tuple[str, ...]] = [()]
    for match in _PIECE.finditer(plain):
        options = _piece(match, language)
        found = [reading + more for reading in found for more in options][:8]
    return tuple(reading for reading in dict.fromkeys(found) if reading)


def _piece(match: re.Match[str], language: str) -> list[tuple[str, ...]]:
    word = match[0].lower()
    if match["whole"] is not None:
        return number_readings(match, language)
    if word in SIGNS:
        return [(SIGNS[word],)] if language == "en" else [()]
    if language == "en" and word in ABBREVIATIONS and match[0] != word.upper():
        return [tuple(ABBREVIATIONS[word].split()), (word,)]
    if language == "en" and match[0].isupper() and 2 <= len(word) <= 5 and word.isalpha():
        return [(word,), tuple(word)]
    return [(word,)]
