"""Out of memory, for the work or for a thread, is a one-line error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LIMITED = """\
import resource, sys, threading
from otio_gvideo.compiler import cli
from otio_gvideo.compiler.api import plan

threading.stack_size({stack})
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
sys.exit(cli.main(["plan", sys.argv[1]]))
"""


def ended(script: Path, stack: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED.format(stack=stack), str(script)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for what is used")
def test_no_memory_for_a_thread_is_a_one_line_error(project: Path) -> None:
    done = ended(project, 1 << 30)
    assert done.stderr == (
        "otio-gvideo: the system starts no more threads; "
        "raise the limits of processes (ulimit -u) and memory (ulimit -v)\n"
    )
    assert done.returncode == 1


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for what is used")
def test_no_memory_for_a_script_is_a_one_line_error(project: Path) -> None:
    project.write_text("title: '" + "x" * (30 << 20) + "'\n")
    done = ended(project, 0)
    assert done.stderr == (
        "otio-gvideo: too little memory; raise the limit (ulimit -v), or set fewer workers\n"
    )
    assert done.returncode == 1
