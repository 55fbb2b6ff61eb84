"""ffmpeg's log: read as it comes, in bounded memory, and summarised in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import IO

from ..errors import WorkError

HEAD_BYTES = TAIL_BYTES = 1 << 16
"""Bytes kept of the start and of the end; the middle is dropped."""
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
"""Parts of ffmpeg's messages for failed writes. Releases before 6 exit with 0 after some of them
(https://github.com/FFmpeg/FFmpeg/blob/n5.1/fftools/ffmpeg.c, and later in ffmpeg_mux.c)."""
_EXIT_SIGNALS = {128 + number: number for number in (9, 11)}
"""Exit statuses by which a shell reports a signal; others are ambiguous with ffmpeg's own."""
_WINDOWS_CRASH = 0xC0000000


class FfmpegError(WorkError):
    """ffmpeg failed; the message holds its last words on one line."""


class StoppedError(FfmpegError):
    """ffmpeg was stopped on request."""


class LogReader:
    """Reads standard error in a thread, so that a full pipe never blocks ffmpeg."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._head, self._tail = bytearray(), bytearray()
        self._dropped = 0
        self._carry = b""
        self._write_error = b""
        self._thread = threading.Thread(target=self._read, name="ffmpeg-log", daemon=True)
        self._thread.start()

    def finish(self, timeout_s: float) -> str:
        """Wait for the end and return the text, with a mark for the dropped middle.

        Args:
            timeout_s: since a child process may keep the pipe open.
        """
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._stream.close()
        gap = b"\n[%d bytes left out]\n" % self._dropped if self._dropped else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode("utf-8", "replace")

    @property
    def write_error(self) -> str:
        """The first line about a failed write; empty for none."""
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
    """Return the cause of a failure on one line: the signal or crash, and the log.

    Args:
        text: standard error.
        status: exit status as of `subprocess`, negative for a signal.
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    # The first lines name the cause, the last ones only the consequences.
    unique = list(dict.fromkeys(line for line in lines if line))
    chosen = unique if len(unique) <= 4 else [*unique[:2], *unique[-2:]]
    log = "; ".join(line[:300] for line in chosen)[:600]
    ended = _ending(status)
    return "; ".join(part for part in (ended, log) if part) or f"exit status {status}"


def _ending(status: int) -> str:
    """Return how a process was killed or crashed; empty if it exited."""
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
    """Return the message for a program that times out on a question about itself."""
    return f"{program} gives no answer to {subprocess.list2cmdline(args)} within {timeout_s:.0f} s"
