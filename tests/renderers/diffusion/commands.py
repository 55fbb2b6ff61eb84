"""Run commands in a process of their own; several share one, as start-up outweighs their run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CODE = """
import contextlib, io, json, sys
from otio_gvideo.compiler.cli import main
done = []
for line in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(line)
    done.append([status, out.getvalue(), err.getvalue()])
print(json.dumps(done))
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str


def commands(*lines: Sequence[str], env: Mapping[str, str], before: str = "") -> list[Ran]:
    """Run commands of the program one after another, after some code of the test."""
    ran = subprocess.run(
        [sys.executable, "-c", before + CODE, json.dumps(lines)],
        capture_output=True,
        text=True,
        check=True,
        env=dict(env),
    )
    return [Ran(*one) for one in json.loads(ran.stdout.splitlines()[-1])]
