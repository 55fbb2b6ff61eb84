"""Open media files with PyAV, and reject streams that cannot be decoded within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from ...renderers.error_text import system_reason
from ...renderers.files.open_media import open_input
from ..errors import WorkError

SAMPLE_RATES = (1_000, 6_000_000)
"""Lowest and highest sample rate in Hz: the memory for resampling grows with it."""
MAX_CHANNELS = 64
_ESTIMATED = frozenset({"mp3", "aac"})
"""Formats without a length: FFmpeg estimates it by the bit rate, or trusts a header."""
_NEARLY_S = Fraction(1, 2)


def open_media(path: Path, *, analyse: bool = True) -> InputContainer:
    """Open a file for reading, without network access for playlists in it.

    Args:
        path: the file.
        analyse: decode some frames to complete the headers. Not needed to demux an MP4, and takes
            tens of milliseconds; without it the pixel format and the reorder depth are unknown
            until the first frame is decoded.

    Raises:
        av.error.FFmpegError, OSError: as raised by PyAV.
    """
    # Affects the analysis alone: frames that are decoded later are complete.
    return open_input(path, {} if analyse else {"skip_frame": "all"})


@contextmanager
def open_sound(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open the first audio stream of a file.

    Raises:
        WorkError: the file cannot be read, has no audio, or audio of an unknown codec or beyond the
            limits; or libav fails in the block.
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
        raise WorkError(f"{path}: cannot be read as sound: {system_reason(error)}") from error


def why_no_sound(stream: AudioStream) -> str:
    """Return why an audio stream cannot be decoded or resampled; empty if it can."""
    if getattr(stream, "codec_context", None) is None:  # PyAV's types rule this out
        return "its audio codec is not supported"
    low, high = SAMPLE_RATES
    if not low <= stream.rate <= high:
        return f"its header states {stream.rate} Hz; {low} to {high} Hz are supported"
    if not 1 <= stream.channels <= MAX_CHANNELS:
        return f"its header states {stream.channels} channels; 1 to {MAX_CHANNELS} are supported"
    return ""


def sound_length(
    container: InputContainer, stream: AudioStream, default: Fraction = Fraction(0)
) -> Fraction:
    """Return the exact length of an audio stream in seconds.

    The stated length, unless it is an estimate that is far off; else the sum of the packets or the
    samples.

    Args:
        container: at its start; read through if the stream states no length.
        stream: one of its streams.
        default: the length if the stream states none; 0 to decode all of it.

    Raises:
        av.error.FFmpegError: as raised by PyAV.
    """
    stated = Fraction(0)
    if stream.duration and stream.time_base:
        stated = Fraction(stream.duration * stream.time_base)
    if stated <= 0:
        return default or Fraction(
            sum(frame.samples for frame in container.decode(stream)), stream.rate
        )
    if _ESTIMATED.isdisjoint(container.format.name.split(",")):
        return stated
    ticks = sum(packet.duration or 0 for packet in container.demux(stream))
    counted = Fraction(ticks * (stream.time_base or 0))
    return stated if abs(counted - stated) <= _NEARLY_S else counted
