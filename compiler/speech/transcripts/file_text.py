"""Bytes of a timing file as text, and as JSON with exact numbers."""

from __future__ import annotations

import json
from pathlib import Path

from ...files.text_encoding import decode, unix_lines
from .base import TranscriptError
from .decimals import parse_decimal

MOST_BYTES = 256 << 20


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8 or UTF-16, with ``\\n`` line ends.

    Bytes that are not UTF-8 stay as lone surrogates, which a reader may join.

    Raises:
        TranscriptError: the file is missing, unreadable, empty, too large, or binary.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TranscriptError(path, "is larger than 256 MB", "is this a transcript?")
        content = path.read_bytes()
    except OSError as error:
        raise TranscriptError(path, f"cannot be read: {error.strerror}") from error
    text = unix_lines(decode(content, "surrogateescape"))
    if not text.strip():
        raise TranscriptError(path, "is empty", "did the program that writes it finish?")
    if "\0" in text:
        raise TranscriptError(path, "is not a text file", "name the transcript, not the audio")
    return text


def parse_json(path: Path, text: str) -> object:
    """Parse JSON, or JSON lines as a list; return None if the text is neither.

    Raises:
        TranscriptError: the JSON is broken, with line and column.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        try:
            return _loads(text)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            lines = [line for line in text.split("\n") if line.strip()]
            if not all(line.lstrip().startswith(("{", "[")) for line in lines):
                raise
            return _parse_lines(path, text)
    except json.JSONDecodeError as error:
        raise TranscriptError(
            path, f"is broken JSON: {error.msg}", "", error.lineno, error.colno
        ) from error
    except RecursionError as error:
        raise TranscriptError(path, "is JSON nested too deeply for a transcript") from error
    except ValueError as error:
        raise TranscriptError(path, f"is JSON with a number out of range: {error}") from error


def _parse_lines(path: Path, text: str) -> list[object]:
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(_loads(line))
        except json.JSONDecodeError as error:
            raise TranscriptError(
                path, f"is broken JSON: {error.msg}", "", number, error.colno
            ) from error
    return values


def _loads(text: str) -> object:
    return json.loads(text, parse_float=parse_decimal, parse_constant=lambda _: None)
