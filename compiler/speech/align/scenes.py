"""Align every scene: by forced alignment, else by a transcript with word times.

Forced alignment takes all times from the audio; a transcript only confirms words with low scores.
Without a model the times are those of the transcript, trimmed to speech; if it times segments
alone, or there is none, the English model hears the nearest sounds, and a synthesized voice warped
onto the recording (DTW) must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Literal

from ...media.programs import SYNTHESIZER
from ...media.samples import duration_of
from ...script.model import SpokenScene
from ...script.tokens import tokenize
from ...sync.types import Word
from ..pauses import trim_to_speech
from ..transcripts.base import Transcript
from . import evidence
from .confidence import confidence, unknown, with_fixed
from .ctc_align import align_by_model
from .ctc_folder import CtcFolder
from .forced_align import FRAME, forced_align
from .foreign_align import ForeignAlignment, foreign_align
from .foreign_edges import members_of
from .foreign_verdicts import check_foreign_alignment
from .monotone_times import in_order
from .narration_sound import NarrationSound, sound_of
from .scene_task import SWALLOWED, PlacedTokens, SceneTask, heard_times
from .search_memo import SearchMemo
from .synthesis import can_speak
from .transcript_anchors import TranscriptAnchors
from .unscripted import by_scene, sounding
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
SEGMENT = Fraction(2)
"""Largest median distance of words from the segments of a transcript, in seconds."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of every scene on the narration's axis, and doubts about them."""

    scenes: tuple[SpokenScene, ...]
    duration: Fraction
    warnings: tuple[AlignmentWarning, ...]


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
    fixed: Collection[str] = (),
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
        fixed: ids of scenes whose cuts do not depend on words: they are certain.

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
    task = SceneTask(scenes, tokens, members, anchors, language, duration, unheard, model, memo)
    if not tokens:
        return Alignment(tuple(SpokenScene(scene.id, ()) for scene in scenes), duration, ())
    if method == "transcript":
        placed = _from_transcript(task)
    else:
        sound = sound_of(audio, memo.measures if memo else None)
        if sound.frames < SHORTEST / FRAME or not sound.power.any():
            what, hint = "the narration has no speech", "is it the right file?"
            raise AlignmentError([MissingScene(scene.id, what, hint) for scene in scenes])
        task = replace(task, speech=sound.speech())
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
    apart = by_scene(members, placed.unscripted, times, placed.speech, placed.evidence.clarity_at)
    if method == "audio":
        trust = confidence(tokens, members, times, apart, placed.speech, placed.evidence)
        trust = with_fixed(trust, [scene.id in fixed for scene in scenes])
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


def _from_transcript(task: SceneTask) -> PlacedTokens:
    """Return the times of the transcript unchanged."""
    if task.anchors is None:
        what, hint = "align: transcript needs a transcript", "name one as narration.transcript"
        raise AlignmentError([MissingScene(task.scenes[0].id, what, hint)])
    warnings = check_anchors(task.scenes, task.members, task.anchors, task.unheard)
    times = task.anchors.interpolated(task.duration)
    return PlacedTokens(
        times, warnings, evidence.of_transcript(task.anchors, task.speech), task.speech
    )


def _by_transcript(task: SceneTask) -> PlacedTokens:
    """Return the times of the transcript without the pauses that its words swallowed."""
    placed = _from_transcript(task)
    return replace(placed, times=trim_to_speech(placed.times, task.speech))


def _by_forced_alignment(
    task: SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> PlacedTokens:
    """Return the times of forced alignment; a transcript confirms words with low scores."""
    trusted = frozenset(() if task.anchors is None else task.anchors.trusted())
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
    task = replace(task, speech=sound.speech(alignment.firsts))
    warnings, not_heard = check_forced_alignment(
        *(task.scenes, task.tokens, task.members, alignment, task.anchors),
        *(task.duration, task.unheard),
    )
    times = heard_times(task, alignment, not_heard)
    of_alignment = evidence.of_ctc_alignment if task.model else evidence.of_forced_alignment
    return PlacedTokens(
        times,
        [*doubts, *warnings],
        of_alignment(alignment, times, task.anchors),
        task.speech,
        sounding(alignment.unscripted + alignment.fillers, task.speech, alignment.contrast_at),
    )


def _by_two_passes(
    task: SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> PlacedTokens:
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
    return PlacedTokens(
        heard_times(task, found.heard, not_heard),
        warnings,
        evidence.of_foreign_alignment(found),
        task.speech,
        sounding(found.heard.unscripted, task.speech, found.heard.contrast_at),
    )


def _by_segments(
    task: SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> PlacedTokens:
    """Return the times of forced alignment for scenes that agree with the transcript's segments.

    The others keep the times interpolated in their segments.
    """
    placed = _from_transcript(task)
    foreign = _foreign(task, sound, on_progress)
    found = heard_times(task, foreign.heard, [])
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
    task: SceneTask, sound: NarrationSound, on_progress: Callable[[float], None] | None
) -> ForeignAlignment:
    scenes = [[task.tokens[index] for index in group] for group in task.members]
    return foreign_align(scenes, sound, task.language, on_progress, task.memo)
