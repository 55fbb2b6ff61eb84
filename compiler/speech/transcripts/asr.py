"""Speech recognition (ASR) with an optional engine and a cache of its results.

The cache holds the engine's raw output as whisper JSON, under the hash of the audio, the engine and
its version, the model and the language. Repairs are made after a cache hit, so that better repairs
apply to cached results too.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

from ....renderers.error_text import one_line
from ....renderers.files.verified_json import read_verified, write_verified
from ...errors import InputError, Place, Problem, WorkError
from ...files.exists import is_folder
from ...media.samples import duration_of, speech_samples
from ..pauses import speech_intervals
from . import whisper
from .base import Transcript
from .file_text import parse_json
from .repair import repair_transcript

DEFAULT_MODEL = "small"
_ENGINE = Place(where="transcript.engine")
_MODEL = Place(where="transcript.model")
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
"""Of the hub, such as ``Systran/faster-whisper-small``."""
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
    """Recognise the words of a recording; return the repaired transcript.

    Args:
        audio: anything ffmpeg reads.
        engine: a name in `ENGINES`.
        model: a model name of the engine (``small``, ``large-v3``), or a folder with a model.
        language: a code such as ``en``; None detects it.
        cache: folder of cached results; None caches none.
        on_progress: called with 0..1.

    Raises:
        InputError: the engine is unknown or not installed, or the model cannot be loaded.
        WorkError: the audio cannot be read, or the engine failed.
    """
    if engine not in ENGINES:
        what = f"{engine!r} is not a speech recogniser"
        raise InputError(Problem.at(_ENGINE, what, f"known: {', '.join(ENGINES)}"))
    version = _version(engine)
    duration = duration_of(audio)
    key = "" if cache is None else recognition_key(audio, engine, model, language)
    cached = None if cache is None else cache / f"{key}.json"
    text = None if cached is None else read_verified(cached)
    if not isinstance(text, str):
        text = json.dumps(
            ENGINES[engine](audio, model, language, duration, on_progress or (lambda _: None)),
            ensure_ascii=False,
            indent=1,
        )
        # Unless a file was replaced meanwhile, or the cache cannot be written.
        if cached is not None and key == recognition_key(audio, engine, model, language):
            with suppress(OSError):
                write_verified(cached, text)
    raw = whisper.read(text, parse_json(audio, text))
    transcript = repair_transcript(
        replace(raw, format=f"{engine} {version}, {Path(model).name}"),
        duration,
        speech_intervals(speech_samples(audio)),
    )
    if not transcript.words:
        raise WorkError(f"{audio}: {engine} recognised no words")
    return transcript


def _version(engine: str) -> str:
    try:
        return metadata.version(engine)
    except metadata.PackageNotFoundError as error:
        what, hint = f"{engine} is not installed", "pip install 'otio-gvideo[asr]', or name a file"
        raise InputError(Problem.at(_ENGINE, what, hint)) from error


def recognition_key(audio: Path, engine: str, model: str, language: str | None) -> str:
    """Return the cache key of a result: a SHA-256 in hexadecimal; errors as of `transcribe`."""
    digest = hashlib.sha256()
    try:
        with audio.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
        named = _model_digest(Path(model)) if is_folder(Path(model)) else model
    except OSError as error:
        raise WorkError(f"{error.filename or audio}: cannot be read: {error.strerror}") from error
    digest.update(json.dumps([engine, _version(engine), named, language]).encode())
    return digest.hexdigest()


def _model_digest(folder: Path) -> str:
    """Hash the files of a model: names, sizes, first and last megabyte."""
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
    """Run faster-whisper (SYSTRAN/faster-whisper, ``transcribe.py``); return whisper JSON."""
    _refuse_unknown(model)
    import_module("ctranslate2").set_random_seed(_SEED)
    try:
        loaded = import_module("faster_whisper").WhisperModel(model, compute_type="auto")
    except MemoryError as error:
        raise WorkError(f"there is too little memory for the Whisper model {model!r}") from error
    except Exception as error:  # The hub and the loader raise errors of many types.
        what = f"the Whisper model {model!r} cannot be loaded: {one_line(error)}"
        if _REPOSITORY.fullmatch(model) and not is_folder(Path(model)):
            what = f"there is no folder {model}, and no such Whisper model: {one_line(error)}"
        raise InputError(Problem.at(_MODEL, what, "name a model, or a folder with one")) from error
    # Its own file reader does not support every release of PyAV.
    samples = speech_samples(audio).astype(np.float32)
    samples /= 32768  # In place: an hour takes 230 MB.
    try:
        found, info = loaded.transcribe(
            samples,
            language=language and language.partition("-")[0].lower(),
            word_timestamps=True,
            # An error in one segment must not carry over to the next.
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


def _refuse_unknown(model: str) -> None:
    """Reject a name that is no model, no repository of the hub, and no folder.

    Raises:
        InputError: it is one.
    """
    known = import_module("faster_whisper").available_models()
    if not (model in known or _REPOSITORY.fullmatch(model) or is_folder(Path(model))):
        what = f"{model!r} is not a Whisper model"
        close = difflib.get_close_matches(model, known, 1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        hint = f"{meant}known: {', '.join(known)}, or a folder with a model"
        raise InputError(Problem.at(_MODEL, what, hint))


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
"""By the name of the engine's package."""
