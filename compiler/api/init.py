"""Init: a draft of a script, from a folder or a timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from ..editors.bundle_media import copy_media, rename_media
from ..editors.read_timeline import read_timeline
from ..editors.script_draft import to_yaml
from ..editors.script_draft_folder import TRANSCRIPTS, USED, draft_from_folder, files_of
from ..editors.script_draft_timeline import draft_from_timeline
from ..errors import InputError, Problem
from ..files.exists import is_folder
from ..files.path_limits import names_of_file, refuse_unusable
from ..files.protected_files import InputFile, refuse_inputs
from ..notices import Notice, notices
from ..outputs.paths import write_text
from ..stages.input_files import NEW_NAME, inputs_of_timeline, timeline_file
from .arguments import DRAFT_NAME


def init_script(
    source: str | Path,
    output: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    force: bool = False,
) -> tuple[Path, list[Notice]]:
    """Draft a script from a folder of stills, videos, a voice and a text, or from a timeline.

    Args:
        source: the folder, or a timeline in any format that can be read.
        output: the script; by default ``script.yaml`` in the folder, or the timeline's name with
            ``.yaml``.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        force: replace an existing script.

    Returns:
        The script's path, and its guesses, one line each.

    Raises:
        InputError: the source lacks stills or a voice, or the script exists.
    """
    path = Path(source).absolute()
    from_files = is_folder(path) and path.suffix.lower() not in (".otiod", ".fcpxmld")
    target = path / DRAFT_NAME if from_files else path.with_suffix(".yaml")
    target = Path(output).absolute() if output else target
    refuse_unusable(target.parent, names_of_file(target))
    if target.exists() and not force:
        what = "exists already"
        raise InputError(Problem.in_file(target, what, "give another -o, or --force"))
    if from_files:
        inputs = [
            InputFile(file, f"a file of {path.name}")
            for file in files_of(path)
            if file.suffix.lower() in USED | TRANSCRIPTS
        ]
        refuse_inputs([target], inputs, NEW_NAME)
        draft = draft_from_folder(path)
    else:
        loaded = read_timeline(path, fps, sequence)
        inputs = [*timeline_file(path), *inputs_of_timeline(loaded, path)]
        refuse_inputs([target], inputs, NEW_NAME)
        copy_media(rename_media(loaded, target.parent / "media"))
        draft = draft_from_timeline(loaded, path, target.parent)
    write_text(target, to_yaml(draft.script))
    return target, notices("draft", draft.notes)
