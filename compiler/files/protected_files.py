"""Protection of inputs: an output that is an input is rejected before any work.

Files are compared by identity (device and inode), which resolves all links, ``..`` and case.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a command reads.

    Attributes:
        path: the file; need not exist.
        what: its role, as in ``the narration of this script``.
        is_rendered: whether it is a slot's rendered media, or their recipe: `compile` and `render`
            replace these with the same content.
    """

    path: Path
    what: str
    is_rendered: bool = False


def refuse_inputs(
    outputs: Iterable[Path], inputs: Iterable[InputFile], hint: str, *, folders: Iterable[Path] = ()
) -> None:
    """Reject outputs that are inputs, and store folders with inputs in them.

    Args:
        outputs: the files that a command writes.
        inputs: the files that it reads.
        hint: the way out, as in ``give another name with --output``.
        folders: stores, whose files are replaced and evicted.

    Raises:
        InputError: lists every such output, and its role as an input.
    """
    inputs = tuple(inputs)
    known: dict[tuple[int, int], InputFile] = {}
    for one in inputs:
        identity = _identity(one.path)
        if identity is not None:
            known.setdefault(identity, one)
    problems = []
    refused: set[Path] = set()
    for output in dict.fromkeys(outputs):
        identity = _identity(output)
        found = known.get(identity) if identity is not None else None
        if found is not None:
            other = "" if found.path == output else f" ({found.path})"
            problems.append(Problem.in_file(output, f"is {found.what}{other}", hint))
            refused.add(output)
    for folder in dict.fromkeys(folders):
        if folder in refused:
            continue
        held = next((one for one in inputs if _is_within(one.path, folder)), None)
        if held is not None:
            what = f"is overwritten as a whole, and holds {held.path.name}, {held.what}"
            problems.append(Problem.in_file(folder, what, hint))
    if problems:
        raise InputError(problems)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file, through links; None if it does not exist."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_dev, stat.st_ino


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a file, or the target of its link, lies in an existing folder."""
    identity = _identity(folder)
    if identity is None or not os.path.lexists(path):
        return False
    places = {*path.absolute().parents, *Path(os.path.realpath(path)).parents}
    return any(_identity(place) == identity for place in places)
