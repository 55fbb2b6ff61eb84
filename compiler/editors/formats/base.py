"""What a format is: a file that other programs read or write, and a timeline in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.text_encoding import decode, encoding_of

EXTRA = "pip install 'otio-gvideo[editors]'"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        suffix: with its dot, in small letters.
        name: as people call it.
        write: a prepared timeline into a file; returns what the format cannot carry, one line each.
            None where the format is only read.
        read: a file into a timeline; None where the format is only written. Given the file, and
            the rate that the reel is known to have where the format doesn't say one.
    """

    suffix: str
    name: str
    write: Callable[[otio.schema.Timeline, Path], list[str]] | None
    read: Callable[[Path, Fraction | None], otio.core.SerializableObject] | None


def adapter(name: str, path: Path) -> Any:
    """An adapter of OpenTimelineIO.

    Args:
        name: as the adapter's plugin calls itself.
        path: the file that it is wanted for.

    Raises:
        InputError: it is not installed.
    """
    try:
        return otio.adapters.from_name(name)
    except otio.exceptions.OTIOError as error:
        what = f"{path.suffix} needs an adapter that is not installed"
        raise InputError(Problem.in_file(path, what, EXTRA)) from error


def read_xml(path: Path) -> str | bytes:
    """A document for the XML parser: bytes, since it states its encoding; text if it is UTF-16.

    Documents that went through a program's output state an encoding that they no longer have.
    """
    content = path.read_bytes()
    return content if encoding_of(content) == "utf-8-sig" else decode(content, "replace")


def name_tracks(timeline: otio.schema.Timeline, nameless: tuple[str, ...] = ("",)) -> None:
    """Name the tracks of a format that keeps no names as ours are: ``V1``, ``A1``, ``A2``."""
    for letter, tracks in (("V", timeline.video_tracks()), ("A", timeline.audio_tracks())):
        for number, track in enumerate(tracks, 1):
            if track.name in nameless:
                track.name = f"{letter}{number}"
