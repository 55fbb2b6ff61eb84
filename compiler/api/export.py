"""Export: a timeline as the file of another program."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from ...renderers.files.digest import sha256_of
from ..editors.editor_profiles import EDITORS
from ..editors.formats.capcut.files import CONTENT, is_untouched
from ..editors.formats.fcpxml import VERSIONS
from ..editors.read_timeline import read_timeline
from ..errors import InputError, Problem
from ..files.exists import is_file, is_folder
from ..files.protected_files import refuse_inputs
from ..notices import Notice
from ..outputs.report_claims import claim, is_claimed, keep_edited
from ..stages.export import write_export
from ..stages.input_files import NEW_NAME, inputs_of_timeline, timeline_file
from .arguments import refuse_unknown


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for another program.

    Attributes:
        path: of the file.
        warnings: losses of its format, damaged media, an older export that was renamed.
    """

    path: Path
    warnings: tuple[Notice, ...]


def export_timeline(
    timeline: str | Path,
    output: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    editor: str | None = None,
    allow_outside: bool = False,
    fcpxml_version: str | None = None,
) -> Exported:
    """Write a timeline in another program's format.

    Args:
        timeline: any timeline, with or without rendered media.
        output: the file, its format given by its suffix; by default the editor's preferred format,
            beside the timeline.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        editor: the program to write for: ``resolve``, ``resolve-18``, ``premiere``, ``finalcut``,
            ``avid``, ``capcut``, ``kdenlive``, ``shotcut``, ``blender`` or ``nuke``.
        allow_outside: let a bundle include media from outside the timeline's project.
        fcpxml_version: of an ``.fcpxml``, ``1.8`` to ``1.14``; by default 1.8.

    Returns:
        The file, and warnings about everything it cannot hold.

    Raises:
        InputError: the timeline cannot be read, the format cannot be written, or a bundle would
            include media from outside the project.
        WorkError: the file cannot be written.
    """
    refuse_unknown("editor", editor, "a program", EDITORS)
    refuse_unknown("fcpxml_version", fcpxml_version, "a version", VERSIONS)
    path = Path(timeline).absolute()
    program = None if editor is None else EDITORS[editor]
    target = _beside(path, editor) if output is None else Path(output).absolute()
    loaded = read_timeline(path, fps, sequence)
    inputs = [*timeline_file(path), *inputs_of_timeline(loaded, path)]
    refuse_inputs([target], inputs, NEW_NAME, folders=[target])
    _refuse_folder(target, path.stem)
    before_rename = partial(_claim, path, target, is_asked=output is not None)
    warnings = write_export(
        loaded, path, target, program, before_rename, allow_outside, fcpxml_version
    )
    return Exported(target, tuple(warnings))


def _refuse_folder(output: Path, stem: str) -> None:
    """Reject an output that is a folder and not a bundle: it would be replaced.

    Raises:
        InputError: it is one.
    """
    is_bundle = output.suffix.lower() == ".otiod" and is_file(output / "content.otio")
    if is_folder(output) and not is_bundle and not is_untouched(output):
        if is_file(output / CONTENT):
            what = "is a CapCut project that was changed since it was exported"
            raise InputError(Problem.in_file(output, what, NEW_NAME))
        if output.suffix.lower() == ".otiod":
            raise InputError(Problem.in_file(output, "is a folder, not a bundle", NEW_NAME))
        hint = f"give a file name, as in {output.name}/{stem}.otio"
        raise InputError(Problem.in_file(output, "is a folder", hint))


def _claim(timeline: Path, output: Path, temporary: Path, *, is_asked: bool) -> Notice | None:
    """Claim an export beside its timeline in the timeline's report, if it has one.

    Returns:
        A warning if the name is the default one, and an edited or foreign file had it and was
        renamed.
    """
    if temporary.is_dir():
        return None
    sha256 = sha256_of(temporary)
    is_ours = not output.exists() or sha256_of(output) == sha256 or is_claimed(timeline, output)
    notice = None
    if not (is_asked or is_ours):
        kept = keep_edited(output, [])
        what = f"{output.name} differs from the last export"
        notice = Notice("edited", f"{what}; kept as {kept.name if kept else output.name}")
    claim(timeline, output, sha256)
    return notice


def _beside(timeline: Path, editor: str | None) -> Path:
    """Return the default output: beside the timeline, in the best format of its editor.

    Raises:
        InputError: no editor is given.
    """
    if editor is None:
        raise InputError(Problem.general("no output", "give -o X.EXT, or --for PROGRAM"))
    suffix = EDITORS[editor].suffixes[0]
    named = "" if suffix == f".{editor}" else f".{editor}"
    return timeline.with_name(f"{timeline.stem}{named}{suffix}")
