"""Align every scene: by forced alignment, else by a transcript with word times.

Forced alignment takes all times from the audio; a transcript only confirms words with low scores.
Without a model the times are those of the transcript, trimmed to speech; if it times segments
alone, or there is none, the English model hears the nearest sounds, and a synthesized voice warped
onto the recording (DTW) must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Literal

from ...media.programs import SYNTHESIZER
from ...media.samples import duration_of
from ...script.model import SpokenScene
from ...script.tokens import Token, tokenize
from ...sync.types import Interval, Word
from ..pauses import merge_close, trim_to_speech
from ..transcripts.base import Transcript
from . import evidence
from .alignment_result import ForcedAlignment
from .confidence import confidence, unknown
from .ctc_align import align_by_model
from .ctc_folder import CtcFolder
from .forced_align import FRAME, forced_align
from .foreign_align import ForeignAlignment, foreign_align
from .foreign_edges import members_of
from .foreign_verdicts import check_foreign_alignment
from .monotone_times import fill_unspoken, in_order
from .narration_sound import NarrationSound, sound_of
from .search_memo import SearchMemo
from .synthesis import can_speak
from .transcript_anchors import TranscriptAnchors, spread
from .unscripted import Unscripted, by_scene, sounding
from .unspoken import consecutive
from .verdicts import (
    AlignmentError,
    AlignmentWarning,
    MissingScene,
    SceneText,
    Unheard,
    check_anchors,
    check_forced_alignment,
    with_doubts,
)

SHORTEST = Fraction(1, 10)
"""Seconds of audio too short for a word."""
SWALLOWED = Fraction(3, 20)
"""Most silence, in seconds, that is trimmed off either end of an aligned word."""
CLEAR = 12.0
"""Contrast from which energy finds the edges of speech better than the model: a clean recording."""
SEGMENT = Fraction(2)
"""Largest median distance of words from the segments of a transcript, in seconds."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of every scene on the narration's axis, and doubts about them."""

    scenes: tuple[SpokenScene, ...]
    duration: Fraction
    warnings: tuple[AlignmentWarning, ...]


@dataclass(frozen=True, slots=True)
class _SceneTask:
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
class _Placed:
    """Times of all tokens, doubts about scenes, and the evidence for the times."""

    times: list[Interval]
    warnings: list[AlignmentWarning]
    evidence: evidence.Evidence
    unscripted: Unscripted = ()


def align_scenes(
    scenes: Sequence[SceneText],
    audio: Path,
    *,
    language: str = "en",
    transcript: Transcript | None = None,
    method: Literal["audio", "transcript"] = "audio",
    model: CtcFolder | None = None,
    unheard: Unheard = "error",
    on_progress: Callable[[float], None] | None = None,
    memo: SearchMemo | None = None,
) -> Alignment:
    """Align the words of the scenes to the narration.

    Args:
        scenes: in spoken order.
        audio: the narration.
        language: as in ``en`` or ``pt-BR``.
        transcript: words with times, from anywhere.
        method: ``transcript`` takes all times from the transcript and ignores the audio.
        model: aligns in place of the means of this package; None for them.
        unheard: ``warn`` places scenes that are not in the narration between their neighbours.
        on_progress: called with 0..1.
        memo: searches of this narration that were made before.

    Returns:
        Every token of every scene once, in order, inside the narration.

    Raises:
        AlignmentError: scenes are not in the narration.
        WorkError: the audio cannot be read.
    """
    found = [tokenize(scene.text, language) for scene in scenes]
    tokens = [token for one in found for token in one]
    members = [list(numbers) for numbers in members_of(found)]
    duration = duration_of(audio)
    anchors = TranscriptAnchors.of(tokens, transcript, language) if transcript else None
    task = _SceneTask(scenes, tokens, members, anchors, language, duration, unheard, model, memo)
    if not tokens:
        return Alignment(tuple(SpokenScene(scene.id, ()) for scene in scenes), duration, ())
    if method == "transcript":
        placed = _from_transcript(task)
    else:
        sound = sound_of(audio, memo.measures if memo else None)
        if sound.frames < SHORTEST / FRAME or not sound.power.any():
            what, hint = "the narration has no speech", "is it the right file?"
            raise AlignmentError([MissingScene(scene.id, what, hint) for scene in scenes])
        task = replace(task, speech=sound.speech)
        if model is not None or language.partition("-")[0].lower() == "en":
            placed = _by_forced_alignment(task, sound, on_progress)
        elif anchors is not None and (anchors.timed == "word" or not can_speak(language)):
            placed = _by_transcript(task)
        elif anchors is not None:
            placed = _by_segments(task, sound, on_progress)
        else:
            placed = _by_two_passes(task, sound, on_progress)
    times = in_order(placed.times, duration)
    warnings, trust = placed.warnings, unknown(tokens, members)
    apart = by_scene(members, placed.unscripted, times, task.speech, placed.evidence.clarity)
    if method == "audio":
        trust = confidence(tokens, members, times, apart, task.speech, placed.evidence)
        warnings = with_doubts(warnings, scenes, members, times, trust)
    words = [
        Word(token.text, time.start, time.end, sure, token.line_end)
        for token, time, sure in zip(tokens, times, trust.words, strict=True)
    ]
    if on_progress:
        on_progress(1.0)
    return Alignment(
        tuple(
            SpokenScene(scene.id, tuple(words[index] for index in group), sure, tuple(others))
            for scene, group, sure, others in zip(scenes, members, trust.scenes, apart, strict=True)
        ),
        duration,
        tuple(warnings),
    )


