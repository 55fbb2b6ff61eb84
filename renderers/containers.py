"""Open media containers through PyAV: the only module that depends on its version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import av
from av.container import Container, InputContainer, OutputContainer

PROTOCOLS = "file,pipe,crypto,data"
"""Protocols allowed for inputs: no media reference reaches the network."""
# Older releases raise UnicodeDecodeError for tags that are not UTF-8; PyAV 19 escapes them and has
# dropped the argument.
_LENIENT: dict[str, Any] = (
    {"metadata_errors": "ignore"} if hasattr(Container, "metadata_errors") else {}
)


def url(path: Path) -> str:
    """A file as FFmpeg names it: a leading dash or a colon in the name means nothing special."""
    return f"file:{path}"


def open_input(file: Path | IO[bytes], options: Mapping[str, str] | None = None) -> InputContainer:
    """Open a media file, or a file object, for reading.

    Tags that are no valid UTF-8 are no error, and a playlist reaches no network.

    Args:
        file: a path, or a file object that is open for reading.
        options: FFmpeg's own, for the container and its streams.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    chosen = {"protocol_whitelist": PROTOCOLS} if isinstance(file, Path) else {}
    opened: InputContainer = av.open(
        _named(file), "r", options=chosen | dict(options or {}), **_LENIENT
    )
    return opened


def open_output(file: Path | IO[bytes], container: str) -> OutputContainer:
    """Open a media file, or a file object, for writing.

    Args:
        file: a path, or a file object that is open for writing.
        container: FFmpeg's name of the format, as in ``mp4``.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    return av.open(_named(file), "w", format=container)


def _named(file: Path | IO[bytes]) -> str | IO[bytes]:
    return url(file) if isinstance(file, Path) else file
