"""Finding ffmpeg and running it: no shell, no network, one clear line of error.

Works with ffmpeg 5.1 and later. Nothing here knows what is encoded.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import imageio_ffmpeg

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from ...renderers.containers import PROTOCOLS, url
from ...renderers.demuxers import demuxer_options
from ..errors import WorkError
from .programs import find_program

STALL_S = 300.0
"""Seconds for which ffmpeg may work without a sign of life before it is ended."""
OLDEST = (5, 1)
"""The oldest version whose options are known to fit."""
_PIPE_BYTES = 1 << 20
_COMMON = ("-hide_banner", "-nostdin", "-nostats", "-y")


class FfmpegError(WorkError):
    """ffmpeg stopped with an error; the message holds its last words, on one line."""


class StoppedError(FfmpegError):
    """ffmpeg was ended because the caller asked for it."""


def ffmpeg_path() -> str:
    """The ffmpeg on the PATH where it is fit for use, else the one that imageio-ffmpeg ships.

    Fit means: `OLDEST` or later, and with libx264 (builds under the LGPL lack it).

    Raises:
        WorkError: there is no ffmpeg at all.
    """
    return _choose(os.environ.get("PATH", ""), os.environ.get("IMAGEIO_FFMPEG_EXE", ""))


@functools.cache
def _choose(path: str, override: str) -> str:
    found = None if override else find_program("ffmpeg", path)
    if found is not None and _is_fit(found):
        return found
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise WorkError("there is no ffmpeg; install ffmpeg 5.1 or later, or imageio-ffmpeg") from (
            error
        )


def _is_fit(program: str) -> bool:
    try:
        version = version_of(program)
        encoders = _say(program, "-h", "encoder=libx264")
    except (OSError, subprocess.SubprocessError):
        return False
    numbers = re.match(r"n?(\d+)\.(\d+)", version)
    recent = numbers is None or (int(numbers[1]), int(numbers[2])) >= OLDEST
    return recent and "Encoder libx264" in encoders


def ffmpeg_version() -> str:
    """The version of `ffmpeg_path`."""
    return version_of(ffmpeg_path())


@functools.cache
def version_of(program: str) -> str:
    """The version that a program states, as in ``5.1.6-0+deb12u1``."""
    match = re.match(r"ffmpeg version (\S+)", _say(program, "-version"))
    return match[1] if match else "unknown"


@functools.cache
def filter_values(program: str, name: str, option: str) -> frozenset[str]:
    """The named values that an option of a filter takes, in this build of ffmpeg."""
    lines = _say(program, "-h", f"filter={name}").splitlines()
    values: set[str] = set()
    inside = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        words = line.split()
        if words and indent <= 3:
            inside = words[0] == option
        elif words and inside:
            values.add(words[0])
    return frozenset(values)


@functools.cache
def encoder_names(program: str) -> frozenset[str]:
    """Every encoder that this build of ffmpeg lists, whether its hardware is there or not."""
    lines = _say(program, "-encoders").splitlines()
    return frozenset(words[1] for line in lines if len(words := line.split()) > 1)


@functools.cache
def setpts_keeps_rate(program: str) -> bool:
    """Whether the filter `setpts` keeps the frame rate of a stream; ffmpeg 7 drops it."""
    source = "color=s=16x16:r=24:d=1,setpts=N"
    graph = f"{source}[a];{source}[b];[a][b]xfade=duration=0.5"
    return trial(program, ["-filter_complex", graph, "-frames:v", "1", "-f", "null", "-"])


def trial(program: str, args: Sequence[str]) -> bool:
    """Whether ffmpeg gets to the end of something short."""
    done = subprocess.run(
        [program, *_COMMON, "-loglevel", "quiet", *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode == 0


def _say(program: str, *args: str) -> str:
    return subprocess.run(
        [program, "-hide_banner", *args] if args[0] != "-version" else [program, *args],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    ).stdout


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
) -> str:
    """Run ffmpeg to its end.

    Args:
        args: all arguments after the common ones.
        what: what is being done, for the message of a failure, as in ``encoding a.mp4``.
        on_frame: called with the number of frames written so far, a few times a second.
        stop: ends ffmpeg when it is set.
        loglevel: how much it says on standard error.
        cwd: the folder that relative names in ``args`` are looked up in.

    Returns:
        Its standard error.

    Raises:
        FfmpegError: it failed, or gave no sign of life for `STALL_S` seconds.
        StoppedError: ``stop`` was set.
    """
    progress = ["-progress", "pipe:1", "-stats_period", "0.25"]
    with process([*progress, *args], what=what, stop=stop, loglevel=loglevel, cwd=cwd) as running:
        running.follow(on_frame)
    return running.errors


class Running:
    """A running ffmpeg: what is written to it, and its signs of life."""

    def __init__(self, popen: subprocess.Popen[bytes]):
        self._popen = popen
        self._awaited_since: float | None = None
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
        while view:
            self._awaited_since = time.monotonic()
            view = view[_written(descriptor, view) :]
        self._awaited_since = None

    def kill(self) -> None:
        """End it now, so that nobody waits for it any more."""
        self._popen.kill()

    def follow(self, on_frame: Callable[[int], None] | None = None) -> None:
        """End its input, read what it reports, and wait until it is through."""
        if self._popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()
        self._awaited_since = time.monotonic()
        if self._popen.stdout is not None:
            self._read_progress(self._popen.stdout, on_frame)
        self._popen.wait()

    def _read_progress(self, lines: IO[bytes], on_frame: Callable[[int], None] | None) -> None:
        seen: dict[bytes, bytes] = {}
        for line in lines:
            key, _, value = line.strip().partition(b"=")
            # It reports on a clock, also when nothing moves: only a change is a sign of life.
            if key in (b"frame", b"out_time_us", b"total_size") and seen.get(key) != value:
                seen[key] = value
                self._awaited_since = time.monotonic()
                if key == b"frame" and on_frame is not None and value.isdigit():
                    on_frame(int(value))


@contextlib.contextmanager
def process(
    args: Sequence[str],
    *,
    what: str,
    pipe_in: bool = False,
    stop: threading.Event | None = None,
    loglevel: str = "error",
    cwd: Path | None = None,
) -> Iterator[Running]:
    """Start ffmpeg, let the caller feed or follow it, and wait for its end.

    It is ended when the caller raises. Arguments and errors as in `run`; with ``pipe_in`` the
    caller writes to its standard input, and time that the caller takes is no stall.
    """
    with tempfile.TemporaryFile() as log:
        popen = subprocess.Popen(
            [ffmpeg_path(), *_COMMON, "-loglevel", loglevel, *args],
            stdin=subprocess.PIPE if pipe_in else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if pipe_in else subprocess.PIPE,
            stderr=log,
            bufsize=0 if pipe_in else -1,
            env=os.environ | {"AV_LOG_FORCE_NOCOLOR": "1"},
            cwd=cwd,
        )
        running = Running(popen)
        with _ended(popen), _watched(popen, running, stop) as cause:
            if popen.stdin is not None:
                _widen(popen.stdin.fileno())
            with contextlib.suppress(BrokenPipeError):
                yield running
                running.follow()
            popen.wait()
            running.errors = _text(log)
        if cause == ["stopped"]:
            raise StoppedError(f"{what} was stopped")
        if cause == ["stalled"]:
            raise FfmpegError(f"ffmpeg failed while {what}: no sign of life for {STALL_S:.0f} s")
        if popen.returncode != 0:
            raise FfmpegError(f"ffmpeg failed while {what}: {_last_words(running, popen)}")


@contextlib.contextmanager
def _ended(popen: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process and no pipe behind, whatever happens."""
    try:
        yield
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()
        for stream in (popen.stdin, popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


@contextlib.contextmanager
def _watched(
    popen: subprocess.Popen[bytes], running: Running, stop: threading.Event | None
) -> Iterator[list[str]]:
    """End the process when it stalls or is to stop; yields a list that then says which."""
    cause: list[str] = []
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(0.2):
            if stop is not None and stop.is_set():
                cause.append("stopped")
            elif running.silent_s > STALL_S:
                cause.append("stalled")
            else:
                continue
            popen.kill()
            return

    watcher = threading.Thread(target=watch, name="ffmpeg-watch", daemon=True)
    watcher.start()
    try:
        yield cause
    finally:
        finished.set()
        watcher.join()


def _last_words(running: Running, popen: subprocess.Popen[bytes]) -> str:
    lines = [" ".join(line.split()) for line in running.errors.splitlines()]
    # The first line of an error names the cause, the last ones only who was affected.
    told = list(dict.fromkeys(line for line in lines if line))
    chosen = told if len(told) <= 4 else [*told[:2], *told[-2:]]
    return "; ".join(chosen)[:600] or f"exit status {popen.returncode}"


def _text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode("utf-8", "replace")


def _widen(descriptor: int) -> None:
    """A wider pipe where the system has one: fewer turns between the two processes."""
    if fcntl is not None:
        with contextlib.suppress(AttributeError, OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _written(descriptor: int, view: memoryview) -> int:
    """Write to a pipe and return the number of bytes written.

    Raises:
        BrokenPipeError: the reader has closed it; Windows reports an invalid argument.
    """
    try:
        return os.write(descriptor, view)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, "nobody reads this pipe") from error
        raise
