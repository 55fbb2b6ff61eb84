"""Scenes to align, and times for all of their tokens, also of those that were not heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...script.tokens import Token
from ...sync.types import Interval
from ..pauses import merge_close, trim_to_speech
from .alignment_result import ForcedAlignment
from .ctc_folder import CtcFolder
from .evidence import Evidence
from .monotone_times import fill_unspoken
from .search_memo import SearchMemo
from .transcript_anchors import TranscriptAnchors, spread
from .unscripted import Unscripted
from .unspoken import consecutive
from .verdicts import AlignmentWarning, SceneText, Unheard

SWALLOWED = Fraction(3, 20)
"""Most silence, in seconds, that is trimmed off either end of an aligned word."""
CLEAR = 12.0
"""Contrast from which energy finds the edges of speech better than the model: clean sound."""


@dataclass(frozen=True, slots=True)
class SceneTask:
    """Scenes as tokens (``members``: of each), and the narration (``speech``: by its energy)."""

    scenes: Sequence[SceneText]
    tokens: list[Token]
    members: list[list[int]]
    anchors: TranscriptAnchors | None
    language: str
    duration: Fraction
    unheard: Unheard
    model: CtcFolder | None
    memo: SearchMemo | None
    speech: Sequence[Interval] = ()


@dataclass(frozen=True, slots=True)
class PlacedTokens:
    """Times of all tokens, doubts about scenes, evidence for the times, and speech by energy."""

    times: list[Interval]
    warnings: list[AlignmentWarning]
    evidence: Evidence
    speech: Sequence[Interval]
    unscripted: Unscripted = ()


def heard_times(
    task: SceneTask, alignment: ForcedAlignment, not_heard: Sequence[int]
) -> list[Interval]:
    """Return times for every token; where the sound is clean, energy finds the edges of speech.

    Args:
        task: the scenes.
        alignment: of their tokens.
        not_heard: numbers of scenes to place by the transcript, else between their neighbours.
    """
    times = fill_unspoken(_with_unheard(task, alignment.times, not_heard), task.duration)
    trimmed = trim_to_speech(times, merge_close(task.speech), most=SWALLOWED)
    return [
        by_energy if alignment.contrast_at(time.start) >= CLEAR else time
        for time, by_energy in zip(times, trimmed, strict=True)
    ]


def _with_unheard(
    task: SceneTask, times: Sequence[Interval | None], not_heard: Sequence[int]
) -> list[Interval | None]:
    """Place unheard scenes by the transcript, else evenly between their neighbours."""
    placed = list(times)
    unheard = {index for number in not_heard for index in task.members[number]}
    for index in unheard:
        placed[index] = None
    for run in consecutive(sorted(unheard)):
        begin = next((time.end for time in reversed(placed[: run[0]]) if time), Fraction(0))
        end = next((time.start for time in placed[run[-1] + 1 :] if time), task.duration)
        room = Interval(begin, end)
        known = [None] * len(run) if task.anchors is None else [task.anchors.times[i] for i in run]
        chosen = [task.tokens[index] for index in run]
        for index, interval in zip(run, spread(chosen, known, room), strict=True):
            placed[index] = interval
    return placed
