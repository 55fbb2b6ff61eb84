"""Unspoken tokens: those that fit the sound too little, and the rest of their sentence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from ...script.full_stops import ends_sentence
from ...script.tokens import Token
from .pronunciation import pronunciations
from .segments import BEFORE, LONGEST_SEGMENT
from .viterbi import AlignedPiece

MOSTLY = 0.5
"""Share of unspoken tokens from which a sentence is unspoken: a few short words fit anywhere."""
LONGEST_SENTENCE = 60
"""Tokens from which a text without punctuation is not taken for one sentence."""
FASTEST = 4
"""Frames of a phone at the fastest pace."""


def unspoken_runs(
    tokens: Sequence[Token], skipped: Sequence[int], is_spoken: Callable[[Sequence[int]], bool]
) -> list[list[int]]:
    """Return unspoken tokens in runs, each within a sentence.

    Args:
        tokens: of the script.
        skipped: numbers of the doubtful ones, ascending.
        is_spoken: whether a run of them is spoken nevertheless.
    """
    doubtful = set(skipped)
    unspoken = []
    for sentence in _sentences(tokens):
        runs = [
            run
            for run in consecutive([number for number in sentence if number in doubtful])
            if not is_spoken(run)
        ]
        mostly = MOSTLY * len(sentence) < sum(map(len, runs)) and len(sentence) <= LONGEST_SENTENCE
        unspoken += [sentence] if mostly and not is_spoken(sentence) else runs
    return unspoken


def room_of(run: Sequence[int], scripted: Sequence[AlignedPiece], frames: int) -> tuple[int, int]:
    """Return the frames between the neighbours of a run of tokens, of so many frames in all."""
    place = bisect_left(scripted, run[0], key=lambda piece: piece.token)
    after = bisect_left(scripted, run[-1] + 1, key=lambda piece: piece.token)
    begin = scripted[place - 1].end if place else 0
    return begin, scripted[after].start if after < len(scripted) else frames


def without_room(
    tokens: Sequence[Token],
    skipped: Sequence[int],
    trusted: frozenset[int],
    scripted: Sequence[AlignedPiece],
    frames: int,
) -> list[list[int]]:
    """Return the runs of skipped tokens that there is no time to say.

    Args:
        tokens: of the script.
        skipped: numbers of the doubtful ones, ascending.
        trusted: those that are spoken for certain.
        scripted: anchors, in order.
        frames: of the recording.
    """
    found = []
    for run in consecutive(skipped):
        first, last = room_of(run, scripted, frames)
        room = last - first if last - first < LONGEST_SEGMENT else BEFORE
        phones = sum(len(pronunciations(w)[0]) for i in run for w in tokens[i].readings[0])
        if room < FASTEST * phones and not trusted.intersection(run):
            found.append(run)
    return found


def without(numbers: Iterable[int], runs: Iterable[Sequence[int]]) -> list[int]:
    """Return the numbers that are in no run."""
    left_out = {number for run in runs for number in run}
    return [number for number in numbers if number not in left_out]


def consecutive(numbers: Iterable[int]) -> list[list[int]]:
    """Group ascending numbers into consecutive runs."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _sentences(tokens: Sequence[Token]) -> list[list[int]]:
    sentences: list[list[int]] = [[]]
    following = [*(token.text for token in tokens[1:]), ""]
    for number, (token, after) in enumerate(zip(tokens, following, strict=True)):
        sentences[-1].append(number)
        if token.line_end or ends_sentence(token.text, after, ""):
            sentences.append([])
    return [sentence for sentence in sentences if sentence]
