"""Sound files for listening: their exact length, and their samples at 16 kHz mono."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import WorkError
from .probe import length_of
from .samples import MOST_S, open_sound

SPEECH_RATE = 16000
"""Hz, what acoustic models are trained on."""
_TOO_LONG = f"its sound is longer than {MOST_S // 3600} hours"


def duration_of(path: Path) -> Fraction:
    """Exact length of a file's sound in seconds.

    The stream's own length where the container states it, else what decoding it gives.

    Raises:
        WorkError: the file cannot be read, holds no sound, or more than `MOST_S` seconds of it.
    """
    with open_sound(path) as (container, stream):
        length = length_of(container, stream)
    if length > MOST_S:
        raise WorkError(f"{path}: {_TOO_LONG}")
    return length


def speech_samples(path: Path) -> NDArray[np.int16]:
    """All samples of a file, mixed to mono at 16 kHz; sample 0 is the instant 0.

    Two bytes a sample: an hour is 115 MB.

    Raises:
        WorkError: the file cannot be decoded.
    """
    blocks: list[NDArray[np.int16]] = []
    count = 0
    with open_sound(path) as (container, stream):
        resampler = av.AudioResampler("s16", "mono", SPEECH_RATE)
        lead = 0
        for index, frame in enumerate(container.decode(stream)):
            if index == 0:
                began = (container.start_time or 0) / av.time_base
                lead = round((float(frame.time or 0.0) - began) * SPEECH_RATE)
            frame.pts = None
            blocks += [made.to_ndarray()[0] for made in resampler.resample(frame)]
            count += frame.samples
            if max(count / stream.rate, abs(lead) / SPEECH_RATE) > MOST_S:
                raise WorkError(f"{path}: {_TOO_LONG}")
        blocks += [made.to_ndarray()[0] for made in resampler.resample(None)]
        samples = np.concatenate([np.zeros(max(0, lead), np.int16), *blocks])
    return samples[max(0, -lead) :]
