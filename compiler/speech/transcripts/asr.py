"""Speech recognition where there is no transcript: an optional engine, its results kept.

The engine's own output is kept as whisper JSON under the hash of everything that decides it: the
sound, the engine and its version, the model and the language. Mending happens on the way out, so
that what is kept gains from whatever mending learns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, Place, Problem, WorkError
from ...media.mono_samples import duration_of, speech_samples
from ...outputs.paths import write_text
from ..pauses import speech_intervals
from . import whisper
from .base import Transcript, TranscriptError
from .content import parse_json, read_text
from .repair import mend

DEFAULT_MODEL = "small"
_ENGINE = Place(where="transcript.engine")
_BLOCK = 1 << 20
_SEED = 0


def transcribe(
    audio: Path,
    engine: str = "faster-whisper",
    model: str = DEFAULT_MODEL,
    language: str | None = None,
    cache: Path | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Transcript:
    """Words of a sound file with their times, mended.

    Args:
        audio: anything ffmpeg reads.
        engine: a name in `ENGINES`.
        model: a name the engine knows (``small``, ``large-v3``), or a folder with a model.
        language: a code such as ``en``; None lets the engine find out.
        cache: the folder where results are kept; None keeps none.
        on_progress: called with 0..1 as the work goes on.

    Raises:
        InputError: the engine is unknown, or not installed.
        WorkError: the sound cannot be read, the model cannot be had, or the engine failed.
    """
    if engine not in ENGINES:
        what = f"{engine!r} is no speech recogniser"
        raise InputError(Problem.at(_ENGINE, what, f"known: {', '.join(ENGINES)}"))
    try:
        version = metadata.version(engine)
    except metadata.PackageNotFoundError as error:
        what, hint = f"{engine} is not installed", "pip install 'otio-gvideo[asr]', or name a file"
        raise InputError(Problem.at(_ENGINE, what, hint)) from error
    duration = duration_of(audio)
    kept = None
    if cache is not None:
        kept = cache / f"{_key(audio, engine, version, model, language)}.json"
    text = _kept(kept)
    if text is None:
        text = json.dumps(
            ENGINES[engine](audio, model, language, duration, on_progress or (lambda _: None)),
            ensure_ascii=False,
            indent=1,
        )
        if kept is not None:
            write_text(kept, text + "\n")
    raw = whisper.read(text, parse_json(audio, text))
    transcript = mend(
        replace(raw, format=f"{engine} {version}, {Path(model).name}"),
        duration,
        speech_intervals(speech_samples(audio)),
    )
    if not transcript.words:
        raise WorkError(f"{audio}: {engine} heard no words in it")
    return transcript


def _kept(path: Path | None) -> str | None:
    """A result that was kept whole, or None."""
    if path is None or not path.exists():
        return None
    try:
        text = read_text(path)
        return text if whisper.matches(text, parse_json(path, text)) else None
    except TranscriptError:
        return None


def _key(audio: Path, engine: str, version: str, model: str, language: str | None) -> str:
    """SHA-256 over everything that decides a result, in hexadecimal."""
    digest = hashlib.sha256()
    try:
        with audio.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
        named = _model_digest(Path(model)) if Path(model).is_dir() else model
    except OSError as error:
        raise WorkError(f"{error.filename or audio}: cannot be read: {error.strerror}") from error
    digest.update(json.dumps([engine, version, named, language]).encode())
    return digest.hexdigest()


def _model_digest(folder: Path) -> str:
    """Of a model's files: names, sizes, and their first and last megabyte."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as stream:
            digest.update(stream.read(_BLOCK))
            stream.seek(max(0, size - _BLOCK))
            digest.update(stream.read(_BLOCK))
    return digest.hexdigest()


def _faster_whisper(
    audio: Path,
    model: str,
    language: str | None,
    duration: Fraction,
    on_progress: Callable[[float], None],
) -> dict[str, Any]:
    """Segments of faster-whisper (SYSTRAN/faster-whisper, ``transcribe.py``) as whisper JSON."""
    import_module("ctranslate2").set_random_seed(_SEED)
    try:
        loaded = import_module("faster_whisper").WhisperModel(model, compute_type="auto")
    except Exception as error:  # whatever the model's hub or its loader raises
        what = f"the Whisper model {model!r} cannot be had: {' '.join(str(error).split())}"
        raise WorkError(what) from error
    try:
        found, info = loaded.transcribe(
            # Its own reading of files does not take every release of PyAV.
            speech_samples(audio).astype(np.float32) / 32768,
            language=language and language.partition("-")[0].lower(),
            word_timestamps=True,
            # A segment that went wrong must not pull the next one along.
            condition_on_previous_text=False,
            hallucination_silence_threshold=2.0,
        )
        segments = []
        for number, segment in enumerate(found):
            segments.append(_as_json(number, segment))
            on_progress(min(1.0, float(segment.end) / float(duration)))
    except (OSError, ValueError, RuntimeError) as error:
        raise WorkError(f"{audio}: faster-whisper failed: {error}") from error
    return {
        "text": "".join(segment["text"] for segment in segments),
        "segments": segments,
        "language": info.language,
    }


def _as_json(number: int, segment: Any) -> dict[str, Any]:
    return {
        "id": number,
        "start": round(float(segment.start), 3),
        "end": round(float(segment.end), 3),
        "text": segment.text,
        "no_speech_prob": round(float(segment.no_speech_prob), 6),
        "words": [
            {
                "word": word.word,
                "start": round(float(word.start), 3),
                "end": round(float(word.end), 3),
                "probability": round(float(word.probability), 6),
            }
            for word in segment.words or ()
        ],
    }


ENGINES: Mapping[str, Callable[..., dict[str, Any]]] = {"faster-whisper": _faster_whisper}
"""By the name of the package that has it."""
