"""Formats of other programs: a module for each, and their table."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ....renderers.error_text import one_line
from ...errors import InputError, Problem
from ...files.exists import is_file, is_folder, is_there
from ...files.path_text import refuse_unnamable
from . import (
    aaf,
    edl_read,
    edl_write,
    fcp7,
    fcpxml,
    fcpxml_read,
    kdenlive,
    mlt,
    otio_json,
    subtitles,
)
from .base import Format
from .capcut.write import write as write_capcut

CAPCUT = ".capcut"
"""Suffix of CapCut drafts, which may have any name."""
FORMATS = {
    entry.suffix: entry
    for entry in (
        Format(".otio", "OpenTimelineIO", otio_json.write, otio_json.read),
        Format(".otioz", "OpenTimelineIO, packed", otio_json.write_zip, otio_json.read_zip),
        Format(".otiod", "OpenTimelineIO, a folder", otio_json.write_folder, otio_json.read_folder),
        Format(".fcpxml", "Final Cut Pro X", fcpxml.write, fcpxml_read.read),
        Format(".fcpxmld", "Final Cut Pro X, a folder", None, fcpxml_read.read),
        Format(".xml", "Final Cut Pro 7", fcp7.write, fcp7.read),
        Format(".edl", "CMX 3600", edl_write.write, edl_read.read),
        Format(".aaf", "AAF", aaf.write, aaf.read),
        Format(".mlt", "MLT", mlt.write, None),
        Format(".kdenlive", "Kdenlive", kdenlive.write, None),
        Format(CAPCUT, "CapCut draft, a folder", write_capcut, None),
        Format(".srt", "SubRip", subtitles.write_srt, None),
        Format(".vtt", "WebVTT", subtitles.write_vtt, None),
        Format(".ass", "Advanced SubStation Alpha", subtitles.write_ass, None),
    )
}
"""Formats by suffix."""
_NO_NUMBER = re.compile(r"(?:invalid literal for int\(\).*?|could not convert .*?): (.*)")
"""Python's words for text that is no number."""
FOLDERS = (".otiod", ".fcpxmld", CAPCUT)
"""Suffixes of formats that are folders."""
SCRIPTS = (".yaml", ".yml")
"""Suffixes of scripts."""


def writer(path: Path, suffix: str) -> Callable[[otio.schema.Timeline, Path], list[str]]:
    """Return the function that writes a file of a format.

    Args:
        path: of the file, for messages.
        suffix: of the format.

    Raises:
        InputError: no format has the suffix, or the format is read-only.
    """
    entry = FORMATS.get(suffix)
    if entry is None or entry.write is None:
        known = ", ".join(suffix for suffix, one in FORMATS.items() if one.write is not None)
        what = f"{path.suffix or 'a name without a suffix'} is not an export format"
        raise InputError(Problem.in_file(path, what, f"known: {known}"))
    return entry.write


def refuse_missing(path: Path) -> None:
    """Reject a timeline that is no file, and no folder of a format.

    Raises:
        InputError: it is missing, a folder, or a pipe, which would be waited for.
    """
    what = ""
    if not is_there(path):
        what = "no such file"
    elif is_folder(path):
        what = "" if path.suffix.lower() in FOLDERS else "is a folder, not a timeline"
    elif not is_file(path):
        what = "is a device or a pipe, not a file"
    if what:
        raise InputError(Problem.in_file(path, what))


def read(path: Path, fps: Fraction | None = None) -> otio.core.SerializableObject:
    """Read a file in the format of its suffix, else with OpenTimelineIO's adapters.

    Args:
        path: the file.
        fps: the frame rate for formats that state none.

    Raises:
        InputError: it is missing or broken, or its format is unknown or write-only.
    """
    refuse_unnamable([path])
    refuse_missing(path)
    entry = FORMATS.get(path.suffix.lower())
    if path.suffix.lower() in SCRIPTS and path.is_file():
        what = "is a script, not a timeline"
        raise InputError(Problem.in_file(path, what, "compile it, and name the .otio"))
    if entry is not None and entry.read is None:
        what = f"{path.suffix} is an export format only"
        raise InputError(
            Problem.in_file(path, what, "export .otio, .xml or .fcpxml from the editor")
        )
    try:
        if entry is not None and entry.read is not None:
            return entry.read(path, fps)
        return otio.adapters.read_from_file(str(path))
    except InputError:
        raise
    except otio.exceptions.NoKnownAdapterForExtensionError as error:
        what = f"{path.suffix or 'a name without a suffix'} is not a format that can be imported"
        known = ", ".join(suffix for suffix, one in FORMATS.items() if one.read is not None)
        raise InputError(Problem.in_file(path, what, f"known: {known}")) from error
    except Exception as error:
        # Adapters raise any exception for a broken file.
        if isinstance(error, AttributeError | LookupError | TypeError | AssertionError):
            # Its text is about the adapter's code, not about the file.
            kind = entry.name if entry is not None else path.suffix
            what = f"cannot be read as {kind}: something that the format requires is missing in it"
            raise InputError(Problem.in_file(path, what, "--debug shows where")) from error
        what = one_line(error) or type(error).__name__
        number = _NO_NUMBER.fullmatch(what)
        what = f"{number[1]} is not a number" if number is not None else what
        raise InputError(Problem.in_file(path, f"cannot be read as a timeline: {what}")) from error
