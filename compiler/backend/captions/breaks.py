"""Line breaks: where to split words into two lines.

The rules are those of broadcasters for subtitles: break after punctuation, keep an article with its
noun and a preposition or conjunction with the next word, balance the lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ...script.full_stops import SENTENCE_END, ends_no_sentence
from .words import SpokenWord

Measure: TypeAlias = Callable[[Sequence[SpokenWord]], float]
"""The width of words on one line, in any unit."""

CLAUSE_END = re.compile(r"[,;:–—、，；：،؛][\"'”’»)\]」』）]*$")
_NEVER_FIRST = re.compile(
    r"[,.;:!?…)\]}”’»、。，；：！？」』）】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%]"
)
"""Characters that never start a line (Japanese: JIS X 4051)."""
_NEVER_LAST = re.compile(r"[(\[{“‘«¿¡「『（【〔$£€]$")
_PROCLITICS = {
    "en": "a an the and or but nor so as at by for from in into of on onto to with that which who "
    "than is are was were be my your his her its our their this these no not very",
    "de": "der die das den dem des ein eine einen einem einer und oder aber in im an am auf aus "
    "bei mit nach von vom zu zum zur für über unter vor dass als wie ist sind war mein sein "
    "ihr kein",
    "fr": "le la les un une des du de et ou mais dans en sur sous par pour avec sans à au aux que "
    "qui ne est sont ce cette mon ma mes son sa ses très",
    "es": "el la los las un una unos unas de del y e o u pero en con sin por para a al que se es "
    "son su sus mi mis no muy",
    "it": "il lo la i gli le un uno una di del della dei e o ma in con su per tra fra a al alla da "
    "dal che non è sono suo sua mio mia",
    "pt": "o a os as um uma de do da dos das e ou mas em no na com sem por para ao à que se é são "
    "seu sua meu minha não",
    "nl": "de het een en of maar in op aan van voor met door bij naar te om dat die is zijn mijn "
    "geen niet",
}
"""Words that belong to the next one, by language: no line should end with one, or a number."""
_PROCLITIC_SETS = {language: frozenset(words.split()) for language, words in _PROCLITICS.items()}


def two_lines(
    words: Sequence[SpokenWord], width: float, measure: Measure, language: str
) -> int | None:
    """Return where to break words into two lines: 0 for one line, None if they do not fit.

    The lines are balanced; of two equal breaks the one with the shorter upper line wins.
    """
    if measure(words) <= width or len(words) == 1:
        return 0
    best, least = None, math.inf
    for place in range(1, len(words)):
        upper = measure(words[:place])
        if upper > width and place > 1:
            break
        lower = measure(words[place:])
        if lower > width and place < len(words) - 1:
            continue
        uneven = abs(upper - lower) / width + (0.06 if upper > lower else 0)
        cost = uneven + roughness(words, place, language)
        if cost < least:
            best, least = place, cost
    return best


def roughness(words: Sequence[SpokenWord], place: int, language: str) -> float:
    """Return the cost of a break before a word: below 0 after a clause or verse, 1 if forbidden."""
    before, after = words[place - 1].text, words[place].text
    if _NEVER_FIRST.match(after) or _NEVER_LAST.search(before):
        return 1.0
    if words[place - 1].line_end:
        return -0.6
    if ends_no_sentence(before, after, language):
        return 0.35
    if CLAUSE_END.search(before) or SENTENCE_END.search(before):
        return -0.3
    proclitics = _PROCLITIC_SETS.get(language.partition("-")[0].lower(), frozenset())
    bare = before.lower().strip("\"'“”‘’«»(")
    return 0.35 if bare in proclitics or bare.isdecimal() else 0.0
