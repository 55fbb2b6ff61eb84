"""A timing file's bytes as text and, where they are JSON, as data with exact numbers."""

from __future__ import annotations

import json
from pathlib import Path

from ...files.text_encoding import decode, unix_lines
from .base import TranscriptError
from .decimals import parse_decimal

MOST_BYTES = 256 << 20


def read_text(path: Path) -> str:
    """The text of a file in UTF-8 or UTF-16, line ends as ``\\n``.

    Bytes that are no UTF-8 stay as lone surrogates, for whoever knows how to join them.

    Raises:
        TranscriptError: the file is missing, unreadable, empty, too large, or no text.
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
        raise TranscriptError(path, "is no text file", "name the transcript, not the audio")
    return text


def parse_json(path: Path, text: str) -> object:
    """The text as JSON, or None where it is none; one value a line gives a list of them.

    Raises:
        TranscriptError: it begins as JSON and goes wrong, with line and column.
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
