"""Start many commands from one process that has imported the program already.

Each run is a forked child with its own session, environment, folder and standard streams. A run
that needs a program in front of it, such as ``prlimit``, starts Python anew; see `runs.start`.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_IMPORTED = ("compiler.api.compile_stages", "compiler.api.check", "compiler.api.export")
_LARGEST_REQUEST = 1 << 18
_ROOT = Path(__file__).parents[2]
# Children of a background job ignore some signals.
HEEDING = ("env", "--default-signal=INT,TERM,HUP,XFSZ")
_servers: dict[str, tuple[subprocess.Popen[bytes], socket.socket]] = {}
_starting = threading.Lock()


class ForkedRun:
    """A run of a command, with the part of `subprocess.Popen` that tests use.

    Attributes:
        pid: the process id, also of its group.
        returncode: exit status, negative for a signal; ``None`` while it runs.
    """

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]):
        self.returncode: int | None = None
        self._words = words
        # Closed by `communicate`.
        self._files = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2)]  # noqa: SIM115
        self._status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([list(words), str(cwd), dict(env)]).encode()
        passed = [*(file.fileno() for file in self._files), theirs.fileno()]
        with theirs:
            socket.send_fds(_server(env.get("LD_PRELOAD", "")), [request], passed)
        self.pid = int(self._status.recv(32))

    def poll(self) -> int | None:
        """Return the exit status, or ``None`` while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self._wait(0)
        return self.returncode

    def kill(self) -> None:
        """Kill the process, but not its children."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end; return standard output and error."""
        self._wait(timeout)
        texts = []
        for file in self._files:
            with file:
                file.seek(0)
                texts.append(file.read())
        self._status.close()
        return texts[0], texts[1]

    def _wait(self, timeout: float | None) -> None:
        if self.returncode is not None:
            return
        self._status.settimeout(timeout)
        try:
            answer = self._status.recv(32)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired(list(self._words), timeout or 0) from None
        self.returncode = int(answer)


def _server(preloaded: str) -> socket.socket:
    """Return the socket of the server with a preloaded library; start it if there is none."""
    with _starting:
        if preloaded not in _servers:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                process = subprocess.Popen(
                    [*HEEDING, sys.executable, "-m", __name__, str(theirs.fileno())],
                    env=os.environ | {"LD_PRELOAD": preloaded, "OPENBLAS_NUM_THREADS": "1"},
                    cwd=_ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            _servers[preloaded] = process, ours
        return _servers[preloaded][1]


def end() -> None:
    """End all servers."""
    for process, control in _servers.values():
        control.close()
        process.wait()
    _servers.clear()


def _serve(control: socket.socket) -> list[str]:
    """Fork a child for each request, and return its words in it; exit at the end of requests."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, _LARGEST_REQUEST, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not request:
            sys.exit(0)
        if os.fork() == 0:
            control.close()
            words, folder, env = json.loads(request)
            return _run(words, folder, env, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _run(
    words: list[str], folder: str, env: dict[str, str], out: int, err: int, end: int
) -> list[str]:
    """Fork the run, and return in it; report its id and status from this process."""
    pid = os.fork()
    if pid:
        os.write(end, str(pid).encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(OSError):
            os.write(end, str(status).encode())
        os._exit(0)
    os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in (out, err, end):
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    with suppress(AttributeError):
        ctypes.CDLL(None).fault_set_up()
    return words


def _import() -> None:
    for name in _IMPORTED:
        importlib.import_module(f"otio_gvideo.{name}")
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    from otio_gvideo.compiler.cli import main

    _import()
    sys.exit(main(_serve(socket.socket(fileno=int(sys.argv[1])))))
