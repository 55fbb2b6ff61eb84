"""Sound files for listening: their exact length, and their samples at 16 kHz mono."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ...renderers.containers import open_input
from ..errors import WorkError

SPEECH_RATE = 16000
"""Hz, what acoustic models are trained on."""


def duration_of(path: Path) -> Fraction:
    """Exact length of a file's sound in seconds.

    The stream's own length where the container states it, else what decoding it gives.

    Raises:
        WorkError: the file cannot be read, or holds no sound.
    """
    try:
        with open_input(path) as container:
            if not container.streams.audio:
                raise WorkError(f"{path}: holds no sound")
            stream = container.streams.audio[0]
            if stream.duration and stream.time_base:
                return Fraction(stream.duration * stream.time_base)
            samples = sum(frame.samples for frame in container.decode(stream))
            return Fraction(samples, stream.rate)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        why = getattr(error, "strerror", None) or error
        raise WorkError(f"{path}: its sound cannot be read: {why}") from error


def speech_samples(path: Path) -> NDArray[np.int16]:
    """All samples of a file, mixed to mono at 16 kHz; sample 0 is the instant 0.

    Two bytes a sample: an hour is 115 MB.

    Raises:
        WorkError: the file cannot be decoded.
    """
    blocks: list[NDArray[np.int16]] = []
    try:
        with open_input(path) as container:
            stream = container.streams.audio[0]
            resampler = av.AudioResampler("s16", "mono", SPEECH_RATE)
            lead = 0
            for index, frame in enumerate(container.decode(stream)):
                if index == 0:
                    began = (container.start_time or 0) / av.time_base
                    lead = round((float(frame.time or 0.0) - began) * SPEECH_RATE)
                frame.pts = None
                blocks += [made.to_ndarray()[0] for made in resampler.resample(frame)]
            blocks += [made.to_ndarray()[0] for made in resampler.resample(None)]
    except (av.error.FFmpegError, OSError, IndexError) as error:
        why = getattr(error, "strerror", None) or error
        raise WorkError(f"{path}: its sound cannot be read: {why}") from error
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    if lead > 0:
        return np.concatenate([np.zeros(lead, np.int16), samples])
    return samples[-lead:] if lead else samples
