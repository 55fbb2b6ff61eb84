"""Relink: the files of a timeline, found again after they were moved."""

from __future__ import annotations

from pathlib import Path

from ..backend.presence import is_folder
from ..editors.bundle_media import copy_media, rename_media
from ..editors.relink import Relinked, relink
from ..errors import InputError, Problem
from ..outputs import Outputs, refuse_unwritable
from ..path_limits import names_of_file, refuse_unusable
from ..progress import OnProgress, silent
from ..protected_files import refuse_inputs
from ..stages.exclusive import exclusive
from ..stages.inputs import NEW_NAME, inputs_of_timeline
from ..stages.timelines import read_timeline, refuse_missing
from ..stages.written import is_claimed, update_timeline


def relink_timeline(
    timeline: str | Path,
    media: str | Path,
    output: str | Path | None = None,
    *,
    on_progress: OnProgress = silent,
) -> tuple[Path, Relinked]:
    """Find the files of a timeline again after they were moved.

    Args:
        timeline: an ``.otio`` file.
        media: the folder to look in, and in all below it.
        output: what to write; the timeline itself where it is not given.
        on_progress: told if another run writes the timeline, which is waited for.

    Returns:
        What was written, and what became of the files that were missing.

    Raises:
        InputError: the timeline or the folder cannot be read.
    """
    path, folder = Path(timeline).absolute(), Path(media)
    target = Path(output).absolute() if output else path
    refuse_unusable(target.parent, names_of_file(target))
    if not is_folder(folder):
        raise InputError(Problem(str(media), 0, 0, "", "no such folder"))
    if target.suffix.lower() != ".otio":
        raise InputError(Problem(str(target), 0, 0, "", "is no .otio file", "give -o X.otio"))
    refuse_missing(path)
    refuse_unwritable(Outputs(target.parent, target.stem))
    with exclusive(target, "read", on_progress):
        loaded = read_timeline(path)
        is_ours = target == path and is_claimed(path, path)
        inputs = inputs_of_timeline(loaded, path)
        done = relink(loaded, path.parent, folder)
        refuse_inputs([target], [*inputs, *inputs_of_timeline(loaded, path)], NEW_NAME)
        copy_media(rename_media(loaded, target.parent / "media"))
        update_timeline(loaded, target, is_ours=is_ours)
    return target, done
