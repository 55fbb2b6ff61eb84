"""Paths of a reel's files, checks before any work, and atomic writes of text files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.run.store import Store
from ..errors import InputError, Problem, WorkError
from ..files.atomic_output import atomic_output, torn_reason
from ..files.path_limits import in_scratch, names_of_video, nearest_folder, refuse_unusable
from ..script.model import reel_name

REPORT = "report.json"
FILE_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".gif", ".webp", ".otio")
"""Suffixes of an output that cannot be a folder's."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one reel: ``folder/<name>.*`` and ``folder/media``."""

    folder: Path
    name: str
    suffix: str = ".mp4"

    @property
    def timeline(self) -> Path:
        """The OpenTimelineIO timeline."""
        return self.folder / f"{self.name}.otio"

    @property
    def media(self) -> Path:
        """The store of rendered media."""
        return self.folder / "media"

    @property
    def video(self) -> Path:
        """The reel."""
        return self.folder / f"{self.name}{self.suffix}"

    @property
    def srt(self) -> Path:
        """Captions as SubRip."""
        return self.folder / f"{self.name}.srt"

    @property
    def vtt(self) -> Path:
        """Captions as WebVTT."""
        return self.folder / f"{self.name}.vtt"

    @property
    def ass(self) -> Path:
        """Captions as Advanced SubStation Alpha, in the script's style."""
        return self.folder / f"{self.name}.ass"

    @property
    def report(self) -> Path:
        """The report."""
        return report_path(self.timeline)


def report_path(timeline: Path) -> Path:
    """Return the path of a compiled timeline's report; need not exist.

    ``report.json`` is that of the first reel in a folder; further reels have
    ``<name>.report.json``, as does any reel beside a ``report.json`` of another program.
    """
    own, first = timeline.with_name(f"{timeline.stem}.{REPORT}"), timeline.with_name(REPORT)
    if read_report(own) is not None:
        return own
    if not os.path.lexists(first):
        return first
    found = read_report(first)
    is_mine = found is not None and Path(found["timeline"]["path"]).name == timeline.name
    return first if is_mine else own


def read_report(path: Path) -> dict[str, Any] | None:
    """Read a report as plain data; None if it is missing or another program's."""
    try:
        found = json.loads(path.read_text("utf-8"))
        is_ours = isinstance(found["timeline"]["path"], str) and isinstance(found["made_by"], dict)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if is_ours else None


def outputs_beside(script: Path, folder: Path | None) -> Outputs:
    """Return the outputs of a script: in ``folder``, else in ``build/<name>/`` beside the script.

    Raises:
        InputError: the folder is a file, has a video's suffix, or a name that is not text.
    """
    name = reel_name(script)
    chosen = folder or script.parent / "build" / name
    refuse_unusable(chosen, [in_scratch(f"{name}.otio")])
    if chosen.exists() and not chosen.is_dir():
        what, hint = "is a file, not a folder", "give another one with --output"
        raise InputError(Problem.in_file(chosen, what, hint))
    if chosen.suffix.lower() in FILE_SUFFIXES and not chosen.exists():
        what = f"is a file name, with {chosen.suffix}, but several files are written"
        hint = f"give a folder with --output; the reel in it is called {name}"
        raise InputError(Problem.in_file(chosen, what, hint))
    return Outputs(chosen, name)


def videos_of(video: Path, sizes: Sequence[tuple[int, int]]) -> list[Path]:
    """Return the file of each size: the video, and others with their size in their names."""
    more = (video.with_stem(f"{video.stem}-{w}x{h}") for w, h in sizes[1:])
    return [video, *more]


def segments_of(video: Path) -> Path:
    """Return the folder that keeps the encoded segments of a video."""
    return video.with_name(f"{video.stem}.segments")


def refuse_unwritable(outputs: Outputs, slots: Iterable[str] = ()) -> None:
    """Reject outputs that cannot be written, before any work.

    Args:
        outputs: the files.
        slots: the longest names of slots to render, if known.

    Raises:
        InputError: the folder cannot be written or created, or names in it are too long.
    """
    folder = outputs.folder
    refuse_unusable(folder, _names_in(outputs, slots))
    files = (outputs.timeline, outputs.video, outputs.srt, outputs.vtt, outputs.ass)
    taken = [path for path in files if path.is_dir()]
    if taken:
        what, hint = "is a folder, and the name of an output file", "give another --output"
        raise InputError(Problem.in_file(path, what, hint) for path in taken)
    there = nearest_folder(folder)
    if there.is_symlink() and not there.exists():
        what = f"cannot be created: the link {there} is broken"
    elif not there.exists():
        what = f"cannot be created: there is no {there}"
    elif not there.is_dir():
        what = f"cannot be created: {there} is a file"
    elif not os.access(there, os.W_OK | os.X_OK):
        what = "cannot be written to" if there == folder else f"cannot be created in {there}"
    else:
        return
    raise InputError(Problem.in_file(folder, what, "give another one with --output"))


def _names_in(outputs: Outputs, slots: Iterable[str]) -> Iterator[str]:
    """Yield the longest paths in the folder of outputs, with those of temporary files."""
    small = (outputs.timeline, outputs.srt, outputs.report)
    yield from (in_scratch(path.name) for path in small)
    yield from names_of_video(outputs.video)
    media = Store(outputs.media)
    for slot in slots:
        path = media.path_for(slot, "0" * 64)
        yield f"{outputs.media.name}/{in_scratch(f'attempt-{path.name}')}"


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Raises:
        WorkError: the folder cannot be written to, or the disk is full.
    """
    data = text.encode()

    def check(written: Path) -> None:
        if written.read_bytes() != data:
            raise WorkError(f"{path}: cannot be written: {torn_reason(written)}")

    with atomic_output(path, check) as temporary:
        temporary.write_bytes(data)


def write_timeline(timeline: otio.schema.Timeline, path: Path) -> None:
    """Write a timeline as ``.otio``."""
    write_text(path, timeline_text(timeline))


def timeline_text(timeline: otio.schema.Timeline) -> str:
    """Return the content of a timeline's ``.otio``."""
    return f"{timeline.to_json_string(indent=2)}\n"
