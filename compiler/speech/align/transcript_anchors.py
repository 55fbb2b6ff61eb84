"""A transcript as a guide to where the script's words are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...script.tokens import Token, tokenize
from ...sync.types import Interval
from ..transcripts.base import Timed, Transcript
from .text_align import align_words

VOUCHED = 3
"""Tokens in a row that are heard rather than guessed."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Where a transcript has the script's tokens, and which it has not.

    Attributes:
        tokens: of the script.
        times: of each token, None where it was not heard.
        heard: the transcript's words as shown.
        matched: for each token, the heard words that stand for it: first and last.
        timed: whether every word has times of its own, or shares those of its segment.
    """

    tokens: tuple[Token, ...]
    times: tuple[Interval | None, ...]
    heard: tuple[str, ...]
    matched: tuple[tuple[int, int] | None, ...]
    timed: Timed

    @classmethod
    def of(cls, tokens: Sequence[Token], transcript: Transcript, language: str) -> Guide:
        """Match a transcript's words to tokens by what is said for both."""
        script, owners = _spoken(tokens)
        words = transcript.words
        heard: list[str] = []
        heard_owners: list[int] = []
        for index, word in enumerate(words):
            for token in tokenize(word.text, language):
                heard += token.readings[0]
                heard_owners += [index] * len(token.readings[0])
        matched: list[tuple[int, int] | None] = [None] * len(tokens)
        for place, found in enumerate(align_words(script, heard)):
            if found is None:
                continue
            owner, word_index = owners[place], heard_owners[found]
            before = matched[owner]
            matched[owner] = (before[0] if before else word_index, word_index)
        return cls(
            tokens=tuple(tokens),
            times=tuple(
                Interval(words[pair[0]].start, words[pair[1]].end) if pair else None
                for pair in matched
            ),
            heard=tuple(word.text for word in words),
            matched=tuple(matched),
            timed=transcript.timed,
        )

    def share(self, tokens: Sequence[int]) -> float:
        """How many of some tokens the transcript has, 0..1."""
        return sum(self.matched[index] is not None for index in tokens) / max(1, len(tokens))

    def vouched(self) -> list[int]:
        """Tokens that it has in runs of at least three, one word after the other."""
        sure: list[int] = []
        run: list[int] = []
        last = -2
        for index, pair in enumerate(self.matched):
            if pair is None or not last < pair[0] <= last + 2:
                sure += run if len(run) >= VOUCHED else []
                run = []
            if pair is not None:
                run.append(index)
                last = pair[1]
        return sure + (run if len(run) >= VOUCHED else [])

    def nearest(self, tokens: Sequence[int], most: int = 8) -> tuple[str, float]:
        """The passage of the transcript that is most like some tokens, and how much of it agrees.

        Args:
            tokens: their numbers.
            most: words of the passage that are shown.

        Returns:
            The passage, and which share of what the tokens say is in it, 0..1.
        """
        wanted = Counter(w for index in tokens for w in self.tokens[index].readings[0])
        spoken = [[w for t in tokenize(text) for w in t.readings[0]] for text in self.heard]
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
        shown = self.heard[place : place + min(size, most)]
        passage = " ".join(shown) + (" …" if size > most else "")
        return passage, max(0, best) / max(1, wanted.total())

    def interpolated(self, duration: Fraction) -> list[Interval]:
        """Times for every token; what was not heard shares the time between its neighbours."""
        times: list[Interval] = []
        index = 0
        while index < len(self.tokens):
            known = self.times[index]
            if known is not None:
                start = max(known.start, times[-1].end) if times else known.start
                times.append(Interval(start, max(start, known.end)))
                index += 1
                continue
            stop = index
            while stop < len(self.tokens) and self.times[stop] is None:
                stop += 1
            begin = times[-1].end if times else Fraction(0)
            following = self.times[stop] if stop < len(self.tokens) else None
            end = max(begin, following.start if following else duration)
            times += _shared(self.tokens[index:stop], Interval(begin, end))
            index = stop
        return times


def _spoken(tokens: Sequence[Token]) -> tuple[list[str], list[int]]:
    """What is said for tokens by their first readings, and the token each word belongs to."""
    words: list[str] = []
    owners: list[int] = []
    for index, token in enumerate(tokens):
        words += token.readings[0]
        owners += [index] * len(token.readings[0])
    return words, owners


def _shared(tokens: Sequence[Token], stretch: Interval) -> list[Interval]:
    """A stretch of time shared between tokens in proportion to their letters."""
    weights = [sum(map(len, token.readings[0])) for token in tokens]
    total = sum(weights)
    times = []
    clock = stretch.start
    for weight in weights:
        end = clock + stretch.duration * Fraction(weight, total)
        times.append(Interval(clock, end))
        clock = end
    return times
