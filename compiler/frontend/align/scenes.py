"""Every scene's words in time: forced alignment where it can be trusted, a transcript elsewhere.

The script's own text is aligned to the sound as a whole. A transcript is the check on that: where
the two disagree by more than a word's length, or where words were not said, the transcript's times
are taken. Where nothing was aligned, the transcript is all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ...sync.types import Interval, Word
from ..audio import duration_of, speech_samples
from ..model import SpokenScene
from ..pauses import speech_intervals, trim_to_speech
from ..transcripts.base import Transcript
from .guide import Guide
from .judge import (
    AlignmentError,
    Doubt,
    Place,
    SceneText,
    Unheard,
    judge_by_ear,
    judge_by_transcript,
)
from .listen import Listener
from .tokens import tokenize

SWALLOWED = Fraction(3, 20)
"""Seconds of silence that an aligned word may hold at either end, and that are taken off it."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Words of every scene on the narration's axis, and what is doubtful about them."""

    scenes: tuple[SpokenScene, ...]
    duration: Fraction
    warnings: tuple[Doubt, ...]


def align_scenes(
    scenes: Sequence[SceneText],
    audio: Path,
    *,
    language: str = "en",
    transcript: Transcript | None = None,
    method: Literal["audio", "transcript"] = "audio",
    on_progress: Callable[[float], None] | None = None,
) -> Alignment:
    """Place the words of the scenes on the narration.

    Args:
        scenes: in the order in which they are spoken.
        audio: the narration.
        language: as in ``en`` or ``pt-BR``.
        transcript: words with times, from anywhere.
        method: ``transcript`` believes the transcript and does not listen to the sound.
        on_progress: called with 0..1.

    Raises:
        AlignmentError: scenes are not in the narration.
        WorkError: the sound cannot be read.
    """
    places = [
        Place(index, token)
        for index, scene in enumerate(scenes)
        for token in tokenize(scene.text, language)
    ]
    tokens = [place.token for place in places]
    duration = duration_of(audio)
    guide = Guide.of(tokens, transcript, language) if transcript else None
    times: list[Interval] | None = None
    doubts: list[Doubt] = []
    if method == "audio":
        samples = speech_samples(audio)
        if language.partition("-")[0] == "en":
            listener = Listener(samples, on_progress)
            times = listener.place(tokens)
            if times is not None:
                doubts = judge_by_ear(scenes, places, listener, guide)
                times = listener.settle(tokens, times, guide) if guide else times
                times = trim_to_speech(times, speech_intervals(samples), most=SWALLOWED)
        if times is None and guide is not None:
            times = trim_to_speech(guide.interpolated(duration), speech_intervals(samples))
            doubts = judge_by_transcript(scenes, places, guide)
    elif guide is not None:
        times = guide.interpolated(duration)
        doubts = judge_by_transcript(scenes, places, guide)
    if times is None:
        raise AlignmentError([_not_aligned(scenes, language, method)])
    words: list[list[Word]] = [[] for _ in scenes]
    for place, time in zip(places, in_order(times, duration), strict=True):
        words[place.scene].append(Word(place.token.text, time.start, time.end))
    if on_progress:
        on_progress(1.0)
    return Alignment(
        tuple(SpokenScene(scene.id, tuple(w)) for scene, w in zip(scenes, words, strict=True)),
        duration,
        tuple(doubts),
    )


def in_order(times: Sequence[Interval], duration: Fraction) -> list[Interval]:
    """The same times made monotone: each at least a millisecond long, none before its neighbour."""
    least = Fraction(1, 1000)
    ordered: list[Interval] = []
    clock = Fraction(0)
    for index, time in enumerate(times):
        latest = duration - least * (len(times) - index)
        start = max(clock, min(time.start, latest))
        end = max(start + least, min(time.end, duration))
        if index + 1 < len(times):
            end = max(start + least, min(end, max(times[index + 1].start, start + least)))
        ordered.append(Interval(start, end))
        clock = end
    return ordered


def _not_aligned(scenes: Sequence[SceneText], language: str, method: str) -> Unheard:
    if method == "transcript":
        what, hint = "word times are to come from a transcript", "name one as narration.transcript"
    elif language.partition("-")[0] != "en":
        what = f"there is no acoustic model for language {language!r}"
        hint = "give a transcript with word times as narration.transcript"
    else:
        what = "the narration does not say what the scenes say"
        hint = "correct the texts, or give a transcript as narration.transcript"
    return Unheard(scenes[0].id, what, hint)
