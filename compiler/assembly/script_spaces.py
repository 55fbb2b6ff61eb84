"""Spaces between words as the script has them, where those of its writing systems differ."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from ..backend.captions.words import is_unspaced, is_wide


def spaces_between(words: Sequence[str], text: str) -> list[bool | None]:
    """Return whether a space follows each word; None is as its writing system has it.

    A space between two full-width letters may be a folded line break: it is none.

    Args:
        words: in order.
        text: of the script; words that are not in it are ignored.

    >>> spaces_between(["で", "2024", "年"], "で2024年")
    [False, False, None]
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    spaces: list[bool | None] = []
    end = 0
    for word, following in pairwise(words):
        start = text.find(word, end)
        end = end if start < 0 else start + len(word)
        is_spaced = not text.startswith(following, end)
        is_known = start >= 0 and (not is_spaced or text.startswith(f" {following}", end))
        are_wide = is_wide(word[-1]) and is_wide(following[0])
        is_usual = is_spaced != is_unspaced(word, following)
        spaces.append(None if is_usual or are_wide or not is_known else is_spaced)
    return [*spaces, *([None] if words else [])]
