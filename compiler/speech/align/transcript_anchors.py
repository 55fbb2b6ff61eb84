"""Anchors: the words of a transcript matched to the tokens of the script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ...script.tokens import Token, tokenize
from ...sync.types import Interval
from ..transcripts.base import Timed, Transcript
from .text_align import align_words

MIN_RUN = 3
"""Consecutive matches from which a match is trusted."""
MOST_QUOTED = 8
"""Words of the transcript that a message quotes."""


@dataclass(frozen=True, slots=True)
class TranscriptAnchors:
    """The tokens of a script matched to a transcript.

    Attributes:
        tokens: of the script.
        times: of each token; None without a match.
        words: of the transcript, as shown.
        matched: first and last word of the match of each token.
        timed: see `Transcript`.
    """

    tokens: tuple[Token, ...]
    times: tuple[Interval | None, ...]
    words: tuple[str, ...]
    matched: tuple[tuple[int, int] | None, ...]
    timed: Timed

    @classmethod
    def of(
        cls, tokens: Sequence[Token], transcript: Transcript, language: str
    ) -> TranscriptAnchors:
        """Match by the spoken forms of both."""
        script, owners = _spoken_forms(tokens)
        words = transcript.words
        spoken: list[str] = []
        word_of: list[int] = []
        for index, word in enumerate(words):
            for token in tokenize(word.text, language):
                spoken += token.readings[0]
                word_of += [index] * len(token.readings[0])
        matched: list[tuple[int, int] | None] = [None] * len(tokens)
        for place, found in enumerate(align_words(script, spoken)):
            if found is None:
                continue
            owner, last = owners[place], word_of[found]
            before = matched[owner]
            matched[owner] = (before[0] if before else last, last)
        return cls(
            tokens=tuple(tokens),
            times=tuple(
                Interval(words[pair[0]].start, words[pair[1]].end) if pair else None
                for pair in matched
            ),
            words=tuple(word.text for word in words),
            matched=tuple(matched),
            timed=transcript.timed,
        )

    def matched_share(self, tokens: Sequence[int]) -> float:
        """Return the share of some tokens that have a match, 0..1."""
        return sum(self.matched[index] is not None for index in tokens) / max(1, len(tokens))

    def trusted(self) -> list[int]:
        """Return the tokens matched in runs of `MIN_RUN` or more consecutive words."""
        trusted: list[int] = []
        run: list[int] = []
        last = -2
        for index, pair in enumerate(self.matched):
            if pair is None or not last < pair[0] <= last + 2:
                trusted += run if len(run) >= MIN_RUN else []
                run = []
            if pair is not None:
                run.append(index)
                last = pair[1]
        return trusted + (run if len(run) >= MIN_RUN else [])

    def nearest_passage(self, tokens: Sequence[int]) -> tuple[str, float]:
        """Return the passage of the transcript most like some tokens, and their common share.

        Args:
            tokens: their numbers.

        Returns:
            The passage, and the share of the tokens' spoken words that it has, 0..1.
        """
        wanted = Counter(w for index in tokens for w in self.tokens[index].readings[0])
        spoken = [_spoken(text) for text in self.words]
        size = min(len(tokens), len(spoken))
        best, place = -1, 0
        window: Counter[str] = Counter(w for words in spoken[:size] for w in words)
        for start in range(len(spoken) - size + 1):
            if start:
                window.subtract(spoken[start - 1])
                window.update(spoken[start + size - 1])
            common = sum(min(count, window[word]) for word, count in wanted.items())
            if common > best:
                best, place = common, start
        quoted = self.words[place : place + min(size, MOST_QUOTED)]
        passage = " ".join(quoted) + (" …" if size > MOST_QUOTED else "")
        return passage, max(0, best) / max(1, wanted.total())

    def interpolated(self, duration: Fraction) -> list[Interval]:
        """Return times of all tokens; unmatched ones share the time between their neighbours."""
        return spread(self.tokens, self.times, Interval(Fraction(0), duration))


def spread(
    tokens: Sequence[Token], times: Sequence[Interval | None], room: Interval
) -> list[Interval]:
    """Return times of all tokens; those without one share the time between their neighbours.

    Args:
        tokens: in order.
        times: of each token, as far as it is known; those outside the room are cut off.
        room: of all tokens.
    """
    spread: list[Interval] = []
    index = 0
    while index < len(tokens):
        known = times[index]
        if known is not None:
            earliest = max(room.start, spread[-1].end if spread else room.start)
            start = min(max(known.start, earliest), max(room.end, earliest))
            spread.append(Interval(start, max(start, min(known.end, room.end))))
            index += 1
            continue
        stop = index
        while stop < len(tokens) and times[stop] is None:
            stop += 1
        begin = spread[-1].end if spread else room.start
        following = times[stop] if stop < len(tokens) else None
        end = max(begin, min(following.start, room.end) if following else room.end)
        spread += _split_time(tokens[index:stop], Interval(begin, end))
        index = stop
    return spread


@lru_cache(maxsize=1 << 16)
def _spoken(text: str) -> list[str]:
    return [word for token in tokenize(text) for word in token.readings[0]]


def _spoken_forms(tokens: Sequence[Token]) -> tuple[list[str], list[int]]:
    """Return the spoken words of the first readings, and the token of each word."""
    words: list[str] = []
    owners: list[int] = []
    for index, token in enumerate(tokens):
        words += token.readings[0]
        owners += [index] * len(token.readings[0])
    return words, owners


def _split_time(tokens: Sequence[Token], interval: Interval) -> list[Interval]:
    """Split an interval between tokens by letter count."""
    weights = [sum(map(len, token.readings[0])) for token in tokens]
    total = sum(weights)
    times = []
    start = interval.start
    for weight in weights:
        end = start + interval.duration * Fraction(weight, total)
        times.append(Interval(start, end))
        start = end
    return times
