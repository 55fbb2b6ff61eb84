"""Every scene's words in time: by ear where the language has a model, by a transcript elsewhere.

By ear, the script's own text is aligned to the sound, whatever a transcript says; the transcript
vouches for words that the ear is not sure of. Without a model its times are taken, and checked
against the pauses of the sound; where it times segments alone, or there is none, a synthesized
voice is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...media.mono_samples import SPEECH_RATE, duration_of, speech_samples
from ...script.model import SpokenScene
from ...script.tokens import Token, tokenize
from ...sync.types import Interval, Word
from ..pauses import speech_intervals, trim_to_speech
from ..transcripts.base import Transcript
from .dtw_align import DtwAlignment, follow_synthesis
from .forced_align import listen
from .synthesis import SYNTHESIZER, can_speak
from .transcript_anchors import Guide
from .verdicts import (
    AlignmentError,
    AlignmentWarning,
    MissingScene,
    SceneText,
    judge_by_ear,
    judge_by_synthesis,
    judge_by_transcript,
)

SHORTEST = Fraction(1, 10)
"""Seconds of sound in which no word is said."""
SWALLOWED = Fraction(3, 20)
"""Seconds of silence that an aligned word may hold at either end, and that are taken off it."""

CLEAR = 12.0
"""Contrast from which energy tells a voice's edges better than the model: not in noise or rooms."""
SEGMENT = Fraction(2)
"""Seconds that words may be off where they share a segment's time by their letters."""
PAUSE = Fraction(1, 4)
"""Seconds from which a silence is a pause, and not a weak sound."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Words of every scene on the narration's axis, and what is doubtful about them."""

    scenes: tuple[SpokenScene, ...]
    duration: Fraction
    warnings: tuple[AlignmentWarning, ...]


@dataclass(frozen=True, slots=True)
class _SceneTask:
    """The scenes as tokens, and what a transcript knows of them."""

    scenes: Sequence[SceneText]
    tokens: list[Token]
    members: list[list[int]]
    guide: Guide | None
    language: str
    duration: Fraction


_Placed = tuple[list[Interval], list[AlignmentWarning]]


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

    Returns:
        Every token of every scene once, in order, inside the narration.

    Raises:
        AlignmentError: scenes are not in the narration.
        WorkError: the sound cannot be read.
    """
    tokens: list[Token] = []
    members: list[list[int]] = []
    for scene in scenes:
        found = tokenize(scene.text, language)
        members.append(list(range(len(tokens), len(tokens) + len(found))))
        tokens += found
    duration = duration_of(audio)
    guide = Guide.of(tokens, transcript, language) if transcript else None
    task = _SceneTask(scenes, tokens, members, guide, language, duration)
    if not tokens:
        times: list[Interval] = []
        warnings: list[AlignmentWarning] = []
    elif method == "transcript":
        times, warnings = _trusting(task)
    else:
        samples = speech_samples(audio)
        if len(samples) < SHORTEST * SPEECH_RATE or not samples.any():
            what, hint = "nobody speaks in the narration", "is it the right file?"
            raise AlignmentError([MissingScene(scene.id, what, hint) for scene in scenes])
        if language.partition("-")[0].lower() == "en":
            times, warnings = _by_ear(task, samples, on_progress)
        elif guide is not None and (guide.timed == "word" or not can_speak(language)):
            times, warnings = _by_transcript(task, samples)
        elif guide is not None:
            times, warnings = _by_segments(task, samples, on_progress)
        else:
            times, warnings = _by_synthesis(task, samples, on_progress)
    ordered = in_order(times, duration)
    words = [Word(t.text, i.start, i.end) for t, i in zip(tokens, ordered, strict=True)]
    if on_progress:
        on_progress(1.0)
    return Alignment(
        tuple(
            SpokenScene(scene.id, tuple(words[index] for index in group))
            for scene, group in zip(scenes, members, strict=True)
        ),
        duration,
        tuple(warnings),
    )


def _trusting(task: _SceneTask) -> _Placed:
    """A transcript's times as they are."""
    if task.guide is None:
        raise AlignmentError(
            [
                MissingScene(
                    task.scenes[0].id,
                    "word times are to come from a transcript",
                    "name one as narration.transcript",
                )
            ]
        )
    warnings = judge_by_transcript(task.scenes, task.members, task.guide)
    return task.guide.interpolated(task.duration), warnings


