"""Decode audio on demand to 48 kHz stereo at exact positions, or whole to 16 kHz mono."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import WorkError
from .containers import open_sound, sound_length

SAMPLE_RATE = 48000
"""Hz, of the mix."""
SPEECH_RATE = 16000
"""Hz, of acoustic models."""
JUMP_S = 20
"""Seconds from which on seeking is faster than decoding."""
_SETTLE_S = 1
"""Pre-roll in seconds, in which a decoder settles after a seek."""
_INEXACT = frozenset({"mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float"})
"""Decoders of files with inexact seeking: they are decoded from the start."""

MAX_S = 24 * 60 * 60
"""Longest sound that is decoded whole or counted, in seconds."""
LOUDEST = 1e6
"""Limit of float samples, by full scale; beyond it a file counts as broken."""
Samples = NDArray[np.float32]
"""Shape ``(samples, 2)``, full scale is 1."""
_TOO_LONG = f"its sound is longer than {MAX_S // 3600} hours"


class SoundReader:
    """Reads forward through a file; going back, or far ahead, reopens it.

    Sample 0 is the instant 0 of the file; before it and after the end is silence.
    """

    def __init__(self, path: Path):
        self._path = path
        self._place = 0
        self._block: Samples = np.zeros((0, 2), np.float32)
        self._open(0)

    def read(self, start: int, count: int) -> Samples:
        """Return samples ``[start, start + count)`` of the file at 48 kHz.

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
        """Start at a sample, or before it."""
        self._ended = False
        self._place, self._block = max(0, place), np.zeros((0, 2), np.float32)
        self._blocks = _decode(self._path, max(0.0, place / SAMPLE_RATE - _SETTLE_S))
        self._next()
        if self._place > max(0, place):  # the file's index is wrong
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
    """Yield blocks from about ``start_s`` seconds on, with their positions, without gaps."""
    with open_sound(path) as (container, stream):
        # Players start a file at its first time stamp; that of an MP3 is after its encoder delay.
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
                    if place > MAX_S * SAMPLE_RATE:
                        raise WorkError(f"{path}: its sound starts after {MAX_S // 3600} hours")
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


def check_sound(path: Path) -> None:
    """Decode the first block of a file's audio; of float samples, all of it.

    Raises:
        WorkError: it cannot be decoded, or float samples are not finite.
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


def duration_of(path: Path) -> Fraction:
    """Return the exact length of a file's audio in seconds; decoded if no header states it.

    Raises:
        WorkError: the file cannot be read, has no audio, or is longer than `MAX_S`.
    """
    with open_sound(path) as (container, stream):
        length = sound_length(container, stream)
    if length > MAX_S:
        raise WorkError(f"{path}: {_TOO_LONG}")
    return length


def speech_samples(path: Path) -> NDArray[np.int16]:
    """Return all samples of a file, mixed to mono at 16 kHz; sample 0 is the instant 0.

    Two bytes a sample: an hour takes 115 MB.

    Raises:
        WorkError: the file cannot be decoded.
    """
    content = bytearray()
    for block in speech_blocks(path):
        content += block.data
    return np.frombuffer(content, np.int16)


def speech_blocks(path: Path) -> Iterator[NDArray[np.int16]]:
    """Yield the samples of `speech_samples` in blocks.

    Raises:
        WorkError: the file cannot be decoded.
    """
    count = early = 0
    with open_sound(path) as (container, stream):
        resampler = av.AudioResampler("s16", "mono", SPEECH_RATE)
        for index, frame in enumerate(itertools.chain(container.decode(stream), [None])):
            if frame is not None:
                lead = 0
                if index == 0:
                    began = (container.start_time or 0) / av.time_base
                    lead = round((float(frame.time or 0.0) - began) * SPEECH_RATE)
                count += frame.samples
                if max(count / stream.rate, abs(lead) / SPEECH_RATE) > MAX_S:
                    raise WorkError(f"{path}: {_TOO_LONG}")
                early = early or max(0, -lead)
                for silent in range(0, lead, SPEECH_RATE):
                    yield np.zeros(min(SPEECH_RATE, lead - silent), np.int16)
                frame.pts = None
            for made in resampler.resample(frame):
                block = np.frombuffer(memoryview(made.planes[0]), np.int16, made.samples)
                yield block[early:]
                early -= min(early, len(block))


def _no_level(at_s: float) -> str:
    return f"a sample at {at_s:.2f} s is not finite or is absurdly loud; export it again"


def _stereo(frame: av.AudioFrame) -> Samples:
    planes = frame.to_ndarray().astype(np.float32, copy=False)
    return np.ascontiguousarray(np.broadcast_to(planes, (2, planes.shape[1])).T)
