"""Run ffmpeg: no shell, no network, a watchdog, one-line errors."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from ...renderers.files.demuxers import demuxer_options
from ...renderers.files.open_media import PROTOCOLS, url
from .ffmpeg_log import FfmpegError, LogReader, StoppedError, last_words
from .ffmpeg_watchdog import STALL_S, watched
from .find_ffmpeg import COMMON_ARGS, ffmpeg_path

_DRAIN_S = 10.0
"""Seconds that reading the rest of a log may take after its process has ended."""
_KILLED_S = 0.5
"""Seconds to wait for the end of a pipe whose process was killed; a child of it may hold it."""
_PIPE_BYTES = 1 << 20


def input_args(path: Path, *options: str) -> list[str]:
    """Arguments for one input file, of a format that opens no other; ``-f`` states another one."""
    known = {} if "-f" in options else demuxer_options(path)
    stated = [arg for key, value in known.items() for arg in (f"-{key}", value)]
    return ["-protocol_whitelist", PROTOCOLS, *stated, *options, "-i", url(path)]


def pipe_args(*options: str) -> list[str]:
    """Arguments for one input that the caller writes."""
    return ["-protocol_whitelist", PROTOCOLS, *options, "-i", "pipe:0"]


def output_args(path: Path, *options: str) -> list[str]:
    """Arguments for one output file."""
    return [*options, url(path)]


def run(
    args: Sequence[str],
    *,
    what: str,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    loglevel: str = "error",
    cwd: Path | None = None,
    stall_s: float | None = None,
) -> str:
    """Run ffmpeg to its end.

    Args:
        args: all arguments after the common ones.
        what: what is being done, for the message of a failure, as in ``encoding a.mp4``.
        on_frame: called with the number of frames written so far, a few times a second.
        stop: ends ffmpeg when it is set.
        loglevel: how much it says on standard error.
        cwd: the folder that relative names in ``args`` are looked up in.
        stall_s: seconds without progress after which it is ended; `patience` computes them. None
            for `STALL_S`.

    Returns:
        Its standard error; of a long one the first and the last 64 KiB.

    Raises:
        FfmpegError: it failed, could not write its output, or made no progress for ``stall_s``.
        StoppedError: ``stop`` was set.
    """
    progress = ["-progress", "pipe:1", "-stats_period", "0.25"]
    with process(
        [*progress, *args], what=what, stop=stop, loglevel=loglevel, cwd=cwd, stall_s=stall_s
    ) as running:
        running.follow(on_frame)
    return running.errors


class FfmpegProcess:
    """A running ffmpeg: what is written to it, and its signs of life."""

    def __init__(self, popen: subprocess.Popen[bytes]):
        self._popen = popen
        self._awaited_since: float | None = None
        self._frame = -1
        self._reader: threading.Thread | None = None
        self._writable = _writable(popen.stdin) if popen.stdin is not None else None
        self.errors = ""
        """Its standard error; complete once the `process` block is left."""

    @property
    def silent_s(self) -> float:
        """Seconds that it has been awaited for without a sign of life."""
        since = self._awaited_since
        return 0.0 if since is None else time.monotonic() - since

    def write(self, data: memoryview) -> None:
        """Feed it; waits until it has taken everything.

        Raises:
            BrokenPipeError: it has stopped; leaving the `process` block says why.
        """
        assert self._popen.stdin is not None
        view = data.cast("B")
        descriptor = self._popen.stdin.fileno()
        self._awaited_since = time.monotonic()
        while view:
            if self._writable is not None and not self._writable.poll(200):
                if self._popen.poll() is not None:  # A child of its own may hold the pipe.
                    raise BrokenPipeError(errno.EPIPE, "ffmpeg has ended")
                continue
            view = view[_written(descriptor, view) :]
            self._awaited_since = time.monotonic()
        self._awaited_since = None

    def kill(self) -> None:
        """End it now, so that nobody waits for it any more."""
        self._popen.kill()

    def close(self) -> None:
        """Close its pipes."""
        if self._reader is not None:
            self._reader.join(_KILLED_S)
            if self._reader.is_alive():  # A child of ffmpeg's own holds the pipe: closing waits.
                return
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def follow(self, on_frame: Callable[[int], None] | None = None) -> None:
        """End its input, read what it reports, and wait until it is through."""
        if self._popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()
        self._awaited_since = time.monotonic()
        if self._popen.stdout is not None:
            self._follow_progress(self._popen.stdout, on_frame)
        self._popen.wait()

    def _follow_progress(self, lines: IO[bytes], on_frame: Callable[[int], None] | None) -> None:
        if self._reader is None:
            reader = threading.Thread(
                target=self._read_progress, args=(lines,), name="ffmpeg-progress", daemon=True
            )
            reader.start()
            self._reader = reader
        reported, ended = -1, False
        while not ended:
            # A child of its own may hold the pipe for longer than it lives.
            ended = self._popen.poll() is not None or not self._reader.is_alive()
            self._reader.join(_KILLED_S if ended else 0.1)
            if on_frame is not None and self._frame != reported:
                reported = self._frame
                on_frame(reported)

    def _read_progress(self, lines: IO[bytes]) -> None:
        seen: dict[bytes, bytes] = {}
        with contextlib.suppress(OSError, ValueError):  # closed while it is read
            while line := lines.readline(256):
                key, _, value = line.strip().partition(b"=")
                # It reports on a clock, also when nothing moves: only a change is progress.
                if key in (b"frame", b"out_time_us", b"total_size") and seen.get(key) != value:
                    seen[key] = value
                    self._awaited_since = time.monotonic()
                    if key == b"frame" and value.isdigit():
                        self._frame = int(value)


@contextlib.contextmanager
def process(
    args: Sequence[str],
    *,
    what: str,
    pipe_in: bool = False,
    stop: threading.Event | None = None,
    loglevel: str = "error",
    cwd: Path | None = None,
    stall_s: float | None = None,
) -> Iterator[FfmpegProcess]:
    """Start ffmpeg, let the caller feed or follow it, and wait for its end.

    It is ended when the caller raises. Arguments and errors as in `run`; with ``pipe_in`` the
    caller writes to its standard input, and time that the caller takes is no stall.
    """
    limit_s = STALL_S if stall_s is None else stall_s
    program = ffmpeg_path()
    try:
        popen = subprocess.Popen(
            [program, *COMMON_ARGS, "-loglevel", loglevel, *args],
            stdin=subprocess.PIPE if pipe_in else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if pipe_in else subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0 if pipe_in else -1,
            env=os.environ | {"AV_LOG_FORCE_NOCOLOR": "1"},
            cwd=cwd,
        )
    except OSError as error:
        why = error.strerror or error
        raise FfmpegError(f"{program} cannot be started for {what}: {why}") from error
    assert popen.stderr is not None
    try:
        log, running = LogReader(popen.stderr), FfmpegProcess(popen)
    except BaseException:
        popen.kill()
        popen.wait()
        raise
    with (
        _ended(popen, running, log),
        watched(popen, lambda: running.silent_s, stop, what, limit_s) as cause,
    ):
        if popen.stdin is not None:
            _widen(popen.stdin.fileno())
        with contextlib.suppress(BrokenPipeError):
            yield running
            running.follow()
        popen.wait()
        running.errors = log.finish(_KILLED_S if cause else _DRAIN_S)
    if cause == ["stopped"]:
        raise StoppedError(f"{what} was stopped")
    if cause == ["stalled"]:
        raise FfmpegError(f"ffmpeg failed while {what}: no progress for {limit_s:.0f} s")
    if popen.returncode != 0:
        why = last_words(running.errors, popen.returncode)
        raise FfmpegError(f"ffmpeg failed while {what}: {why}")
    # At other levels it repeats what files say of themselves, as their titles.
    if loglevel == "error" and log.write_error:
        raise FfmpegError(f"ffmpeg failed while {what}: {log.write_error}")


@contextlib.contextmanager
def _ended(
    popen: subprocess.Popen[bytes], running: FfmpegProcess, log: LogReader
) -> Iterator[None]:
    """Leave no process and no pipe behind, whatever happens."""
    try:
        yield
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()
        running.close()
        log.finish(_KILLED_S)


def _writable(stream: IO[bytes]) -> select.poll | None:
    """What tells whether a pipe takes more; None on systems that cannot wait for that."""
    if not hasattr(select, "poll") or os.name == "nt":
        return None
    os.set_blocking(stream.fileno(), False)
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLOUT)
    return poll


def _widen(descriptor: int) -> None:
    """A wider pipe where the system has one: fewer turns between the two processes."""
    if fcntl is not None:
        with contextlib.suppress(AttributeError, OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _written(descriptor: int, view: memoryview) -> int:
    """Write to a pipe and return the number of bytes written; 0 if it has no room for them.

    Raises:
        BrokenPipeError: the reader has closed it; Windows reports an invalid argument.
    """
    try:
        return os.write(descriptor, view)
    except BlockingIOError:
        return 0
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, "nobody reads this pipe") from error
        raise
