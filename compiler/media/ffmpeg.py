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
from .ffmpeg_watchdog import STALL_S, patience, watched
from .find_ffmpeg import COMMON_ARGS, ffmpeg_path
from .probe import probe

_DRAIN_S = 10.0
"""Timeout for draining the log after the process has ended."""
_KILLED_S = 0.5
"""Timeout for the end of a pipe after a kill, since a child process may keep it open."""
_PIPE_BYTES = 1 << 20


def input_args(path: Path, *options: str) -> list[str]:
    """Return the arguments of an input file, restricted to demuxers that open no other file."""
    known = {} if "-f" in options else demuxer_options(path)
    stated = [arg for key, value in known.items() for arg in (f"-{key}", value)]
    return ["-protocol_whitelist", PROTOCOLS, *stated, *options, "-i", url(path)]


def pipe_args(*options: str) -> list[str]:
    """Return the arguments of an input that the caller writes to standard input."""
    return ["-protocol_whitelist", PROTOCOLS, *options, "-i", "pipe:0"]


def output_args(path: Path, *options: str) -> list[str]:
    """Return the arguments of an output file."""
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
        what: the task, for error messages, as in ``encoding a.mp4``.
        on_frame: called with the number of frames written, a few times a second.
        stop: stops ffmpeg when set.
        loglevel: verbosity of standard error.
        cwd: the folder of relative names in ``args``.
        stall_s: timeout without progress, see `patience`; `STALL_S` if None.

    Returns:
        Standard error; the first and the last 64 KiB if it is long.

    Raises:
        FfmpegError: it failed, could not write its output, or stalled.
        StoppedError: ``stop`` was set.
    """
    progress = ["-progress", "pipe:1", "-stats_period", "0.25"]
    with process(
        [*progress, *args], what=what, stop=stop, loglevel=loglevel, cwd=cwd, stall_s=stall_s
    ) as running:
        running.follow(on_frame)
    return running.errors


class FfmpegProcess:
    """A running ffmpeg: its input, and its progress."""

    def __init__(self, popen: subprocess.Popen[bytes]):
        self._popen = popen
        self._awaited_since: float | None = None
        self._frame = -1
        self._reader: threading.Thread | None = None
        self._writable = _writable(popen.stdin) if popen.stdin is not None else None
        self.errors = ""
        """Standard error; complete after the `process` block."""

    @property
    def silent_s(self) -> float:
        """Seconds of waiting without progress."""
        since = self._awaited_since
        return 0.0 if since is None else time.monotonic() - since

    def write(self, data: memoryview) -> None:
        """Write to standard input; block until all is written.

        Raises:
            BrokenPipeError: it has ended; leaving the `process` block raises the cause.
        """
        assert self._popen.stdin is not None
        view = data.cast("B")
        descriptor = self._popen.stdin.fileno()
        self._awaited_since = time.monotonic()
        while view:
            if self._writable is not None and not self._writable.poll(200):
                if self._popen.poll() is not None:  # A child process may keep the pipe open.
                    raise BrokenPipeError(errno.EPIPE, "ffmpeg has ended")
                continue
            view = view[_written(descriptor, view) :]
            self._awaited_since = time.monotonic()
        self._awaited_since = None

    def kill(self) -> None:
        """Kill the process."""
        self._popen.kill()

    def close(self) -> None:
        """Close the pipes."""
        if self._reader is not None:
            self._reader.join(_KILLED_S)
            if self._reader.is_alive():  # A child process keeps the pipe open: closing would block.
                return
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def follow(self, on_frame: Callable[[int], None] | None = None) -> None:
        """Close standard input, report progress, and wait for the end."""
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
            # A child process may keep the pipe open after the end.
            ended = self._popen.poll() is not None or not self._reader.is_alive()
            self._reader.join(_KILLED_S if ended else 0.1)
            if on_frame is not None and self._frame != reported:
                reported = self._frame
                on_frame(reported)

    def _read_progress(self, lines: IO[bytes]) -> None:
        seen: dict[bytes, bytes] = {}
        with contextlib.suppress(OSError, ValueError):  # closed during the read
            while line := lines.readline(256):
                key, _, value = line.strip().partition(b"=")
                # ffmpeg reports periodically, even if it is stuck: only a change is progress.
                if key in (b"frame", b"out_time_us", b"total_size") and seen.get(key) != value:
                    seen[key] = value
                    self._awaited_since = time.monotonic()
                    if key == b"frame" and value.isdigit():
                        self._frame = int(value)


def reading_patience(video: Path) -> float:
    """Return the patience for a pass that reads a whole video before it writes anything."""
    info = probe(video).video
    return patience(frames=info.frames, pixels=info.width * info.height) if info else patience()


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
    """Start ffmpeg, yield it to be fed or followed, and wait for its end.

    It is killed if the block raises. Arguments and errors as in `run`; with ``pipe_in`` the caller
    writes to standard input, and the caller's own time is no stall.
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
    # At other levels the log repeats metadata of files, such as their titles.
    if loglevel == "error" and log.write_error:
        raise FfmpegError(f"ffmpeg failed while {what}: {log.write_error}")


@contextlib.contextmanager
def _ended(
    popen: subprocess.Popen[bytes], running: FfmpegProcess, log: LogReader
) -> Iterator[None]:
    """Leave no process and no pipe behind."""
    try:
        yield
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()
        running.close()
        log.finish(_KILLED_S)


def _writable(stream: IO[bytes]) -> select.poll | None:
    """Return a poll for room in a pipe; None on systems without one."""
    if not hasattr(select, "poll") or os.name == "nt":
        return None
    os.set_blocking(stream.fileno(), False)
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLOUT)
    return poll


def _widen(descriptor: int) -> None:
    """Enlarge a pipe if the system can: fewer context switches."""
    if fcntl is not None:
        with contextlib.suppress(AttributeError, OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _written(descriptor: int, view: memoryview) -> int:
    """Write to a pipe and return the number of bytes written; 0 if it is full.

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
