"""Ends of sentences; full stops of abbreviations, initials and ordinal numbers are none."""

from __future__ import annotations

import re

SENTENCE_END = re.compile(r"[.!?…。！？؟۔।][\"'”’»)\]」』）]*$")
_FULL_STOP = re.compile(r"[(\[{\"'“‘«„]*(?P<word>[^.]+|\w\.\w)\.[)\]\"'”’»]*")
_BEFORE_NUMBERS = frozenset({"no", "nr", "nos", "vol", "fig", "art", "núm", "nº"})
_ABBREVIATIONS = frozenset(
    {
        *("mr", "mrs", "ms", "dr", "st", "vs", "prof", "jr", "sen", "gen", "col"),
        *("bspw", "bzw", "ca", "evtl", "ggf", "hr", "fr", "inkl", "mio", "mrd", "tsd", "vgl"),
        *("mme", "mlle", "av", "bd", "sr", "sra", "srta", "dott", "sig"),
    }
)
_ORDINAL_LANGUAGES = frozenset(
    {
        *("bs", "cs", "da", "de", "et", "fi", "fo", "hr", "hu", "is", "lb", "lv", "nb", "nn"),
        *("no", "pl", "sk", "sl", "sr", "tr"),
    }
)
"""Languages in which ``16.`` is the sixteenth."""


def ends_sentence(word: str, following: str, language: str) -> bool:
    """Whether a sentence ends after a word, as shown; ``following`` is empty after the last one.

    Args:
        word, following, language: as in `ends_no_sentence`.
    """
    return bool(SENTENCE_END.search(word)) and not ends_no_sentence(word, following, language)


def ends_no_sentence(word: str, following: str, language: str) -> bool:
    """Whether the full stop of a word is that of an abbreviation, an initial or an ordinal.

    Args:
        word: with its punctuation, as in ``Mr.`` or ``16.``.
        following: the next word; empty after the last one.
        language: as in ``de`` or ``pt-BR``.

    >>> ends_no_sentence("16.", "Juli", "de"), ends_no_sentence("16.", "Then", "en")
    (True, False)
    >>> ends_no_sentence("No.", "5", "en"), ends_no_sentence("No.", "Never", "en")
    (True, False)
    """
    found = _FULL_STOP.fullmatch(word)
    if found is None or not following:
        return False
    plain = found["word"]
    if plain.isdecimal():
        return len(plain) <= 2 and language.partition("-")[0].lower() in _ORDINAL_LANGUAGES
    if len(plain) == 1:
        return plain.isupper() or "a" <= plain <= "z"
    if plain.lower() in _BEFORE_NUMBERS:
        return following[:1].isdecimal()
    return "." in plain or plain.lower() in _ABBREVIATIONS
