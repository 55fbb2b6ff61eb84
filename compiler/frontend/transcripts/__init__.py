"""Readers of timing files, one module per family of formats.

A format is recognised by its content, whatever the file is called. A new one is a module with the
members of `base.Reader` and an entry in `READERS`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from . import whisper
from .base import Reader, Repair, Transcript, TranscriptError
from .mend import mend

__all__ = ["READERS", "Repair", "Transcript", "TranscriptError", "read_transcript"]

READERS: Sequence[Reader] = (whisper,)
"""In the order in which they are asked."""
MOST_BYTES = 256 << 20


def read_transcript(path: Path, duration: Fraction | None = None) -> Transcript:
    """Read a timing file of any known format and mend what is wrong with it.

    Args:
        path: the file.
        duration: of the sound it belongs to, in seconds.

    Raises:
        TranscriptError: the file is unreadable, broken, of no known format, or has no words.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TranscriptError(path, "is larger than 256 MB", "is this a transcript?")
        text = _decode(path.read_bytes())
    except OSError as error:
        raise TranscriptError(path, f"cannot be read: {error.strerror}") from error
    document = _parse(path, text)
    known = ", ".join(reader.NAME for reader in READERS)
    for reader in READERS:
        if not reader.matches(text, document):
            continue
        try:
            transcript = mend(reader.read(text, document), reader.NAME, duration)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise TranscriptError(path, f"is broken {reader.NAME}: {error!r}") from error
        if not transcript.words:
            raise TranscriptError(path, f"is {reader.NAME} without a word in it")
        return transcript
    raise TranscriptError(path, "is no transcript in a known format", f"known: {known}")


def _decode(content: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    return content.decode("utf-8-sig", "replace")


def _parse(path: Path, text: str) -> object:
    """The text as JSON with exact numbers, or None where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(
            text, parse_float=Fraction, parse_int=Fraction, parse_constant=lambda _: None
        )
    except json.JSONDecodeError as error:
        raise TranscriptError(
            path, f"is broken JSON: {error.msg}", "", error.lineno, error.colno
        ) from error
