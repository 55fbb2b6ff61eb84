"""Open media containers with PyAV; the only module that depends on its version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import av
from av.container import Container, InputContainer, OutputContainer

from .demuxers import ALLOWED, demuxer_options, names_others, why_no_media

PROTOCOLS = "file,pipe"
"""Protocols allowed for inputs: no media reference reaches the network."""
# Older releases raise UnicodeDecodeError for tags that are not UTF-8; PyAV 19 escapes them and has
# dropped the argument.
_LENIENT: dict[str, Any] = (
    {"metadata_errors": "ignore"} if hasattr(Container, "metadata_errors") else {}
)


def url(path: Path) -> str:
    """Return a file as FFmpeg's ``file:`` URL, safe for names with a leading dash or a colon."""
    return f"file:{path}"


def open_input(file: Path | IO[bytes], options: Mapping[str, str] | None = None) -> InputContainer:
    """Open a media file or file object for reading.

    Tags may be invalid UTF-8. No other file is opened: playlists are rejected by their content.

    Args:
        file: a path, or a readable file object.
        options: of FFmpeg, for the container and its streams.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    chosen = {"format_whitelist": ALLOWED}
    if isinstance(file, Path):
        chosen = {"protocol_whitelist": PROTOCOLS, **demuxer_options(file)}
    demuxer = chosen.pop("f", None)
    try:
        opened: InputContainer = av.open(
            _named(file), "r", format=demuxer, options=chosen | dict(options or {}), **_LENIENT
        )
    except (av.error.ArgumentError, av.error.InvalidDataError) as error:
        what = names_others(file) if isinstance(file, Path) else ""
        if what:
            raise OSError(f"it is {what}, which only references other files") from error
        if isinstance(error, av.error.ArgumentError) and demuxer is None:
            # FFmpeg's error for a format that is not on the whitelist.
            raise OSError("its format is not supported") from error
        if isinstance(error, av.error.InvalidDataError) and isinstance(file, Path):
            raise OSError(why_no_media(file)) from error
        raise
    return opened


def open_output(file: Path | IO[bytes], container: str) -> OutputContainer:
    """Open a media file or file object for writing.

    Args:
        file: a path, or a writable file object.
        container: FFmpeg's name of the format, such as ``mp4``.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    return av.open(_named(file), "w", format=container)


def _named(file: Path | IO[bytes]) -> str | IO[bytes]:
    return url(file) if isinstance(file, Path) else file
