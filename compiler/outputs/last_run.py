"""The last run of a reel, to recognise one that would change nothing, without doing it.

The user's cache has each run with the SHA-256 of all inputs and outputs: the program,
the script, its files, the reel. A run with equal arguments is a repetition if all of that is the
same to the byte. Times of files are not trusted.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ...renderers.files.digest import sha256_of, text_digest
from ...renderers.files.user_folders import cache_folder, config_folder
from ...renderers.files.verified_json import read_verified, write_verified
from ..errors import WorkError
from ..files.exists import is_file
from ..media.find_ffmpeg import ffmpeg_path, identity_of
from ..media.programs import SYNTHESIZER, find_program
from ..plain_values import from_plain, to_plain
from ..progress import Stage
from ..report import Report

REPEATABLE = frozenset(
    {"sync", "transcript", "captions", "platform", "resolution", "transition", "unsupported"}
)
"""Codes of warnings that the content of the files decides on: the same in every run."""
SETTLED_S = 2.0
"""A file must be older than the run by so much, or it may have been changed after it was read."""
_KEPT = 256
"""Runs in the cache, the latest ones."""
_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class LastRun:
    """A finished run, as a repetition reports it.

    Attributes:
        messages: stage and message of each step.
        stores: folders in which a killed run may have left scratch.
        report: of a repetition.
    """

    messages: list[tuple[Stage, str]]
    stores: list[Path]
    report: Report


def has_run(arguments: Sequence[Any]) -> bool:
    """Whether the cache has a run with these arguments, JSON values."""
    return is_file(_path_of(arguments))


def read_run(arguments: Sequence[Any]) -> LastRun | None:
    """Return the last run with these arguments if all its files are as they were."""
    try:
        content = read_verified(_path_of(arguments))
        if content is None or content["machine"] != _machine():
            return None
        files = [(Path(path), *state) for path, state in content["files"].items()]
        if any(_state_of(path, sha) != [sha, size, real] for path, sha, size, real in files):
            return None
        if not all(sha256_of(path).startswith(sha) for path, sha, _, _ in files if sha):
            return None
        return from_plain(LastRun, content["run"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError, WorkError):
        return None


def write_run(arguments: Sequence[Any], files: Mapping[str, str], run: LastRun) -> None:
    """Keep a run, unless its warnings or this machine may change by themselves.

    Args:
        arguments: of the run, as JSON values.
        files: SHA-256 by path, or its first digits; empty for a file that must not be there. They
            are compared in this order.
        run: the finished run.

    Raises:
        OSError: a file cannot be looked at.
    """
    machine, report = _machine(), run.report
    if machine is None or any(notice.code not in REPEATABLE for notice in report.warnings):
        return
    names = {path.name for path in report.paths}
    repeated = replace(
        report,
        files={name: hashes for name, hashes in report.files.items() if name in names},
        slots=[replace(slot, reused=True, seconds=0.0) for slot in report.slots],
        seconds={},
    )
    content = {
        "machine": machine,
        "files": {path: _state_of(Path(path), sha) for path, sha in files.items()},
        "run": to_plain(replace(run, report=repeated)),
    }
    path = _path_of(arguments)
    with suppress(OSError):  # A cache that cannot be written saves nothing, and breaks nothing.
        write_verified(path, content)
    _evict(path.parent)


def inputs_as_read(paths: Iterable[Path], started: float) -> dict[str, str] | None:
    """Return the SHA-256 of each input; None if one may have changed since it was read.

    Args:
        paths: of files that a run has read.
        started: when it began, in seconds since the epoch.
    """
    found = {}
    for path in paths:
        try:
            for state in (path.stat(), path.lstat()):
                if max(state.st_mtime, state.st_ctime) > started - SETTLED_S:
                    return None
            found[str(path)] = sha256_of(path)
        except OSError:  # It is a folder, or gone.
            return None
    return found


def _state_of(path: Path, sha256: str) -> list[str | int]:
    """Return what is quickly compared of a file: its size, and where links lead from its path."""
    if not sha256:
        return ["", int(os.path.lexists(path)), ""]
    return [sha256, path.stat().st_size, os.path.realpath(path)]


def _path_of(arguments: Sequence[Any]) -> Path:
    return cache_folder() / "runs" / f"{text_digest(json.dumps(list(arguments)))}.json"


def _machine() -> str | None:
    """Return the inputs of a run besides its files; None if they are unknown.

    That is the code of this program, the packages, the interpreter, ffmpeg and espeak-ng.
    """
    ffmpeg = identity_of(Path(ffmpeg_path()))
    if ffmpeg is None:
        return None
    packages = []
    for folder in sys.path:
        with suppress(OSError):
            packages += [path.name for path in Path(folder).glob("*-info")]
    system = [sys.version, platform.platform(), os.cpu_count(), str(config_folder())]
    programs = [ffmpeg, _state_of_program(SYNTHESIZER)]
    return text_digest(json.dumps([programs, _code(), sorted(packages), system]))


@cache
def _code() -> list[list[str | int]]:
    """Return the state of each file of this program, whose code is loaded once."""
    code: list[list[str | int]] = []
    for part in ("compiler", "renderers", "schemas"):
        for path in sorted((_PACKAGE / part).rglob("*")):
            if path.suffix != ".pyc" and path.is_file():
                state = path.stat()
                code.append([str(path), state.st_size, state.st_mtime_ns, state.st_ctime_ns])
    return code


def _state_of_program(name: str) -> list[str | int] | None:
    """Return what tells versions of a program on the PATH apart; None if there is none."""
    found = find_program(name)
    if found is None:
        return None
    state = Path(found).stat()
    return [found, state.st_size, state.st_mtime_ns]


def _evict(folder: Path) -> None:
    with suppress(OSError):
        runs = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in runs[:-_KEPT]:
            path.unlink()
