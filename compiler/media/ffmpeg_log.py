"""What ffmpeg says on standard error: read as it comes, kept in bounded memory, put on one line."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import IO

from ..errors import WorkError

HEAD_BYTES = TAIL_BYTES = 1 << 16
"""Bytes kept of the beginning and of the end; what lies between is dropped."""
_CHUNK_BYTES = 1 << 16
_LONGEST_LINE = 300
_WRITE_ERRORS = (
    b"No space left on device",
    b"Disk quota exceeded",
    b"File too large",
    b"Read-only file system",
    b"Stale file handle",
    b"av_interleaved_write_frame",
    b"Error closing file",
    b"Error writing",
    b"Error submitting a packet to the muxer",
    b"Error muxing a packet",
)
"""In ffmpeg's messages for output that it could not write. Releases before 6 exit with 0 after some
(https://github.com/FFmpeg/FFmpeg/blob/n5.1/fftools/ffmpeg.c, and later in ffmpeg_mux.c)."""
_EXIT_SIGNALS = {128 + number: number for number in (9, 11)}
"""Exit statuses by which a shell reports a signal. Others stand for ffmpeg's own errors as well."""
_WINDOWS_CRASH = 0xC0000000


class FfmpegError(WorkError):
    """ffmpeg failed; the message holds its last words on one line."""


class StoppedError(FfmpegError):
    """ffmpeg was stopped on request."""


class LogReader:
    """Reads standard error in a thread, so that ffmpeg never waits for a full pipe."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._head, self._tail = bytearray(), bytearray()
        self._dropped = 0
        self._carry = b""
        self._write_error = b""
        self._thread = threading.Thread(target=self._read, name="ffmpeg-log", daemon=True)
        self._thread.start()

    def finish(self, timeout_s: float) -> str:
        """Wait for the end and return the text; a gap in it is marked.

        Args:
            timeout_s: to wait: a child of ffmpeg's own may hold the pipe for longer than it lives.
        """
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._stream.close()
        gap = b"\n[%d bytes left out]\n" % self._dropped if self._dropped else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace")

    @property
    def write_error(self) -> str:
        """The first line that tells of output that could not be written; empty if there is none."""
        return " ".join(self._write_error.decode("utf-8", "replace").split())

    def _read(self) -> None:
        while chunk := os.read(self._stream.fileno(), _CHUNK_BYTES):
            self._look_for_write_error(chunk)
            room = HEAD_BYTES - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            over = len(self._tail) - TAIL_BYTES
            if over > 0:
                del self._tail[:over]
                self._dropped += over

    def _look_for_write_error(self, chunk: bytes) -> None:
        if self._write_error:
            return
        text = self._carry + chunk
        if found := [place for words in _WRITE_ERRORS if (place := text.find(words)) >= 0]:
            before, after = text[: min(found)], text[min(found) :]
            self._write_error = before.split(b"\n")[-1][-_LONGEST_LINE:]
            self._write_error += after.split(b"\n")[0][:_LONGEST_LINE]
        self._carry = text[-_LONGEST_LINE:]


def last_words(text: str, status: int) -> str:
    """The cause of a failure on one line: how the process ended, and what it said.

    Args:
        text: its standard error.
        status: its exit status as `subprocess` gives it, negative for a signal.
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    # The first line of an error names the cause, the last ones only who was affected.
    told = list(dict.fromkeys(line for line in lines if line))
    chosen = told if len(told) <= 4 else [*told[:2], *told[-2:]]
    said = "; ".join(line[:300] for line in chosen)[:600]
    ended = _ending(status)
    return "; ".join(part for part in (ended, said) if part) or f"exit status {status}"


def _ending(status: int) -> str:
    """How a process was ended from outside or crashed; empty if it ended by itself."""
    if status >= _WINDOWS_CRASH:
        return f"it crashed (0x{status:08X})"
    number = -status if status < 0 else _EXIT_SIGNALS.get(status, 0)
    if not number or os.name == "nt":
        return ""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return "it was killed (SIGKILL), as systems do when memory runs out"
    return f"it was ended by {name}"


def unanswered(program: str, args: list[str], timeout_s: float) -> str:
    """The message for a program that does not answer a question about itself in time."""
    return f"{program} gives no answer to {subprocess.list2cmdline(args)} within {timeout_s:.0f} s"
