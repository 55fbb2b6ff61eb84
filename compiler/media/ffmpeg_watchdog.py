"""Watchdog: a notice when ffmpeg makes no progress, then a kill."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
from collections.abc import Callable, Iterator

STALL_S = 60.0
"""Timeout without progress, on top of the work itself (`patience`)."""
NOTICE_S = 8.0
"""Seconds without progress before the notice."""
_READ_S_PER_MEGAPIXEL = 0.05
"""To decode and filter on a slow machine: 10 frames of 1080x1920 a second."""
_GOP_FRAMES = 600
"""Frames that a seek decodes before the first one it returns."""
LOOKAHEAD_FRAMES = 60
"""Frames that an encoder buffers before it writes the first."""
_ENCODE_S_PER_MEGAPIXEL = 2.0
"""To encode with the slowest presets."""
_BYTES_PER_SECOND = 5e6
"""Throughput of a slow disk or network folder."""
_log = logging.getLogger(__name__)


def patience(
    *, frames: int = 0, pixels: int = 0, source_pixels: int = 0, size_bytes: int = 0
) -> float:
    """Return the timeout without progress in seconds: `STALL_S` plus the time of the work.

    A filter may read its whole input before it writes a frame, an encoder buffers frames, and
    moving the index of a file to its start (faststart) is one step.

    Args:
        frames: number of frames written.
        pixels: of each frame.
        source_pixels: of a source frame; 0 without a source.
        size_bytes: of the output.
    """
    read = frames * pixels + (frames + _GOP_FRAMES) * source_pixels
    held = min(frames, LOOKAHEAD_FRAMES) * pixels
    work_s = (_READ_S_PER_MEGAPIXEL * read + _ENCODE_S_PER_MEGAPIXEL * held) / 1e6
    return STALL_S + work_s + size_bytes / _BYTES_PER_SECOND


@contextlib.contextmanager
def watched(
    popen: subprocess.Popen[bytes],
    silent_s: Callable[[], float],
    stop: threading.Event | None,
    what: str,
    limit_s: float,
) -> Iterator[list[str]]:
    """Kill a process that stalls, or that is to stop; the yielded list then names the cause.

    Args:
        popen: the process.
        silent_s: returns the seconds without progress.
        stop: kills the process when set.
        what: the task, for the notice.
        limit_s: timeout without progress.
    """
    cause: list[str] = []
    finished = threading.Event()

    def watch() -> None:
        noticed = False
        while not finished.wait(0.2):
            waited_s = silent_s()
            if stop is not None and stop.is_set():
                cause.append("stopped")
            elif waited_s > limit_s:
                cause.append("stalled")
            else:
                if waited_s > NOTICE_S and not noticed:
                    noticed = True
                    _notice(what, limit_s)
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


@contextlib.contextmanager
def noticed(what: str, limit_s: float) -> Iterator[None]:
    """Log a notice if the block, which times out after ``limit_s``, exceeds `NOTICE_S`."""
    timer = threading.Timer(NOTICE_S, _notice, (what, limit_s))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _notice(what: str, limit_s: float) -> None:
    _log.warning(
        "otio-gvideo: waiting for ffmpeg (%s): no progress for %.0f s; it is killed after %.0f s",
        what,
        NOTICE_S,
        limit_s,
    )
