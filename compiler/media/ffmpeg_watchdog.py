"""How long ffmpeg may work without progress: a notice first, then its end."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from .probe import probe

STALL_S = 60.0
"""Seconds without progress after which ffmpeg is ended, beyond what its work takes (`patience`)."""
NOTICE_S = 8.0
"""Seconds without progress after which that is said."""
_READ_S_PER_MEGAPIXEL = 0.05
"""To decode and filter, by a slow machine: 10 frames of 1080x1920 a second."""
_GOP_FRAMES = 600
"""Frames of a video that are decoded before the first one that is wanted."""
LOOKAHEAD_FRAMES = 60
"""Frames that an encoder holds back before its first is written."""
_ENCODE_S_PER_MEGAPIXEL = 2.0
"""To encode, by the slowest presets."""
_BYTES_PER_SECOND = 5e6
"""That a slow disk or network folder writes."""
_log = logging.getLogger(__name__)


def patience(
    *, frames: int = 0, pixels: int = 0, source_pixels: int = 0, size_bytes: int = 0
) -> float:
    """Seconds that ffmpeg may work without progress: `STALL_S`, and what its work takes.

    A filter may read everything before it writes a frame, an encoder holds frames back, and the
    index of a file is moved to its beginning in one go.

    Args:
        frames: that are written.
        pixels: of each.
        source_pixels: of a frame of video that is read; 0 if none is.
        size_bytes: of the output.
    """
    read = frames * pixels + (frames + _GOP_FRAMES) * source_pixels
    held = min(frames, LOOKAHEAD_FRAMES) * pixels
    work_s = (_READ_S_PER_MEGAPIXEL * read + _ENCODE_S_PER_MEGAPIXEL * held) / 1e6
    return STALL_S + work_s + size_bytes / _BYTES_PER_SECOND


def reading_patience(video: Path) -> float:
    """Return the patience for a pass that reads a whole video before it writes anything."""
    info = probe(video).video
    return patience(frames=info.frames, pixels=info.width * info.height) if info else patience()


@contextlib.contextmanager
def watched(
    popen: subprocess.Popen[bytes],
    silent_s: Callable[[], float],
    stop: threading.Event | None,
    what: str,
    limit_s: float,
) -> Iterator[list[str]]:
    """End a process when it stalls or is to stop; yields a list that then says which.

    Args:
        popen: the process.
        silent_s: seconds that it has been awaited for without progress.
        stop: ends it when it is set.
        what: it is doing, for the notice that it stalls.
        limit_s: seconds without progress after which it is ended.
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
    """Say so if something takes longer than `NOTICE_S` that is ended after ``limit_s``."""
    timer = threading.Timer(NOTICE_S, _notice, (what, limit_s))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _notice(what: str, limit_s: float) -> None:
    _log.warning(
        "otio-gvideo: waiting for ffmpeg (%s): no progress for %.0f s; it is ended after %.0f s",
        what,
        NOTICE_S,
        limit_s,
    )
