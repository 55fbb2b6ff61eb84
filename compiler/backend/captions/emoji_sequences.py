"""Emoji in a text, which are one or several characters: https://unicode.org/reports/tr51/."""

from __future__ import annotations

import re

_PICTURES = (
    "\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653"
    "\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa"
    "\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c"
    "\u2b50\u2b55"
)
"""Characters that are pictures unless U+FE0E follows (``Emoji_Presentation``)."""
_ANY = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_TONE = "[\U0001f3fb-\U0001f3ff]"
_ENDING = rf"(?:\ufe0f|{_TONE})?\u20e3?[\U000e0020-\U000e007f]*"
SEQUENCE = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    rf"|(?:[{_PICTURES}](?!\ufe0e)|[{_ANY}](?=\ufe0f|{_TONE})){_ENDING}"
    rf"(?:\u200d[{_ANY}]{_ENDING})*"
)
"""An emoji: with a skin tone, joined ones, a flag, a keycap."""


def simplified(text: str) -> str:
    """Return a text with one character for each emoji.

    >>> len(simplified("a \U0001f44b\U0001f3fd"))
    3
    """
    return text if text.isascii() else SEQUENCE.sub("\U0001f600", text)
