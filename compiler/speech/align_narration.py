"""Align the narration: the words of every scene on the axis of its voice file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...renderers.base import RendererError
from ...renderers.files.digest import file_digest
from ..errors import InputError, Place, Problem, WorkError
from ..media.samples import duration_of
from ..notices import Notice
from ..script.model import Narration, Script, ScriptScene
from ..sync.types import Interval, Word
from .alignment_cache import AlignedTrack, cached_alignment, search_memo
from .language_guess import other_language
from .narration_transcript import in_script, transcript_of
from .trailing_speech import trailing_speech

if TYPE_CHECKING:
    from .align.ctc_folder import CtcFolder
from .transcripts.words import words_within


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice file and its exact length in seconds."""

    path: Path
    duration: Fraction


@dataclass(frozen=True, slots=True)
class Speech:
    """The aligned narration.

    Attributes:
        voices: the voice files, in the order of the scenes.
        voice_of: index in ``voices`` of each scene with words or a time.
        words: by scene, on the axis of the scene's voice file.
        confidence: of the cut into each scene (see `SpokenScene`).
        unscripted: by scene, speech outside the script since the words of the scene before.
        warnings: repairs and doubts, one line each.
    """

    voices: tuple[Voice, ...]
    voice_of: Mapping[str, int]
    words: Mapping[str, tuple[Word, ...]]
    confidence: Mapping[str, Fraction]
    unscripted: Mapping[str, tuple[Interval, ...]]
    warnings: tuple[Notice, ...]


def align_narration(script: Script, on_progress: Callable[[float], None] | None = None) -> Speech:
    """Align every scene to its narration.

    Args:
        script: the resolved script.
        on_progress: called with 0..1.

    Raises:
        InputError: lists all transcripts that cannot be read, and all scenes that are not in the
            narration.
    """
    tracks = _tracks(script)
    voices = []
    voice_of: dict[str, int] = {}
    words: dict[str, tuple[Word, ...]] = {}
    confidence: dict[str, Fraction] = {}
    unscripted: dict[str, tuple[Interval, ...]] = {}
    warnings: list[Notice] = []
    problems: list[Problem] = []
    for index, (narration, scenes) in enumerate(tracks):
        voices.append(Voice(narration.audio, duration_of(narration.audio)))
        voice_of |= dict.fromkeys((scene.id for scene in scenes), index)
        try:
            found = _align_once(
                narration,
                scenes,
                partial(
                    _align_track,
                    narration,
                    scenes,
                    voices[-1].duration,
                    _part_progress(on_progress, index, len(tracks)),
                    script.path.parent,
                    is_first=index == 0,
                ),
                is_first=index == 0,
            )
        except InputError as error:
            problems += error.problems
            continue
        words |= found.words
        confidence |= found.confidence
        unscripted |= found.unscripted
        warnings += found.warnings
    if problems:
        raise InputError(problems)
    return Speech(tuple(voices), voice_of, words, confidence, unscripted, tuple(warnings))


def _tracks(script: Script) -> list[tuple[Narration, list[ScriptScene]]]:
    """Return the voice files, each with its scenes."""
    spoken = [scene for scene in script.scenes if scene.duration is None]
    if script.narration is not None:
        return [(script.narration, spoken)] if spoken else []
    return [(scene.narration, [scene]) for scene in spoken if scene.narration is not None]


def _align_once(
    narration: Narration,
    scenes: Sequence[ScriptScene],
    align: Callable[[], AlignedTrack],
    *,
    is_first: bool,
) -> AlignedTrack:
    """Align a track unless the same one was aligned before."""
    files = [narration.audio, *([narration.transcript] if narration.transcript else [])]
    try:
        settings = [*_settings(narration, scenes), is_first]
    except (InputError, WorkError):
        return align()  # It says what is wrong, and where.
    return cached_alignment(files, settings, align)


def _settings(narration: Narration, scenes: Sequence[ScriptScene]) -> list[Any]:
    """Return what decides on word times besides the files, as JSON values."""
    asr, recognised = narration.asr, None
    if asr is not None:
        from .transcripts.asr import recognition_key  # noqa: PLC0415 - seldom needed

        recognised = recognition_key(narration.audio, asr.engine, asr.model, narration.language)
    named = narration.transcript.name if narration.transcript else None
    times = [[str(second) for second in scene.time or ()] for scene in scenes]
    texts = [[scene.id, scene.text, time] for scene, time in zip(scenes, times, strict=True)]
    model = _align_model(narration)
    listener = [file_digest(model.folder), model.adapter] if model else None
    how = [narration.align, listener, narration.unheard]
    return [narration.language, *how, recognised, named, texts]


