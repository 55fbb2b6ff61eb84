"""Finding ffmpeg and running it: no shell, no network, one clear line of error."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from ..errors import WorkError

PROTOCOLS = "file,pipe,crypto,data"
"""What an input may be read through: no media reference reaches the network."""
STALL_S = 300.0
"""Seconds without a sign of life after which a process is ended."""
_PIPE_BYTES = 1 << 20
_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y")


@functools.cache
def ffmpeg_path() -> str:
    """The ffmpeg on the PATH, else the one that `imageio-ffmpeg` ships."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


@functools.cache
def ffmpeg_version() -> str:
    """The version as the program states it, as in ``5.1.6-0+deb12u1``."""
    first = subprocess.run(
        [ffmpeg_path(), "-version"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split("\n", 1)[0]
    match = re.match(r"ffmpeg version (\S+)", first)
    return match[1] if match else first


def input_args(path: Path, *options: str) -> list[str]:
    """Arguments for one input file; a name that starts with a dash or holds a colon is safe."""
    return ["-protocol_whitelist", PROTOCOLS, *options, "-i", f"file:{path}"]


def output_args(path: Path, *options: str) -> list[str]:
    """Arguments for one output file."""
    return [*options, f"file:{path}"]


class FfmpegError(WorkError):
    """ffmpeg stopped with an error; the message holds its last words."""


def run(args: Sequence[str], *, what: str, on_frame: Callable[[int], None] | None = None) -> str:
    """Run ffmpeg to its end.

    Args:
        args: all arguments after the common ones.
        what: what is being done, for the message of a failure, as in ``encoding a.mp4``.
        on_frame: called with the number of frames written so far.

    Returns:
        Its standard error.

    Raises:
        FfmpegError: it failed, or gave no sign of life for `STALL_S` seconds.
    """
    with process(["-progress", "pipe:1", "-stats_period", "0.25", *args], what=what) as running:
        for line in running.stdout:
            key, _, value = line.decode("utf-8", "replace").strip().partition("=")
            if on_frame is not None and key == "frame" and value.isdigit():
                on_frame(int(value))
        return running.finish()


class Running:
    """A running ffmpeg: its pipes, and what it complained about."""

    def __init__(self, popen: subprocess.Popen[bytes], log: IO[bytes], what: str):
        self._popen, self._log, self._what = popen, log, what
        self.alive_at = time.monotonic()

    def write(self, data: memoryview) -> None:
        """Feed raw frames or samples to its standard input."""
        assert self._popen.stdin is not None
        view = data.cast("B")
        while view:
            view = view[os.write(self._popen.stdin.fileno(), view) :]

    def finish(self) -> str:
        """End its input, wait until it is through, and return its standard error."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        for _ in self.stdout:
            pass
        self._popen.wait()
        return self.errors()

    @property
    def stdout(self) -> Iterator[bytes]:
        """Lines of standard output; each is a sign of life."""
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self.alive_at = time.monotonic()
            yield line

    def errors(self) -> str:
        """Standard error so far."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def failure(self) -> FfmpegError:
        """The error that says why it stopped, on one line."""
        lines = [line.strip() for line in self.errors().splitlines() if line.strip()]
        said = "; ".join(dict.fromkeys(lines[-3:])) or f"exit status {self._popen.returncode}"
        return FfmpegError(f"ffmpeg failed while {self._what}: {said}")


@contextlib.contextmanager
def process(
    args: Sequence[str], *, what: str, pipe_in: bool = False, loglevel: str = "error"
) -> Iterator[Running]:
    """Start ffmpeg, let the caller feed or read it, and wait for its end.

    The process is ended when the caller raises. Arguments and errors as in `run`.

    Args:
        pipe_in: open its standard input for the caller to write to; then a stall is the caller's.
        loglevel: how much it says on standard error.
    """
    common = [arg if arg != "error" else loglevel for arg in _QUIET]
    if pipe_in:
        common.remove("-nostdin")
    with tempfile.TemporaryFile() as log:
        popen = subprocess.Popen(
            [ffmpeg_path(), *common, *args],
            stdin=subprocess.PIPE if pipe_in else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0 if pipe_in else -1,
            env=os.environ | {"AV_LOG_FORCE_NOCOLOR": "1"},
        )
        if popen.stdin is not None:
            _widen(popen.stdin.fileno())
        running = Running(popen, log, what)
        stalled = threading.Event()
        finished = threading.Event()

        def watch() -> None:
            while not finished.wait(1.0):
                if time.monotonic() - running.alive_at > STALL_S:
                    stalled.set()
                    popen.kill()
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        if not pipe_in:
            watcher.start()
        try:
            try:
                yield running
                if popen.stdin is not None:
                    popen.stdin.close()
            except BrokenPipeError:
                pass
            if popen.wait() != 0:
                if stalled.is_set():
                    raise FfmpegError(f"ffmpeg stalled while {what} and was ended")
                raise running.failure()
        finally:
            finished.set()
            if popen.poll() is None:
                popen.kill()
                popen.wait()
            for stream in (popen.stdin, popen.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def _widen(descriptor: int) -> None:
    """A wider pipe where the system has one: fewer turns between the two processes."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # noqa: PLC0415 - not on every system

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