def _from_transcript(task: _SceneTask) -> _Placed:
    """Return the times of the transcript unchanged."""
    if task.anchors is None:
        what, hint = "align: transcript needs a transcript", "name one as narration.transcript"
        raise AlignmentError([MissingScene(task.scenes[0].id, what, hint)])
    warnings = check_anchors(task.scenes, task.members, task.anchors, task.unheard)
    times = task.anchors.interpolated(task.duration)
    return _Placed(times, warnings, evidence.of_transcript(task.anchors, task.speech))


def _by_transcript(task: _SceneTask) -> _Placed:
    """Return the times of the transcript without the pauses that its words swallowed."""
    placed = _from_transcript(task)
    return replace(placed, times=trim_to_speech(placed.times, task.speech))


def _by_forced_alignment(
    task: _SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> _Placed:
    """Return the times of forced alignment; a transcript confirms words with low scores."""
    trusted: frozenset[int] = frozenset()
    if task.anchors is not None:
        trusted = frozenset(task.anchors.trusted())
    doubts: list[AlignmentWarning] = []
    if task.model is None:
        ends = {group[-1] for group in task.members if group}
        lines = [
            replace(token, line_end=True) if index in ends else token
            for index, token in enumerate(task.tokens)
        ]
        alignment = forced_align(lines, sound, on_progress, trusted, memo=task.memo)
    else:
        how = (sound.samples[:], task.model, trusted, on_progress)
        alignment, doubts = align_by_model(task.scenes, task.tokens, *how)
    warnings, not_heard = check_forced_alignment(
        *(task.scenes, task.tokens, task.members, alignment, task.anchors),
        *(task.duration, task.unheard),
    )
    times = _heard_times(task, alignment, not_heard)
    return _Placed(
        times,
        [*doubts, *warnings],
        evidence.of_forced_alignment(alignment, times, task.anchors),
        sounding(alignment.unscripted + alignment.fillers, task.speech, alignment.contrast),
    )


def _heard_times(
    task: _SceneTask, alignment: ForcedAlignment, not_heard: Sequence[int]
) -> list[Interval]:
    """Return times for every token; in a clean recording energy finds the edges of speech."""
    times = fill_unspoken(_with_unheard(task, alignment.times, not_heard), task.duration)
    if alignment.contrast >= CLEAR:
        times = trim_to_speech(times, merge_close(task.speech), most=SWALLOWED)
    return times


def _with_unheard(
    task: _SceneTask, times: Sequence[Interval | None], not_heard: Sequence[int]
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


def _by_two_passes(
    task: _SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> _Placed:
    """Return the times of forced alignment in English phones, checked by a synthesized voice."""
    if not can_speak(task.language):
        what = f"no acoustic model for language {task.language!r}"
        hint = f"install {SYNTHESIZER}, name a narration.align_model, or give a transcript"
        raise AlignmentError([MissingScene(task.scenes[0].id, what, hint)])
    found = _foreign(task, sound, on_progress)
    warnings, not_heard = check_foreign_alignment(
        *(task.scenes, task.tokens, task.members, found, task.language),
        *(task.duration, task.unheard),
    )
    return _Placed(
        _heard_times(task, found.heard, not_heard),
        warnings,
        evidence.of_foreign_alignment(found),
        sounding(found.heard.unscripted, task.speech, found.heard.contrast),
    )


def _by_segments(
    task: _SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> _Placed:
    """Return the times of forced alignment for scenes that agree with the transcript's segments.

    The others keep the times interpolated in their segments.
    """
    placed = _from_transcript(task)
    foreign = _foreign(task, sound, on_progress)
    found = _heard_times(task, foreign.heard, [])
    times = list(placed.times)
    known = evidence.of_foreign_alignment(foreign)
    for group in task.members:
        apart = median(abs(found[i].start - placed.times[i].start) for i in group)
        if apart <= SEGMENT:
            for index in group:
                times[index] = found[index]
        else:
            known.fits[list(group)] = evidence.UNFIT
    times = trim_to_speech(times, task.speech, most=SWALLOWED)
    return replace(placed, times=times, evidence=known)


def _foreign(
    task: _SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> ForeignAlignment:
    scenes = [[task.tokens[index] for index in group] for group in task.members]
    return foreign_align(scenes, sound, task.language, on_progress, task.memo)
