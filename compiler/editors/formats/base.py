"""The format contract, and what several formats share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.text_encoding import decode, encoding_of
from ...timeline.metadata import own_metadata

EXTRA = "pip install 'otio-gvideo[editors]'"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, as in names with control characters."""


START_OFFSET = "start_offset"
"""Key of our metadata, in a timeline that is about to be written: see `start_offset`."""
LEAST_OFFSET_S = Fraction(1, 10_000)
"""Seconds between an exact start and the nearest frame from which it is not that frame."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes:
        suffix: in lower case, with its dot.
        name: of the format or its program.
        write: writes a prepared timeline and returns the losses, one line each; None if the format
            is read-only.
        read: reads a timeline, given the file and the reel's frame rate, if known, for formats that
            state none; None if the format is write-only.
    """

    suffix: str
    name: str
    write: Callable[[otio.schema.Timeline, Path], list[str]] | None
    read: Callable[[Path, Fraction | None], otio.core.SerializableObject] | None


def adapter(name: str, path: Path) -> Any:
    """Return an adapter of OpenTimelineIO.

    Args:
        name: of the adapter's plugin.
        path: the file to read or write.

    Raises:
        InputError: the adapter is not installed.
    """
    try:
        return otio.adapters.from_name(name)
    except otio.exceptions.OTIOError as error:
        what = f"{path.suffix} needs an adapter that is not installed"
        raise InputError(Problem.in_file(path, what, EXTRA)) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 with ``\\n`` on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_xml(path: Path, root: Element, doctype: str = "", encoding: str = "UTF-8") -> None:
    """Write an indented XML document; ``encoding`` is how its declaration spells UTF-8."""
    ElementTree.indent(root)
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    head += f"<!DOCTYPE {doctype}>\n" if doctype else ""
    text = _NO_XML.sub("\ufffd", ElementTree.tostring(root, "unicode"))
    write_text(path, f"{head}{text}\n")


def read_xml(path: Path) -> str | bytes:
    """Read a document for the XML parser: bytes, which declare their encoding, or UTF-16 as text.

    Documents that went through a program's output declare an encoding that they no longer have.
    """
    content = path.read_bytes()
    return content if encoding_of(content) == "utf-8-sig" else decode(content, "replace")


def name_tracks(timeline: otio.schema.Timeline, unnamed: tuple[str, ...] = ("",)) -> None:
    """Name the tracks ``V1``, ``A1``, ``A2`` if the format stores no names.

    Args:
        timeline: changed in place.
        unnamed: the names to replace.
    """
    for letter, tracks in (("V", timeline.video_tracks()), ("A", timeline.audio_tracks())):
        for number, track in enumerate(tracks, 1):
            if track.name in unnamed:
                track.name = f"{letter}{number}"


def timelines_in(found: otio.core.SerializableObject) -> list[otio.schema.Timeline]:
    """Return the timeline that an adapter read, or the timelines of the collection."""
    items = found if isinstance(found, otio.schema.SerializableCollection) else [found]
    return [item for item in items if isinstance(item, otio.schema.Timeline)]


def is_audio(track: otio.schema.Track) -> bool:
    """Whether a track is an audio track; all other kinds show pictures."""
    return bool(track.kind == otio.schema.TrackKind.Audio)


def start_offset(clip: otio.schema.Clip) -> Fraction:
    """Return the seconds by which the start of a prepared clip was later before rounding."""
    return Fraction(own_metadata(clip).get(START_OFFSET, 0))


def time_warp(speed: Fraction) -> otio.schema.TimeEffect:
    """Return the effect that plays media at a speed; a freeze frame for 0."""
    if not speed:
        return otio.schema.FreezeFrame()
    return otio.schema.LinearTimeWarp(time_scalar=float(speed))
