"""What our alignment finds in a clip, kept on disk by content."""

from __future__ import annotations

import json
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from otio_gvideo import compiler
from otio_gvideo.compiler.speech.align import AlignmentError, SceneText, align_scenes
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.types import Interval

from .clips import RATE, Samples, digest
from .scripts import Scene

FPS = 24
_SOURCES = ("speech", "script/tokens.py", "script/number_words.py", "sync/cuts.py")
"""Code that decides on word times, in the package `compiler`."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The result for one script.

    Attributes:
        words: by scene: start, end, and confidence or None; tokens of scripts without spaces are
            joined again to the script's words.
        confidences: by scene: that its cut is in its pause; None if unknown.
        refused: scenes that are an error.
        warnings: scene and message.
    """

    words: list[list[tuple[float, float, float | None]]]
    confidences: list[float | None]
    refused: list[str]
    warnings: list[tuple[str, str]]


@cache
def code_digest() -> str:
    """Return a key of the code that aligns."""
    root = Path(compiler.__file__).parent
    files: list[Path] = []
    for name in _SOURCES:
        path = root / name
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return digest(*(path.read_bytes() for path in files))


def aligned(samples: Samples, scenes: Sequence[Scene], language: str, cached: Path) -> Aligned:
    """Align a script to a recording, unless that was done before with the same code."""
    texts = [SceneText(scene.id, scene.text) for scene in scenes]
    path = cached / f"ours-{digest(samples, texts, language, code_digest())}.json"
    if path.exists():
        raw = json.loads(path.read_text())
        return Aligned(**raw)
    refused: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "voice.wav"
        write_wav(sound, samples)
        try:
            found = align_scenes(texts, sound, language=language)
        except AlignmentError as error:
            refused = [entry.scene_id for entry in error.entries]
            found = align_scenes(texts, sound, language=language, unheard="warn")
    result = Aligned(
        [
            _as_written(
                [word for word, _ in scene.words],
                [(w.text, float(w.start), float(w.end), _confidence(w)) for w in spoken.words],
            )
            for scene, spoken in zip(scenes, found.scenes, strict=True)
        ],
        [_confidence(spoken) for spoken in found.scenes],
        refused,
        [(warning.scene_id, warning.what) for warning in found.warnings],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result)))
    return result


def _confidence(item: object) -> float | None:
    known = getattr(item, "confidence", None)
    return None if known is None else float(known)


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
