"""What our alignment finds in a clip, kept on disk by content."""

from __future__ import annotations

import pickle
import tempfile
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from otio_gvideo import compiler
from otio_gvideo.compiler.speech.align import (
    AlignmentWarning,
    SceneText,
    align_scenes,
)
from otio_gvideo.compiler.speech.align import scenes as aligner
from otio_gvideo.compiler.speech.align.confidence import unknown
from otio_gvideo.compiler.speech.align.ctc_folder import CtcFolder
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.silences import cut_pause
from otio_gvideo.compiler.sync.types import Interval

from .clips import RATE, Samples, digest
from .scripts import Scene

FPS = 24
_SOURCES = ("speech", "script/tokens.py", "script/number_words.py", "sync/cuts.py")
"""Code that decides on word times, in the package `compiler`."""
_AFTERWARDS = ("confidence.py", "confidence_model.py")
"""Modules among them that only judge the times."""
_REFUSED = "; placed between its neighbours"
"""How a warning ends that is an error unless `narration.unheard` is ``warn``."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The result for one script.

    Attributes:
        words: by scene: start, end, and confidence or None; tokens of scripts without spaces are
            joined again to the script's words.
        cuts_s: by scene: the second of the cut into it.
        confidences: by scene: that its cut is in its pause; None if unknown.
        refused: scenes that are an error.
        warnings: scene and message.
    """

    words: list[list[tuple[float, float, float | None]]]
    cuts_s: list[float]
    confidences: list[float | None]
    refused: list[str]
    warnings: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the alignment of a script leaves to its confidence.

    Attributes:
        measures: arguments of `confidence.confidence`: tokens, members, times,
            speech outside the script, speech, evidence.
        warnings: without those that confidence adds.
        refused: scenes that are an error.
    """

    measures: tuple[Any, ...]
    warnings: list[AlignmentWarning]
    refused: list[str]


@cache
def code_digest() -> str:
    """Return a key of the code that aligns; confidence comes after it."""
    root = Path(compiler.__file__).parent
    files: list[Path] = []
    for name in _SOURCES:
        path = root / name
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return digest(*(path.read_bytes() for path in files if path.name not in _AFTERWARDS))


def evidence_of(
    samples: Samples,
    scenes: Sequence[Scene],
    language: str,
    cached: Path,
    model: CtcFolder | None = None,
) -> Evidence:
    """Align a script to a recording, unless that was done before with the same code and model."""
    texts = [SceneText(scene.id, scene.text) for scene in scenes]
    by = () if model is None else (model.folder.name,)
    path = cached / f"evidence-{digest(samples, texts, language, *by, code_digest())}.pickle"
    if path.exists():
        found: Evidence = pickle.loads(path.read_bytes())  # Written below.
        return found
    with tempfile.TemporaryDirectory() as folder, recorded_steps() as kept:
        sound = Path(folder) / "voice.wav"
        write_wav(sound, samples)
        align_scenes(texts, sound, language=language, model=model, unheard="warn")
    warnings = list(kept["with_doubts"][0])
    refused = [warning.scene_id for warning in warnings if warning.what.endswith(_REFUSED)]
    found = Evidence(kept["confidence"], warnings, refused)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(found))
    return found


@contextmanager
def recorded_steps() -> Iterator[dict[str, tuple[Any, ...]]]:
    """Keep the arguments of the last two steps of `align_scenes`."""
    kept: dict[str, tuple[Any, ...]] = {}
    judge, warn = aligner.confidence, aligner.with_doubts

    def judged(*arguments: Any) -> Any:
        kept["confidence"] = arguments
        return unknown(*arguments[:2])  # Its coefficients may be for other features.

    def warned(*arguments: Any) -> Any:
        kept["with_doubts"] = arguments
        return warn(*arguments)

    aligner.confidence, aligner.with_doubts = judged, warned
    try:
        yield kept
    finally:
        aligner.confidence, aligner.with_doubts = judge, warn


def aligned(samples: Samples, scenes: Sequence[Scene], language: str, cached: Path) -> Aligned:
    """Align a script to a recording as the compiler does, with confidence as it is now."""
    evidence = evidence_of(samples, scenes, language, cached)
    tokens, members, times, apart, *_ = evidence.measures
    trust = aligner.confidence(*evidence.measures)
    texts = [SceneText(scene.id, scene.text) for scene in scenes]
    warnings = aligner.with_doubts(evidence.warnings, texts, members, times, trust)
    timed = [
        (token.text, float(time.start), float(time.end), float(sure))
        for token, time, sure in zip(tokens, times, trust.words, strict=True)
    ]
    return Aligned(
        [
            _as_written([word for word, _ in scene.words], [timed[index] for index in group])
            for scene, group in zip(scenes, members, strict=True)
        ],
        cuts_s(members, times, apart),
        [float(sure) for sure in trust.scenes],
        evidence.refused,
        [(warning.scene_id, warning.what) for warning in warnings],
    )


def _as_written(
    written: Sequence[str], tokens: Sequence[tuple[str, float, float, float | None]]
) -> list[tuple[float, float, float | None]]:
    """Return the times of words as they are written, from those of tokens, letter by letter."""
    owner = [n for n, word in enumerate(written) for letter in word if not letter.isspace()]
    mine: list[list[tuple[float, float, float | None]]] = [[] for _ in written]
    place = 0
    for text, start, end, confidence in tokens:
        mine[owner[min(place, len(owner) - 1)]].append((start, end, confidence))
        place += sum(not letter.isspace() for letter in text)
    times: list[tuple[float, float, float | None]] = []
    for spans in mine:
        if spans:
            times.append((spans[0][0], spans[-1][1], spans[0][2]))
        else:
            times.append((times[-1][1], times[-1][1], None) if times else (0.0, 0.0, None))
    return times


def write_wav(path: Path, samples: Samples) -> None:
    """Write mono samples at `RATE`."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def cut_s(end: float, start: float) -> float:
    """Return the cut between two words as the compiler makes it, in seconds."""
    pause = Interval(
        Fraction(end).limit_denominator(10**6), Fraction(start).limit_denominator(10**6)
    )
    return cut_in_pause(pause, Fraction(FPS)).frame / FPS


def cuts_s(
    members: Sequence[Sequence[int]],
    times: Sequence[Interval],
    unscripted: Sequence[Sequence[Interval]],
) -> list[float]:
    """Return the cut into each scene as the compiler makes it, in seconds; 0 into the first.

    Args:
        members: the tokens of each scene.
        times: of all tokens.
        unscripted: speech outside the script before the last word of each scene.
    """
    cuts = []
    for group, others in zip(members, unscripted, strict=True):
        first = group[0]
        if first:
            pause = cut_pause(times[first - 1], others, times[first])
            cuts.append(cut_in_pause(pause, Fraction(FPS)).frame / FPS)
        else:
            cuts.append(0.0)
    return cuts
