"""Where words may be parted: into two lines, or into two captions.

What reads well is what broadcasters ask of subtitles: break after punctuation, keep an article with
its noun and a preposition or conjunction with what follows, keep the lines about as long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from .words import SpokenWord

Measure: TypeAlias = Callable[[Sequence[SpokenWord]], float]
"""The width of words on one line, in any unit."""

CLAUSE_END = re.compile(r"[,;:–—、，；：،؛][\"'”’»)\]」』）]*$")
SENTENCE_END = re.compile(r"[.!?…。！？؟۔।][\"'”’»)\]」』）]*$")
_NEVER_FIRST = re.compile(
    r"[,.;:!?…)\]}”’»、。，；：！？」』）】〕ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%]"
)
"""Marks that never begin a line (the Japanese ones: JIS X 4051)."""
_NEVER_LAST = re.compile(r"[(\[{“‘«¿¡「『（【〔$£€]$")
_LEANING = {
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
"""Words that lean on the next one, by language: a line that ends with one reads badly."""
_LEANS = {language: frozenset(words.split()) for language, words in _LEANING.items()}


def two_lines(
    words: Sequence[SpokenWord], width: float, measure: Measure, language: str
) -> int | None:
    """Where to break words into two lines: 0 for one line, None where two don't hold them.

    The two lines are about as long, the upper one rather the shorter.
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


def halve(words: Sequence[SpokenWord], measure: Measure, language: str) -> int:
    """Where to part words that two lines don't hold: at a pause or a comma, else in the middle."""
    total = measure(words)

    def cost(place: int) -> float:
        off_centre = abs(measure(words[:place]) / total - 0.5)
        pause = max(0.0, words[place].start - words[place - 1].end)
        return off_centre - min(pause, 0.5) + roughness(words, place, language)

    return min(range(1, len(words)), key=cost)


def roughness(words: Sequence[SpokenWord], place: int, language: str) -> float:
    """How badly a break before a word reads: below zero after a clause, one where it is wrong."""
    before, after = words[place - 1].text, words[place].text
    if _NEVER_FIRST.match(after) or _NEVER_LAST.search(before):
        return 1.0
    if CLAUSE_END.search(before) or SENTENCE_END.search(before):
        return -0.3
    leans = _LEANS.get(language.partition("-")[0].lower(), frozenset())
    return 0.35 if before.lower().strip("\"'“”‘’«»(") in leans else 0.0
