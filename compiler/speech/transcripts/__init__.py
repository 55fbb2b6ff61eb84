"""Readers of timing files, one module per family of formats.

A format is recognised by its content, whatever the file is called. A new one is a module with the
members of `base.Reader` and an entry in `READERS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ...sync.types import Interval
from . import (
    aeneas,
    aws,
    ctm,
    deepgram,
    edge_tts,
    elevenlabs,
    gentle,
    subtitles,
    textgrid,
    transformers,
    tsv,
    whisper,
    whisper_cpp,
)
from .base import (
    MalformedError,
    RawTranscript,
    RawWord,
    Reader,
    Repair,
    Transcript,
    TranscriptError,
)
from .file_text import parse_json, read_text
from .repair import repair_transcript

__all__ = [
    "READERS",
    "RawTranscript",
    "RawWord",
    "Repair",
    "Transcript",
    "TranscriptError",
    "read_transcript",
    "repair_transcript",
]

READERS: Sequence[Reader] = (
    whisper_cpp,
    transformers,
    elevenlabs,
    gentle,
    edge_tts,
    aeneas,
    aws,
    deepgram,
    whisper,
    textgrid,
    tsv,
    subtitles,
    ctm,
)
"""In the order of matching: formats with an unmistakable sign come first."""


def read_transcript(
    path: Path,
    duration: Fraction | None = None,
    speech: Sequence[Interval] | None = None,
) -> Transcript:
    """Read and repair a timing file of any known format.

    Args:
        path: the file.
        duration: of its recording, in seconds.
        speech: intervals of the recording with speech, in order.

    Raises:
        TranscriptError: the file is unreadable, broken, of an unknown format, or has no words.
    """
    text = read_text(path)
    document = parse_json(path, text)
    for reader in READERS:
        if reader.matches(text, document):
            break
    else:
        known = ", ".join(reader.NAME for reader in READERS)
        what = f"is not a transcript in a known format: it {_beginning(text, document)}"
        hint = f"known: {known}"
        if document is None and not any(char.isdigit() for char in text.partition("\n")[0]):
            hint = f"plain text has no times, and no transcript is needed; {hint}"
        raise TranscriptError(path, what, hint)
    try:
        raw = reader.read(text, document)
    except MalformedError as error:
        raise TranscriptError(
            path, error.what, f"read as {reader.NAME}", error.line, 1, error.where
        ) from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise TranscriptError(path, f"is broken {reader.NAME}: {error!r}") from error
    raw = replace(raw, format=raw.format or reader.NAME)
    transcript = repair_transcript(raw, duration, speech)
    if not transcript.words:
        raise TranscriptError(path, f"is {raw.format} without words", _last_repair(transcript))
    return transcript


def _beginning(text: str, document: object) -> str:
    """Describe how a file of an unknown format begins."""
    if isinstance(document, dict):
        keys = [str(key)[:24] for key in document][:6]
        return f"is a JSON object with {', '.join(map(repr, keys))}" if keys else "is '{}'"
    if isinstance(document, list):
        first = document[0] if document else None
        if isinstance(first, dict):
            return f"is a JSON array of objects with {', '.join(repr(str(k)[:24]) for k in first)}"
        return f"is a JSON array of {len(document)} values"
    line = next(line for line in text.split("\n") if line.strip()).strip()
    shown = "".join(char if char.isprintable() else "�" for char in line[:40])
    return f"begins with {shown!r}"


def _last_repair(transcript: Transcript) -> str:
    """Return the repair that dropped the last words; empty if there was none."""
    if not transcript.repairs:
        return ""
    repair = transcript.repairs[-1]
    return f"at {repair.place} {repair.what}"
