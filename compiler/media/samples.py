"""Samples of a sound file, decoded as they are needed: any format, 48 kHz stereo, exact places."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from ..errors import WorkError
from .probe import open_media, why_no_sound

SAMPLE_RATE = 48000
"""Hz, of everything that is mixed."""
JUMP_S = 20
"""Seconds from which on it is quicker to look up a place than to decode up to it."""
_SETTLE_S = 1
"""Seconds that a decoder is given to settle in after a jump."""
_INEXACT = frozenset({"mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float"})
"""Decoders of files that tell only roughly where a time is: they are read from the start."""

MOST_S = 24 * 60 * 60
"""Seconds of a sound that is taken whole into memory, or counted."""
LOUDEST = 1e6
"""Times full scale, of float samples; beyond it a file is taken for broken."""
Samples = NDArray[np.float32]
"""Shape ``(samples, 2)``, full scale is 1."""


class SoundReader:
    """Reads forward through a sound file; going back, or far ahead, opens it again.

    Sample 0 is the instant 0 of the file; what lies before it or after its end is silence.
    """

    def __init__(self, path: Path):
        self._path = path
        self._place = 0
        self._block: Samples = np.zeros((0, 2), np.float32)
        self._open(0)

    def read(self, start: int, count: int) -> Samples:
        """Samples ``[start, start + count)`` of the file at 48 kHz.

        Raises:
            WorkError: the file cannot be decoded.
        """
        out = np.zeros((count, 2), np.float32)
        ahead = start - self._place - len(self._block)
        if max(0, start) < self._place or ahead > JUMP_S * SAMPLE_RATE:
            self._open(start)
        end = start + count
        while not self._ended:
            block_end = self._place + len(self._block)
            first, last = max(start, self._place), min(end, block_end)
            if first < last:
                place = self._place
                out[first - start : last - start] = self._block[first - place : last - place]
            if block_end >= end:
                break
            self._next()
        return out

    def _open(self, place: int) -> None:
        """Start at a place, or at one before it."""
        self._ended = False
        self._place, self._block = max(0, place), np.zeros((0, 2), np.float32)
        self._blocks = _decode(self._path, max(0.0, place / SAMPLE_RATE - _SETTLE_S))
        self._next()
        if self._place > max(0, place):  # the file's index led astray
            self._blocks = _decode(self._path, 0.0)
            self._next()

    def _next(self) -> None:
        following = next(self._blocks, None)
        if following is None:
            self._ended = True
            self._place += len(self._block)
            self._block = np.zeros((0, 2), np.float32)
        else:
            self._place, self._block = following


def _decode(path: Path, start_s: float) -> Iterator[tuple[int, Samples]]:
    """Samples from about ``start_s`` seconds on: blocks of any size without holes, with places."""
    with open_sound(path) as (container, stream):
        # Players start a file at its first time stamp, which MP3 has after its delay.
        began = (container.start_time or 0) / av.time_base
        jump = start_s > JUMP_S and stream.codec_context.name not in _INEXACT
        if jump:
            container.seek(int((start_s + began) * av.time_base))
        mono = stream.codec_context.layout.nb_channels == 1
        resampler = av.AudioResampler("fltp", "mono" if mono else "stereo", SAMPLE_RATE)
        place: int | None = None
        for frame in itertools.chain(container.decode(stream), [None]):
            if frame is not None:
                if place is None:
                    place = round((float(frame.time or 0.0) - began) * SAMPLE_RATE)
                    if place > MOST_S * SAMPLE_RATE:
                        raise WorkError(f"{path}: its sound starts after {MOST_S // 3600} hours")
                    for silent in range(0, 0 if jump else place, SAMPLE_RATE):
                        count = min(SAMPLE_RATE, place - silent)
                        yield silent, np.zeros((count, 2), np.float32)
                frame.pts = None
            for made in resampler.resample(frame):
                block = _stereo(made)
                begin = place or 0
                if not (np.abs(block).max(initial=0.0) <= LOUDEST):
                    raise WorkError(f"{path}: {_no_level(begin / SAMPLE_RATE)}")
                early = min(max(0, -begin), len(block))
                yield begin + early, block[early:]
                place = begin + len(block)


@contextmanager
def open_sound(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open a file for its first sound stream, one that can be decoded and resampled.

    Raises:
        WorkError: the file cannot be read, holds no sound, or one of an unknown codec, an absurd
            rate or number of channels; or libav fails in the block.
    """
    try:
        with open_media(path) as container:
            if not container.streams.audio:
                raise WorkError(f"{path}: holds no sound")
            stream = container.streams.audio[0]
            if refused := why_no_sound(stream):
                raise WorkError(f"{path}: {refused}")
            yield container, stream
    except MemoryError as error:
        raise WorkError(f"{path}: there is too little memory to decode its sound") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise WorkError(f"{path}: its sound cannot be read: {said}") from error


def check_sound(path: Path) -> None:
    """See that a file's sound can be decoded: the first block of it; of float samples, all of it.

    Raises:
        WorkError: it cannot be, or float samples are not finite.
    """
    with open_sound(path) as (container, stream):
        decoded = container.decode(stream)
        first = next(decoded, None)
        if first is None:
            raise WorkError(f"{path}: cannot be decoded")
        if not stream.codec_context.name.startswith("pcm_f"):
            return
        for frame in itertools.chain([first], decoded):
            if not (np.abs(frame.to_ndarray()).max(initial=0.0) <= LOUDEST):
                raise WorkError(f"{path}: {_no_level(frame.time or 0.0)}")


def _no_level(at_s: float) -> str:
    return f"a sample at {at_s:.2f} s is no number, infinite or absurd; export it again"


def _stereo(frame: av.AudioFrame) -> Samples:
    planes = frame.to_ndarray().astype(np.float32, copy=False)
    return np.ascontiguousarray(np.broadcast_to(planes, (2, planes.shape[1])).T)
