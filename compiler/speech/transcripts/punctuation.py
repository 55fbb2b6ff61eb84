"""Bare words given back the punctuation of the text that stands beside them."""

from __future__ import annotations

from collections.abc import Sequence

from .base import RawWord
from .words import is_spoken

_FARTHEST = 80
"""Characters between a word's end and the next one's start that are searched."""


def punctuate(words: Sequence[RawWord], text: str) -> list[RawWord]:
    """The words as the text writes them, marks included; a word it lacks stays as it is.

    >>> from .base import RawWord
    >>> bare = [RawWord("stop", None, None, ""), RawWord("he", None, None, "")]
    >>> [word.text for word in punctuate(bare, "“Stop!” he said.")]
    ['“Stop!”', 'he']
    """
    folded = text.lower()
    if len(folded) != len(text):
        return list(words)
    shown = []
    clock = 0
    for word in words:
        bare = word.text.strip()
        begin = folded.find(bare.lower(), clock, clock + _FARTHEST + len(bare)) if bare else -1
        if begin < 0:
            shown.append(word)
            continue
        end = begin + len(bare)
        while begin > clock and not text[begin - 1].isspace() and not is_spoken(text[begin - 1]):
            begin -= 1
        while end < len(text) and not text[end].isspace() and not is_spoken(text[end]):
            end += 1
        shown.append(RawWord(text[begin:end], word.start, word.end, word.place))
        clock = end
    return shown
