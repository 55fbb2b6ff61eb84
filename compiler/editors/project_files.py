"""Project files: those that a bundle or page may include.

A timeline from elsewhere may refer to any file of this machine. Its project is its own folder, and
the folder of the script that its metadata name, if that script lies above the timeline or has the
SHA-256 that it was compiled from. Hidden files belong to no project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Problem
from ..notices import Notice
from ..script.yaml_source import read_yaml
from ..timeline.metadata import own_metadata
from .formats.bundle_cache import bundles_folder

_NAMED = 5
"""Files that a notice lists; it counts the rest."""


def refuse_outside(
    timeline: otio.schema.Timeline, path: Path, files: Iterable[Path], *, allow: bool
) -> list[Notice]:
    """Reject files outside a timeline's project.

    Args:
        timeline: any.
        path: its file.
        files: the files to pack.
        allow: return a notice instead of an error.

    Returns:
        A notice that lists the files outside; none if all are inside.

    Raises:
        InputError: files lie outside, and ``allow`` is not set.
    """
    folders = list(_project_folders(timeline, path))
    outside = [file for file in dict.fromkeys(files) if not _is_inside(file, folders)]
    if not outside:
        return []
    if not allow:
        more = f", with {len(outside) - 1} more" if len(outside) > 1 else ""
        what = f"{outside[0]} lies outside the timeline's project and would be packed{more}"
        hint = "move it there, or allow it with --allow-outside"
        raise InputError(Problem.in_file(path, what, hint))
    more = f" and {len(outside) - _NAMED} more" if len(outside) > _NAMED else ""
    named = ", ".join(map(str, outside[:_NAMED]))
    return [Notice("outside", f"packed from outside the project: {named}{more}")]


def _project_folders(timeline: otio.schema.Timeline, path: Path) -> Iterator[Path]:
    yield path.parent.resolve()
    if path.suffix.lower() == ".otioz":
        yield bundles_folder().resolve()
    stated = own_metadata(timeline).get("script")
    if stated is None or not hasattr(stated, "get"):
        return
    script = Path(str(stated.get("path", "")))
    if _is_its_script(script, str(stated.get("sha256", "")), path):
        yield script.parent.resolve()


def _is_its_script(script: Path, digest: str, timeline: Path) -> bool:
    try:
        if not script.is_absolute() or not script.is_file():
            return False
        if hashlib.sha256(script.read_bytes()).hexdigest() == digest:
            return True
        is_above = timeline.resolve().is_relative_to(script.parent.resolve())
        data = read_yaml(script, script.name).data if is_above else None
    except (OSError, ValueError, InputError):
        return False
    return isinstance(data, dict) and "scenes" in data


def _is_inside(file: Path, folders: Iterable[Path]) -> bool:
    """Whether a file, with links resolved, lies in one of some folders and is not hidden there."""
    resolved = file.resolve()
    return any(
        resolved.is_relative_to(folder)
        and not any(part.startswith(".") for part in resolved.relative_to(folder).parts)
        for folder in folders
    )