def _align_model(narration: Narration) -> CtcFolder | None:
    """Find the speech model of a narration; None if it has none.

    Raises:
        InputError: it is not on this machine, or of another kind.
    """
    chosen = narration.align_model
    if chosen is None:
        return None
    from .align.ctc_weights import find_model  # noqa: PLC0415 - seldom needed

    try:
        return find_model(chosen.model, narration.language, chosen.device)
    except RendererError as error:
        raise InputError(Problem.at(chosen.place or Place(), str(error))) from error


def _part_progress(
    on_progress: Callable[[float], None] | None, index: int, count: int
) -> Callable[[float], None] | None:
    """Return a callback for part ``index`` of ``count`` equal parts."""
    if on_progress is None:
        return None
    report = on_progress
    return lambda share: report((index + share) / count)


def _align_track(
    narration: Narration,
    scenes: Sequence[ScriptScene],
    duration: Fraction,
    on_progress: Callable[[float], None] | None,
    folder: Path,
    *,
    is_first: bool,
) -> AlignedTrack:
    # Most runs find the words in the cache, and these modules take 0.1 s.
    from .align import AlignmentError, SceneText, align_scenes  # noqa: PLC0415
    from .align.narration_sound import sound_of  # noqa: PLC0415
    from .align.verdicts import INSIST  # noqa: PLC0415

    memo = search_memo(narration.audio)

    def speech() -> Sequence[Interval]:
        return sound_of(narration.audio, memo.measures if memo else None).speech()

    on_recognition = None
    if narration.asr is not None:
        on_recognition = _part_progress(on_progress, 0, 2)
        on_progress = _part_progress(on_progress, 1, 2)
    try:
        transcript = transcript_of(narration, duration, speech, on_recognition)
    except InputError as error:
        problems = [in_script(problem, narration, folder) for problem in error.problems]
        raise InputError(problems) from error
    warnings: list[Notice] = []
    if transcript is not None:
        name = narration.transcript.name if narration.transcript else transcript.format
        warnings += [
            Notice("transcript", f"{name}: {repair.place}: {repair.what}")
            for repair in transcript.repairs
        ]
    words: dict[str, tuple[Word, ...]] = {}
    confidence: dict[str, Fraction] = {}
    unscripted: dict[str, tuple[Interval, ...]] = {}
    fixed = _fixed_cuts(scenes, is_first=is_first and narration.align == "audio")
    texts = [SceneText(scene.id, scene.text) for scene in scenes if scene.text is not None]
    if texts:
        try:
            alignment = align_scenes(
                texts,
                narration.audio,
                language=narration.language,
                transcript=transcript,
                method=narration.align,
                model=_align_model(narration),
                unheard=narration.unheard,
                on_progress=on_progress,
                memo=memo,
                fixed=fixed,
            )
        except AlignmentError as error:
            places = {scene.id: scene.place_of("text") for scene in scenes}
            spoken = " ".join(text.text for text in texts)
            other = other_language(spoken, narration.language)
            guess = f"; the texts look like {other!r}: set narration.language" if other else ""
            raise InputError(
                [
                    Problem.at(
                        places[entry.scene_id],
                        entry.what,
                        entry.hint + (guess if INSIST in entry.hint else ""),
                    )
                    for entry in error.entries
                ]
            ) from error
        finally:
            if memo is not None:
                memo.save()
        words |= {scene.scene: scene.words for scene in alignment.scenes}
        unscripted |= {scene.scene: scene.unscripted for scene in alignment.scenes}
        confidence |= {
            scene.scene: scene.confidence
            for scene in alignment.scenes
            if scene.confidence is not None
        }
        warnings += [
            Notice("sync", f"{warning.scene_id}: {warning.what}")
            for warning in alignment.warnings
            if warning.unscripted is None or not _is_shown(warning.unscripted, scenes)
        ]
    confidence |= dict.fromkeys(fixed, Fraction(1))
    for scene in scenes:
        if scene.time is not None and transcript is not None:
            words[scene.id] = words_within(transcript.words, Interval(*scene.time))
    last = scenes[-1]
    if last.time is not None:
        known = None if transcript is None else transcript.words
        what = trailing_speech(last.time[1], duration, known, speech)
        warnings += [Notice("sync", f"{last.id}: {what}")] if what else []
    return AlignedTrack(words, confidence, unscripted, tuple(warnings))


def _fixed_cuts(scenes: Sequence[ScriptScene], *, is_first: bool) -> set[str]:
    """Return the scenes that begin at a stated time, or with the first voice file."""
    fixed = {scene.id for scene in scenes if scene.time is not None}
    fixed |= {after.id for before, after in pairwise(scenes) if before.time is not None}
    return fixed | ({scenes[0].id} if is_first else set())


def _is_shown(speech: Interval, scenes: Sequence[ScriptScene]) -> bool:
    """Whether speech outside the script is mostly in scenes that state their time."""
    shown = [
        max(Fraction(0), min(speech.end, scene.time[1]) - max(speech.start, scene.time[0]))
        for scene in scenes
        if scene.time is not None
    ]
    return 2 * sum(shown) >= speech.duration
