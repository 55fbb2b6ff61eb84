"""The language that a text looks like (py3langid, https://github.com/adbar/py3langid)."""

from __future__ import annotations

from importlib import import_module

from ..script.tokens import UNSPACED

_LEAST_LETTERS = 24
"""Letters from which a guess is worth a word."""
_LEAST_UNSPACED = 6
"""The same of letters that are syllables or words."""
_LEAD = 10.0
"""Nats by which the likeliest language must lead the assumed one."""


def language_of(text: str) -> str:
    """Return the code of the language that a text is likely in; empty if it is too short to tell.

    >>> language_of("Am Morgen gingen wir zum See hinunter.")
    'de'
    """
    return other_language(text, "en") or ("en" if _is_long(text) else "")


def other_language(text: str, assumed: str) -> str:
    """Return the code of the language that a text looks like; empty if it may be the assumed one.

    Args:
        text: of a script.
        assumed: its language, as in ``en`` or ``pt-BR``.
    """
    if not _is_long(text):
        return ""
    rank = import_module("py3langid").rank  # It takes a third of a second, for an error alone.
    scores = {language: float(score) for language, score in rank(text)}
    best = max(scores, key=scores.__getitem__)
    base = assumed.partition("-")[0].lower()
    return best if base in scores and scores[best] > scores[base] + _LEAD else ""


def _is_long(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= (_LEAST_UNSPACED if UNSPACED.search(text) else _LEAST_LETTERS)
