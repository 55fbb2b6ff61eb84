"""Restore the punctuation of bare words from the full text."""

from __future__ import annotations

from collections.abc import Sequence

from .base import RawWord
from .words import is_spoken

_FARTHEST = 80
"""Characters searched between the end of a word and the start of the next."""


def punctuate(words: Sequence[RawWord], text: str) -> list[RawWord]:
    """Return the words as in the text, with punctuation; a word that it lacks stays bare.

    >>> from .base import RawWord
    >>> bare = [RawWord("stop", None, None, ""), RawWord("he", None, None, "")]
    >>> [word.text for word in punctuate(bare, "“Stop!” he said.")]
    ['“Stop!”', 'he']
    """
    folded = text.lower()
    if len(folded) != len(text):
        return list(words)
    punctuated = []
    position = 0
    for word in words:
        bare = word.text.strip()
        stop = position + _FARTHEST + len(bare)
        begin = folded.find(bare.lower(), position, stop) if bare else -1
        if begin < 0:
            punctuated.append(word)
            continue
        end = begin + len(bare)
        while begin > position and not text[begin - 1].isspace() and not is_spoken(text[begin - 1]):
            begin -= 1
        while end < len(text) and not text[end].isspace() and not is_spoken(text[end]):
            end += 1
        punctuated.append(RawWord(text[begin:end], word.start, word.end, word.place))
        position = end
    return punctuated
