"""Place words of a language without an acoustic model: by two passes that must agree.

Forced alignment in English phones gives the times: it finds every pause, leaves out words that are
not said, and passes over speech outside the script. DTW, with a synthesized voice and no model, is
the second opinion: where both are right they agree within a tenth of a second.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeAlias

import numpy as np

from ...script.tokens import Token
from ...sync.types import Interval
from .alignment_result import ForcedAlignment
from .dtw_align import dtw_align
from .forced_align import forced_align
from .foreign_edges import clipped_starts_moved, gathered, members_of, start_with_speech
from .foreign_phones import pronounced
from .japanese import can_read_kanji, japanese_words
from .narration_sound import NarrationSound
from .search_memo import SearchMemo
from .synthesis import phrases_of, plain_text
from .unspoken import consecutive

OTHER_TEXT = 0.25
"""Distance of a scene's margin below the median, as a share of the contrast, from which it is not
said."""
_ATTEMPTS = 3
"""Most rounds of leaving scenes out."""
_Group: TypeAlias = tuple[list[Token], str, int]
"""Tokens, their phones, and how many letters of their phrase cannot be read: with its first."""


@dataclass(frozen=True, slots=True)
class ForeignAlignment:
    """Tokens placed by both passes.

    Attributes:
        heard: the tokens as placed by forced alignment.
        apart: seconds from each token's start by forced alignment to its start by DTW; 0 if the
            first did not find it.
        distances: mean cosine distance of the two voices in each token, 0..2; about 0.6.
        paces: length of each token by DTW relative to the synthesized voice.
        unread: share of each scene's tokens that the synthesizer cannot read.
    """

    heard: ForcedAlignment
    apart: tuple[float, ...]
    distances: tuple[float, ...]
    paces: tuple[float, ...]
    unread: tuple[float, ...]


def foreign_align(
    scenes: Sequence[Sequence[Token]],
    sound: NarrationSound,
    language: str,
    on_progress: Callable[[float], None] | None = None,
    memo: SearchMemo | None = None,
) -> ForeignAlignment:
    """Place every token of every scene.

    Args:
        scenes: the tokens of each.
        sound: of the narration.
        language: one that the synthesizer can speak.
        on_progress: called with 0..1.
        memo: searches that were made before.

    Raises:
        WorkError: the synthesizer failed, or the narration has no speech.
    """
    report = on_progress or (lambda _: None)
    speech = sound.speech()
    groups = [_pronounced_groups(tokens, language) for tokens in scenes]
    unread = tuple(
        sum(count for _, _, count in one) / max(1, len(tokens))
        for one, tokens in zip(groups, scenes, strict=True)
    )
    heard = _heard(scenes, groups, sound, lambda share: report(0.6 * share), memo)
    members = members_of(scenes)
    times = clipped_starts_moved(gathered(heard, scenes, speech), members)
    times = start_with_speech(times, speech)
    heard = replace(heard, times=tuple(times))
    said = [n for n, group in enumerate(members) if any(heard.times[i] for i in group)]
    if not said:
        nothing = (0.0,) * len(heard.times)
        return ForeignAlignment(heard, nothing, nothing, nothing, unread)
    warped = dtw_align(
        [scenes[number] for number in said],
        sound,
        language,
        lambda share: report(0.6 + 0.4 * share),
        outside=[interval for _, interval in heard.unscripted],
    )
    apart, distances, paces = ([0.0] * len(heard.times) for _ in range(3))
    for place, index in enumerate(index for number in said for index in members[number]):
        time = heard.times[index]
        apart[index] = float(warped.times[place].start - time.start) if time else 0.0
        distances[index], paces[index] = warped.distances[place], warped.paces[place]
    return ForeignAlignment(heard, tuple(apart), tuple(distances), tuple(paces), unread)


def _heard(
    scenes: Sequence[Sequence[Token]],
    groups: Sequence[Sequence[_Group]],
    sound: NarrationSound,
    on_progress: Callable[[float], None],
    memo: SearchMemo | None,
) -> ForcedAlignment:
    """Place all tokens by forced alignment, but those of scenes that are not said.

    An unsaid scene pushes its neighbours aside. So one of each run that scores far below the others
    is left out, the first or the last: the one without which the rest fits better.
    """
    members = members_of(scenes)

    def placed(said: Sequence[int], report: Callable[[float], None] | None) -> ForcedAlignment:
        units = [(group, phones) for number in said for group, phones, _ in groups[number]]
        ends = {id(groups[number][-1][0]) for number in said}
        tokens = [
            # People pause between scenes, whatever the script's punctuation.
            Token(group[-1].text + "." * (id(group) in ends), ((phones,),))
            for group, phones in units
        ]
        found = forced_align(tokens, sound, report, foreign=True, memo=memo)
        indices = [index for number in said for index in members[number]]
        return _by_token(found, [len(group) for group, _ in units], indices, members[-1].stop)

    said = [number for number, tokens in enumerate(scenes) if tokens]
    heard = placed(said, on_progress)
    for _ in range(_ATTEMPTS):
        margins = [heard.margin_of(members[number]) / heard.contrast for number in said]
        low = median(margins) - OTHER_TEXT
        places = consecutive([place for place, margin in enumerate(margins) if margin <= low])
        runs = [[said[place] for place in run] for run in places]
        if not runs or len(runs) == len(said):
            break
        ends = [{run[end] for run in runs} for end in (0, -1)]
        tries = [placed([n for n in said if n not in ends[0]], None)]
        tries += (
            [placed([n for n in said if n not in ends[1]], None)] if ends[0] != ends[1] else tries
        )
        fits = [
            [sum(one.margin_of(members[number]) for number in run) for run in runs] for one in tries
        ]
        unsaid = {
            run[0] if first >= last else run[-1]
            for run, first, last in zip(runs, *fits, strict=True)
        }
        said = [number for number in said if number not in unsaid]
        heard = tries[ends.index(unsaid)] if unsaid in ends else placed(said, None)
    return heard


def _pronounced_groups(tokens: Sequence[Token], language: str) -> list[_Group]:
    """Return tokens and their phones: a word, or as many letters of a phrase as have a phone.

    In scripts without spaces the letters of a phrase share its phones evenly. Japanese is read by
    the words of a dictionary if that is installed.
    """
    groups: list[_Group] = []
    if can_read_kanji(language):
        words = japanese_words(tokens)
        phrases, texts = [list(word.letters) for word in words], [word.kana for word in words]
    else:
        phrases = phrases_of(tokens)
        texts = ["".join(map(plain_text, phrase)) for phrase in phrases]
    for phrase, spoken in zip(phrases, pronounced(texts, language), strict=True):
        split = spoken.phones.split()
        count = min(len(phrase), len(split)) if len(phrase) > 1 else 1
        letters = np.array_split(np.arange(len(phrase)), count)
        shares = np.array_split(np.arange(len(split)), count)
        groups += [
            (
                [phrase[index] for index in one],
                " ".join(split[index] for index in other),
                0 if place else spoken.unread,
            )
            for place, (one, other) in enumerate(zip(letters, shares, strict=True))
        ]
    return groups


def _by_token(
    found: ForcedAlignment, sizes: Sequence[int], placed: Sequence[int], count: int
) -> ForcedAlignment:
    """Split the times of groups evenly among their tokens.

    Args:
        found: times of groups.
        sizes: numbers of tokens of the groups.
        placed: the tokens in the groups.
        count: of all tokens.
    """
    times: list[Interval | None] = [None] * count
    margins = [0.0] * count
    firsts = [0, *itertools.accumulate(sizes)]
    for time, margin, (first, stop) in zip(
        found.times, found.margins, itertools.pairwise(firsts), strict=True
    ):
        for place, index in enumerate(placed[first:stop]):
            margins[index] = margin
            if time is not None:
                step = time.duration / (stop - first)
                times[index] = Interval(time.start + step * place, time.start + step * (place + 1))
    numbers = [*placed, count]
    unscripted = tuple((numbers[firsts[group]], time) for group, time in found.unscripted)
    return ForcedAlignment(
        tuple(times), tuple(margins), unscripted, found.contrast, stretches=found.stretches
    )
