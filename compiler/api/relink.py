"""Relink: media that were moved, found by their names."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from ..editors.bundle_media import copy_media, rename_media
from ..editors.formats import refuse_missing
from ..editors.read_timeline import read_timeline
from ..editors.relink import Relinked, relink
from ..errors import InputError, Problem
from ..files.exists import is_folder
from ..files.path_limits import names_of_file, refuse_unusable
from ..files.protected_files import refuse_inputs
from ..outputs.paths import Outputs, refuse_unwritable
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import is_claimed, update_timeline
from ..progress import OnProgress, silent
from ..stages.input_files import NEW_NAME, inputs_of_timeline


def relink_timeline(
    timeline: str | Path,
    media: str | Path,
    output: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Path, Relinked]:
    """Find moved files of a timeline by name, and update their paths.

    Args:
        timeline: an ``.otio`` file; with ``output``, any timeline that can be read.
        media: the folder to search, with all below it.
        output: the file to write; an ``.otio`` file, by default the timeline.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        on_progress: called while another run writes the timeline.

    Returns:
        The written file, with the relinked and the missing media.

    Raises:
        InputError: the timeline or the folder cannot be read.
    """
    path, folder = Path(timeline).absolute(), Path(media)
    target = Path(output).absolute() if output else path
    refuse_unusable(target.parent, names_of_file(target))
    if not is_folder(folder):
        raise InputError(Problem.in_file(media, "no such folder"))
    if target.suffix.lower() != ".otio":
        raise InputError(Problem.in_file(target, "is not an .otio file", "give -o X.otio"))
    refuse_missing(path)
    refuse_unwritable(Outputs(target.parent, target.stem))
    with lock_reel(target, "read", on_progress):
        loaded = read_timeline(path, fps, sequence)
        is_ours = target == path and is_claimed(path, path)
        inputs = inputs_of_timeline(loaded, path)
        done = relink(loaded, path.parent, folder)
        refuse_inputs([target], [*inputs, *inputs_of_timeline(loaded, path)], NEW_NAME)
        copy_media(rename_media(loaded, target.parent / "media"))
        update_timeline(loaded, target, is_ours=is_ours)
    return target, done