def _by_transcript(task: _SceneTask, samples: NDArray[np.int16]) -> _Placed:
    """A transcript's times without the pauses that its words swallowed."""
    times, warnings = _trusting(task)
    return trim_to_speech(times, speech_intervals(samples)), warnings


def _by_ear(
    task: _SceneTask, samples: NDArray[np.int16], on_progress: Callable[[float], None] | None
) -> _Placed:
    """The times of the sound; a transcript vouches for scenes that the ear would call unsaid."""
    certain: frozenset[int] = frozenset()
    if task.guide is not None:
        certain = frozenset(task.guide.vouched())
    hearing = listen(task.tokens, samples, on_progress, certain)
    warnings = judge_by_ear(task.scenes, task.tokens, task.members, hearing, task.guide)
    times = _filled(hearing.times, task)
    if hearing.contrast >= CLEAR:
        times = trim_to_speech(times, _bridged(speech_intervals(samples)), most=SWALLOWED)
    return times, warnings


def _by_synthesis(
    task: _SceneTask, samples: NDArray[np.int16], on_progress: Callable[[float], None] | None
) -> _Placed:
    """The times of a synthesized voice, warped onto the recorded one."""
    if not can_speak(task.language):
        what = f"there is no acoustic model for language {task.language!r}"
        hint = f"install {SYNTHESIZER}, or give a transcript as narration.transcript"
        raise AlignmentError([MissingScene(task.scenes[0].id, what, hint)])
    found = _followed(task, samples, on_progress)
    warnings = judge_by_synthesis(task.scenes, found)
    return trim_to_speech(found.times, speech_intervals(samples), most=SWALLOWED), warnings


def _by_segments(
    task: _SceneTask, samples: NDArray[np.int16], on_progress: Callable[[float], None] | None
) -> _Placed:
    """A synthesized voice's times, wherever they lie in the segments of a transcript."""
    guessed, warnings = _trusting(task)
    found = _followed(task, samples, on_progress)
    times = list(guessed)
    for group in task.members:
        apart = median(abs(found.times[i].start - guessed[i].start) for i in group)
        if apart <= SEGMENT:
            for index in group:
                times[index] = found.times[index]
    return trim_to_speech(times, speech_intervals(samples), most=SWALLOWED), warnings


def _followed(
    task: _SceneTask, samples: NDArray[np.int16], on_progress: Callable[[float], None] | None
) -> DtwAlignment:
    return follow_synthesis(
        [[task.tokens[index] for index in group] for group in task.members],
        samples,
        task.language,
        on_progress,
    )


def _bridged(voiced: Sequence[Interval]) -> list[Interval]:
    """Speech with what is shorter than a pause between words filled in: weak sounds in noise."""
    bridged: list[Interval] = []
    for stretch in voiced:
        if bridged and stretch.start - bridged[-1].end < PAUSE:
            bridged[-1] = Interval(bridged[-1].start, stretch.end)
        else:
            bridged.append(stretch)
    return bridged


def _filled(times: Sequence[Interval | None], task: _SceneTask) -> list[Interval]:
    """Times for every token; what was not said gets a sliver of the pause where it would be."""
    filled: list[Interval] = []
    clock = Fraction(0)
    for time in times:
        filled.append(time if time is not None else Interval(clock, clock))
        clock = filled[-1].end
    first = next((time.start for time in times if time is not None), task.duration)
    return [Interval(max(t.start, min(first, t.start)), t.end) for t in filled]


def in_order(times: Sequence[Interval], duration: Fraction) -> list[Interval]:
    """The same times made monotone: each at least a millisecond long, none before its neighbour."""
    least = min(Fraction(1, 1000), duration / max(1, len(times)))
    ordered: list[Interval] = []
    clock = Fraction(0)
    safe = duration - least * len(times)
    for index, time in enumerate(times):
        following = times[index + 1].start if index + 1 < len(times) else duration
        # Most are in order; what is, is not worked out again: fractions are slow.
        if not (clock <= time.start and time.start + least <= time.end <= min(following, safe)):
            latest = duration - least * (len(times) - index)
            start = max(clock, min(time.start, latest))
            end = min(time.end, max(following, start + least), latest + least)
            ordered.append(Interval(start, max(end, start + least)))
        else:
            ordered.append(time)
        clock = ordered[-1].end
    return ordered
