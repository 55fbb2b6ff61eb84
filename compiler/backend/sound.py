"""Samples of a sound file, decoded as they are needed: any format, 48 kHz stereo, exact places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import WorkError
from .probe import open_media

SAMPLE_RATE = 48000
"""Hz, of everything that is mixed."""

Samples = NDArray[np.float32]
"""Shape ``(samples, 2)``, full scale is 1."""


class SoundReader:
    """Reads forward through a sound file; going back opens it again.

    Sample 0 is the instant 0 of the file; what lies before it or after its end is silence.
    """

    def __init__(self, path: Path):
        self._path = path
        self._blocks: Iterator[Samples] = iter(())
        self._block: Samples = np.zeros((0, 2), np.float32)
        self._position = 0
        self._open()

    def read(self, start: int, count: int) -> Samples:
        """Samples ``[start, start + count)`` of the file at 48 kHz."""
        out = np.zeros((count, 2), np.float32)
        if start < self._position:
            self._open()
        while self._position < start + count:
            block_end = self._position + len(self._block)
            if block_end <= start:
                if not self._next():
                    break
                continue
            first = max(start, self._position)
            last = min(start + count, block_end)
            out[first - start : last - start] = self._block[
                first - self._position : last - self._position
            ]
            if block_end >= start + count or not self._next():
                break
        return out

    def _open(self) -> None:
        self._blocks = _decode(self._path)
        self._block = np.zeros((0, 2), np.float32)
        self._position = 0

    def _next(self) -> bool:
        self._position += len(self._block)
        self._block = next(self._blocks, np.zeros((0, 2), np.float32))
        return len(self._block) > 0


def _decode(path: Path) -> Iterator[Samples]:
    """The file's samples from its instant 0 on, in blocks of whatever size it is coded in."""
    try:
        with open_media(path) as container:
            stream = container.streams.audio[0]
            mono = stream.codec_context.layout.nb_channels == 1
            resampler = av.AudioResampler("fltp", "mono" if mono else "stereo", SAMPLE_RATE)
            lead: int | None = None
            for frame in container.decode(stream):
                if lead is None:
                    # Players start a file at its first time stamp, which MP3 has after its delay.
                    began = (container.start_time or 0) / av.time_base
                    lead = round((float(frame.time or 0.0) - began) * SAMPLE_RATE)
                    if lead > 0:
                        yield np.zeros((lead, 2), np.float32)
                frame.pts = None
                for made in resampler.resample(frame):
                    lead, block = _trim(lead, _stereo(made))
                    yield block
            for made in resampler.resample(None):
                lead, block = _trim(lead or 0, _stereo(made))
                yield block
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise WorkError(f"{path}: its sound cannot be read: {error}") from error


def _trim(lead: int, block: Samples) -> tuple[int, Samples]:
    """A block without the samples from before instant 0, of which ``-lead`` are left."""
    if lead >= 0:
        return lead, block
    dropped = min(-lead, len(block))
    return lead + dropped, block[dropped:]


def _stereo(frame: av.AudioFrame) -> Samples:
    planes = frame.to_ndarray().astype(np.float32, copy=False)
    return np.ascontiguousarray(np.broadcast_to(planes, (2, planes.shape[1])).T)
