"""Arguments of Python callers, refused as the command line refuses its options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from shlex import quote

from ..errors import InputError, Problem
from ..files.exists import is_folder, is_there

DRAFT_NAME = "script.yaml"
"""Of the script of a folder."""


def refuse_unknown(name: str, value: str | None, noun: str, known: Iterable[str]) -> None:
    """Reject an argument that is none of its known values.

    Args:
        name: of the argument.
        value: as given; None is accepted.
        noun: what the value should be, with its article.
        known: all values.

    Raises:
        InputError: the value is unknown.
    """
    known = tuple(known)
    if value is not None and value not in known:
        hint = f"known: {', '.join(known)}"
        raise InputError(Problem.option(name, f"{value!r} is not {noun}", hint))


def as_names(given: str | Sequence[str]) -> Sequence[str]:
    """Return names; a string is one name."""
    return [given] if isinstance(given, str) else given


def script_in(path: Path) -> Path:
    """Return the script of a folder, which need not exist; any other path itself."""
    return path / DRAFT_NAME if is_folder(path) else path


def script_of(given: str | Path) -> Path:
    """Return the absolute path of a script, which need not exist, or of the script of a folder.

    Raises:
        InputError: the folder has none.
    """
    asked = Path(given).absolute()
    path = script_in(asked)
    if path != asked and not is_there(path):
        hint = f"draft one: otio-gvideo init {quote(str(given))}"
        raise InputError(Problem.in_file(path, "no such file", hint))
    return path
