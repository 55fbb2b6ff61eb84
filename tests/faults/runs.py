"""Run the command as a user does: in a process group of its own, with a folder of its own for
temporary files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .fork_server import HEEDING, ForkedRun

TIMEOUT_S = 180
_COMMAND = (sys.executable, "-m", "otio_gvideo.compiler")
_QUIET = ("compile", "render", "flatten", "check", "evaluate")

Case = TypeVar("Case")
Process = subprocess.Popen[str] | ForkedRun


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run.

    Attributes:
        status: exit status, negative for a signal.
        out, err: standard output and error.
    """

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Return the lines on standard error without warnings."""
        return [line for line in self.err.splitlines() if not line.startswith("warning: ")]


def start(
    case: Path, *words: object, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Process:
    """Start a command.

    Args:
        case: the folder of this run, with ``tmp`` for temporary files.
        words: the command's name and arguments.
        env: additions to the environment.
        prefix: a program that starts the command, with its arguments; without one, the command is
            forked from a process that has imported it.
    """
    (case / "tmp").mkdir(parents=True, exist_ok=True)
    words = (*words, "--progress", "none") if words[0] in _QUIET else words
    own = {"TMPDIR": str(case / "tmp"), "XDG_CONFIG_HOME": str(case)}
    environment = os.environ | own | (env or {})
    if not prefix:
        return ForkedRun([*map(str, words)], case, environment)
    return subprocess.Popen(
        [*prefix, *HEEDING, *_COMMAND, *map(str, words)],
        cwd=case,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: Process) -> Result:
    """Wait for a started command."""
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode is not None
    return Result(process.returncode, out, err)


def run(
    case: Path, *words: object, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Result:
    """Run a command to its end; arguments as in `start`."""
    return finish(start(case, *words, env=env, prefix=prefix))


def each(cases: Sequence[Case], check: Callable[[int, Case], None]) -> None:
    """Check all cases, two at a time; print the number of successes, and fail with the rest."""

    def failure(number: int) -> str | None:
        try:
            check(number, cases[number])
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
            return f"{cases[number]}: {type(error).__name__}: {error}"
        return None

    with ThreadPoolExecutor(2) as pool:
        lost = [message for message in pool.map(failure, range(len(cases))) if message is not None]
    print(f"{len(cases)} tried, {len(cases) - len(lost)} survived, {len(lost)} lost")
    assert not lost, f"{len(lost)} of {len(cases)} lost:\n" + "\n".join(lost)


def assert_one_line(result: Result, *reasons: str) -> None:
    """Check that a run failed with exit status 1 and one line with one of the reasons."""
    assert result.status == 1, f"status {result.status}: {result.err}"
    assert len(result.errors) == 1, f"not one line: {result.err}"
    assert "unexpected" not in result.err, result.err
    assert not reasons or any(reason in result.err for reason in reasons), result.err
