"""Pronunciations: the CMU dictionary, and letter-to-sound rules for unknown words.

Phones are the ARPAbet of the CMU Pronouncing Dictionary, without stress. The rules are the common
correspondences of English spelling, longest first: alignment needs only about the right number and
kind of phones.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from functools import cache, lru_cache

from .acoustic_model import FOLDER

MOST_VARIANTS = 4
"""Most pronunciations of a word."""
_RULES = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ough": "OW", "augh": "AO",
    "eigh": "EY", "igh": "AY", "tch": "CH", "dge": "JH", "sch": "SH", "ing": "IH NG",
    "air": "EH R", "ear": "IH R", "eer": "IH R", "oor": "AO R", "our": "AW R", "qu": "K W",
    "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "ck": "K", "ng": "NG", "gh": "G",
    "kn": "N", "wr": "R", "gn": "N", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW",
    "oa": "OW", "oi": "OY", "oy": "OY", "ai": "EY", "ay": "EY", "ei": "EY", "ey": "IY",
    "ie": "IY", "au": "AO", "aw": "AO", "ew": "UW", "ue": "UW", "ui": "UW", "ar": "AA R",
    "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER", "ce": "S EH", "ci": "S IH", "cy": "S IY",
    "ge": "JH EH", "gi": "JH IH", "bb": "B", "cc": "K", "dd": "D", "ff": "F", "gg": "G",
    "ll": "L", "mm": "M", "nn": "N", "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH",
    "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P",
    "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S",
    "y": "IY", "z": "Z",
}  # fmt: skip
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_VOWELS = "aeiouy"


@lru_cache(maxsize=1 << 16)
def pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the pronunciations of a lower-case word, the commonest first; at least one.

    Upper-case words are phones themselves, separated by spaces.

    >>> pronunciations("the")
    (('DH', 'AH'), ('DH', 'IY'))
    >>> pronunciations("DH AH")
    (('DH', 'AH'),)
    """
    if word.isupper():
        return (tuple(word.split()),)
    known = _known(word)
    if known:
        return known
    stem, mark, ending = word.rpartition("'")
    if mark and ending in _ENDINGS and _known(stem):
        return tuple((*way, *more) for way in pronunciations(stem) for more in _ENDINGS[ending])
    return (tuple(phones(word).split()),)


_ENDINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "s": (("Z",), ("S",), ("AH", "Z")),
    "": ((),),
    "d": (("D",), ("AH", "D")),
    "ll": (("AH", "L"),),
    "ve": (("AH", "V"),),
    "re": (("ER",),),
}


def _known(word: str) -> tuple[tuple[str, ...], ...]:
    """Look a word up in the CMU Pronouncing Dictionary; empty if it is not there."""
    lines = _dictionary()
    found = []
    for variant in range(1, MOST_VARIANTS + 1):
        head = f"{word} " if variant == 1 else f"{word}({variant}) "
        place = bisect_left(lines, head)
        if place == len(lines) or not lines[place].startswith(head):
            break
        found.append(tuple(lines[place][len(head) :].split()))
    return tuple(found)


@cache
def _dictionary() -> list[str]:
    """Read the lines of the dictionary, 135,000, in order. Parsing takes 20 times as long."""
    return sorted((FOLDER / "cmudict.dict").read_text(encoding="utf-8").splitlines())


def phones(word: str) -> str:
    """Return ARPAbet phones of a word by the rules, separated by spaces; at least one.

    >>> phones("gvideo")
    'G V IH D EH AA'
    """
    letters = "".join(
        letter for letter in unicodedata.normalize("NFKD", word.casefold()) if "a" <= letter <= "z"
    )
    found: list[str] = []
    place = 0
    while place < len(letters):
        if _is_silent_e(letters, place):
            place += 1
            continue
        if _is_long(letters, place):
            found.append(_LONG[letters[place]])
            place += 1
            continue
        length = next(n for n in (4, 3, 2, 1) if letters[place : place + n] in _RULES)
        found += _RULES[letters[place : place + length]].split()
        place += length
    return " ".join(found) or "AH"


def _is_silent_e(letters: str, place: int) -> bool:
    last = place == len(letters) - 1
    return letters[place] == "e" and last and any(v in letters[:place] for v in _VOWELS)


def _is_long(letters: str, place: int) -> bool:
    """Whether a vowel is long: before one consonant and a final e."""
    return (
        letters[place] in _LONG
        and place + 3 == len(letters)
        and letters[place + 2] == "e"
        and letters[place + 1] not in _VOWELS + "wxr"
        and (place == 0 or letters[place - 1] not in "aeiou")
    )
