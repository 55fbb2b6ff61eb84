"""Export: write a timeline in another program's format, and read it back."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import opentimelineio as otio

from ...renderers.error_text import one_line
from ...renderers.run.store import damage_of
from ..editors import formats
from ..editors.bake_levels import bake_levels
from ..editors.bundle_media import copy_media, rename_media
from ..editors.clip_sound_tracks import add_clip_sounds
from ..editors.editor_profiles import EDITORS, Editor, adapt_for
from ..editors.export_losses import CLIP_LEVELS, export_losses
from ..editors.formats import fcpxml, otio_json
from ..editors.formats.capcut.files import register
from ..editors.formats.capcut.write import write as write_capcut
from ..editors.prepare_export import prepare_export
from ..editors.project_files import refuse_outside
from ..errors import InputError, Problem, WorkError
from ..files.atomic_output import atomic_output, torn_reason
from ..files.path_limits import names_of_file, refuse_unusable
from ..notices import Notice, notices
from ..timeline.media import media_path
from ..timeline.properties import rate_of

_PACKED = (".otioz", ".otiod", formats.CAPCUT)
"""Formats that contain the media."""
_WITHOUT_PATHS = (*_PACKED, ".srt", ".vtt", ".ass")


def suffix_of(output: Path, editor: Editor | None) -> str:
    """Return the suffix of an output's format; a CapCut draft may have any name."""
    suffix = output.suffix.lower()
    is_draft = editor is EDITORS["capcut"] and suffix not in formats.FORMATS
    return formats.CAPCUT if is_draft else suffix


def write_export(
    timeline: otio.schema.Timeline,
    path: Path,
    output: Path,
    editor: Editor | None,
    before_rename: Callable[[Path], Notice | None],
    allow_outside: bool,
    fcpxml_version: str | None = None,
) -> list[Notice]:
    """Write a timeline for an editor, atomically; return warnings.

    Args:
        timeline: any timeline.
        path: its file; relative media paths start in its folder.
        output: the file to write.
        editor: the program; None for any that reads the format.
        before_rename: called with the temporary file before it is renamed; returns a warning.
        allow_outside: let a bundle include media from outside the timeline's project.
        fcpxml_version: of an ``.fcpxml``; None for the default.

    Raises:
        InputError: the format cannot be written or the editor does not read it, a clip has no
            length, or a bundle would include media from outside the project.
        WorkError: the file cannot be written.
    """
    suffix = suffix_of(output, editor)
    write = formats.writer(output, suffix)
    if suffix == formats.CAPCUT:
        write = partial(write_capcut, place=output)
    refuse_unusable(output.parent, names_of_file(output))
    if fcpxml_version is not None:
        if suffix != ".fcpxml":
            what = f"{suffix} has no version {fcpxml_version} of FCPXML"
            raise InputError(Problem.in_file(output, what, "write an .fcpxml"))
        write = partial(fcpxml.write, version=fcpxml_version)
    if editor is not None and suffix not in editor.suffixes:
        known = ", ".join(editor.suffixes)
        what = f"{editor.name} reads no {suffix}"
        raise InputError(Problem.in_file(output, what, f"it reads {known}"))
    rate_of(timeline, path)  # Refuses a clip without a length before any work.
    for_resolve = editor is not None and editor.is_resolve and suffix in (".otio", ".otioz")
    try:
        copy, notes = prepare_export(timeline, path.parent, suffix, in_reel_frames=for_resolve)
    except otio.exceptions.OTIOError as error:
        what = f"cannot be laid out: {' '.join(str(error).split())}"
        hint = "give every clip a source_range"
        raise InputError(Problem.in_file(path, what, hint)) from error
    if suffix in CLIP_LEVELS or for_resolve:
        add_clip_sounds(copy, path.parent)
        notes += bake_levels(copy, path.parent, rate_of(copy))
    if suffix in _PACKED:
        files = otio_json.packed_files(copy)
        notes += refuse_outside(timeline, path, files, allow=allow_outside)
    notes += notices("format", export_losses(copy, suffix))
    notes += _damaged_media(timeline, path.parent, read=suffix in _PACKED)
    if editor is not None:
        notes += notices("format", adapt_for(copy, editor, suffix))
    copies = {} if suffix in _WITHOUT_PATHS else rename_media(copy, output.parent / "media")
    with atomic_output(output) as temporary:
        if editor is not None and editor.old_schema and suffix in (".otio", ".otioz"):
            old = {".otio": otio_json.write_old, ".otioz": otio_json.write_zip_old}[suffix]
            notes += notices("format", old(copy, temporary))
        else:
            notes += notices("format", _written(write, copy, temporary, output))
        copy_media(copies)
        notice = before_rename(temporary)
    left = register(output) if suffix == formats.CAPCUT else None
    notes += [one for one in (notice, left) if one is not None]
    return list(dict.fromkeys(notes))


def _damaged_media(timeline: otio.schema.Timeline, root: Path, *, read: bool) -> list[Notice]:
    """Return a warning for each damaged rendered file of a timeline; ``read`` as in `Store`."""
    notes: dict[Path, Notice] = {}
    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            file = media_path(reference, root)
            how = "" if file is None or file in notes else damage_of(file, read=read)
            if file is not None and how:
                what = f"{file.name} is damaged ({how}); otio-gvideo render will replace it"
                notes[file] = Notice("damaged", what)
    return list(notes.values())


def _written(
    write: Callable[[otio.schema.Timeline, Path], list[str]],
    timeline: otio.schema.Timeline,
    temporary: Path,
    output: Path,
) -> list[str]:
    """Write a timeline in a format, and return losses.

    Raises:
        WorkError: the format or its adapter failed.
    """
    try:
        notes = write(timeline, temporary)
        _read_back(temporary)
        return notes
    except (InputError, WorkError, OSError):
        raise
    except Exception as error:
        # Adapters raise any exception for a timeline that they cannot write.
        what = one_line(error) or type(error).__name__
        raise WorkError(f"{output}: cannot be written as {output.suffix}: {what}") from error


def _read_back(temporary: Path) -> None:
    """Read a written file back; of a packed bundle, verify its checksums.

    Raises:
        zipfile.BadZipFile, WorkError: it is damaged.
    """
    suffix = temporary.suffix.lower()
    if suffix == ".otioz":
        with zipfile.ZipFile(temporary) as archive:
            torn = archive.testzip()
        if torn is not None:
            raise WorkError(f"{temporary.name}: cannot be written: {torn} in it is torn")
    elif suffix in (".otio", ".otiod"):
        formats.read(temporary)
    elif not temporary.stat().st_size and suffix not in (".srt", ".vtt"):
        raise WorkError(f"{temporary.name}: cannot be written: {torn_reason(temporary)}")
