"""Align two lists of words: the script's to a transcript's.

Runs of words that occur once on either side are anchors (as in Bram Cohen's patience diff); between
anchors, words are matched by dynamic programming (Needleman and Wunsch, 1970) on their similarity.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

ALIKE = 0.6
"""Similarity from which two different words match."""
_SKIP = -0.35
_MOST_CELLS = 400_000


def align_words(script: Sequence[str], transcript: Sequence[str]) -> list[int | None]:
    """Return the index of the transcript word that matches each word of the script, or None.

    The pairs are in order on both sides. Words are compared verbatim: normalise them first. Linear
    in the length of the lists if they have anchors in common.

    >>> align_words(["then", "the", "storm", "came"], ["when", "the", "storm", "game"])
    [0, 1, 2, 3]
    """
    pairs = dict(_pairs(script, transcript, (0, len(script)), (0, len(transcript)), (4, 3, 2, 1)))
    return [pairs.get(index) for index in range(len(script))]


def _pairs(
    script: Sequence[str],
    transcript: Sequence[str],
    a: tuple[int, int],
    b: tuple[int, int],
    lengths: tuple[int, ...],
) -> Iterator[tuple[int, int]]:
    """Match ``script[a]`` to ``transcript[b]``, anchors of the longest length first."""
    start, end = a
    first, last = b
    while start < end and first < last and script[start] == transcript[first]:
        yield start, first
        start, first = start + 1, first + 1
    while start < end and first < last and script[end - 1] == transcript[last - 1]:
        end, last = end - 1, last - 1
        yield end, last
    if start == end or first == last:
        return
    if (end - start) * (last - first) <= 900 or not lengths:
        if (end - start) * (last - first) <= _MOST_CELLS:
            yield from _match(script, transcript, (start, end), (first, last))
        return
    anchors = _anchors(script, transcript, (start, end), (first, last), lengths[0])
    for mine, theirs in anchors:
        yield from _pairs(script, transcript, (start, mine), (first, theirs), lengths)
        for step in range(lengths[0]):
            yield mine + step, theirs + step
        start, first = mine + lengths[0], theirs + lengths[0]
    yield from _pairs(script, transcript, (start, end), (first, last), lengths[1:])


def _anchors(
    script: Sequence[str],
    transcript: Sequence[str],
    a: tuple[int, int],
    b: tuple[int, int],
    length: int,
) -> list[tuple[int, int]]:
    """Return runs of ``length`` words unique on either side, in order and without overlaps."""
    mine = _unique_runs(script, a, length)
    theirs = _unique_runs(transcript, b, length)
    pairs = sorted((place, theirs[run]) for run, place in mine.items() if run in theirs)
    # Longest increasing subsequence of the places in `transcript`.
    tails: list[int] = []
    chain: list[int] = []
    before: list[int] = [-1] * len(pairs)
    for index, (_, place) in enumerate(pairs):
        spot = bisect_left(tails, place)
        before[index] = chain[spot - 1] if spot else -1
        tails[spot : spot + 1] = [place]
        chain[spot : spot + 1] = [index]
    kept: list[tuple[int, int]] = []
    index = chain[-1] if chain else -1
    while index >= 0:
        kept.append(pairs[index])
        index = before[index]
    apart: list[tuple[int, int]] = []
    for pair in reversed(kept):
        if not apart or (pair[0] >= apart[-1][0] + length and pair[1] >= apart[-1][1] + length):
            apart.append(pair)
    return apart


def _unique_runs(
    words: Sequence[str], bounds: tuple[int, int], length: int
) -> dict[tuple[str, ...], int]:
    seen: dict[tuple[str, ...], int] = {}
    for place in range(bounds[0], bounds[1] - length + 1):
        run = tuple(words[place : place + length])
        seen[run] = -1 if run in seen else place
    return {run: place for run, place in seen.items() if place >= 0}


def _match(
    script: Sequence[str],
    transcript: Sequence[str],
    a: tuple[int, int],
    b: tuple[int, int],
) -> Iterator[tuple[int, int]]:
    """Match words by Needleman-Wunsch: greatest total similarity, with a small cost of gaps."""
    mine, theirs = script[a[0] : a[1]], transcript[b[0] : b[1]]
    rows: list[list[float]] = [[_SKIP * column for column in range(len(theirs) + 1)]]
    for word in mine:
        above = rows[-1]
        row = [above[0] + _SKIP]
        for column, other in enumerate(theirs):
            pair = above[column] + _score(word, other)
            row.append(max(pair, above[column + 1] + _SKIP, row[column] + _SKIP))
        rows.append(row)
    i, j = len(mine), len(theirs)
    while i and j:
        here = rows[i][j]
        if here == rows[i - 1][j - 1] + _score(mine[i - 1], theirs[j - 1]):
            if similarity(mine[i - 1], theirs[j - 1]) >= ALIKE:
                yield a[0] + i - 1, b[0] + j - 1
            i, j = i - 1, j - 1
        elif here == rows[i - 1][j] + _SKIP:
            i -= 1
        else:
            j -= 1


def _score(word: str, other: str) -> float:
    return 2 * similarity(word, other) - 1


@lru_cache(maxsize=1 << 16)
def similarity(word: str, other: str) -> float:
    """Return the similarity of two spellings, 0..1 (Ratcliff and Obershelp)."""
    if word == other:
        return 1.0
    if not word or not other or min(len(word), len(other)) / max(len(word), len(other)) < 0.4:
        return 0.0
    return SequenceMatcher(None, word, other, autojunk=False).ratio()
