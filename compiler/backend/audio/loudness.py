"""Loudness normalisation: measure, apply gain, limit true peaks, encode, measure again.

Measures are those of EBU R 128 (ITU-R BS.1770): integrated loudness in LUFS, true peak in dBTP.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ...media.ffmpeg import input_args, output_args, pipe_args, process, run
from ...media.samples import SAMPLE_RATE, Samples
from ...timeline.metadata import own_metadata
from .limiter import limit_peaks
from .mix import Mix

DEFAULT_LUFS = -14.0
"""Integrated loudness at which video platforms play back."""
MAX_DBTP = -1.0
"""Ceiling of true peaks in the encoded file."""
MAX_GAIN_DB = 40.0
"""Limit of the gain: a nearly silent recording is not raised into noise."""
BITRATE = "192k"
_CODEC_DB = 0.6
"""Expected overshoot of AAC (twice, since platforms encode once more); more is measured."""
_TOLERANCE_LU = 0.15
_FILE_TOLERANCE_LU = 0.5
_PASSES = 4
_MAX_ENCODES = 8
_KEPT_SAMPLES = 2 * 60 * SAMPLE_RATE
"""Longest mix that is kept between passes (46 MB); a longer one is mixed again for each."""
_RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")


@dataclass(frozen=True, slots=True)
class Measure:
    """Integrated loudness and true peak; minus infinity for silence."""

    lufs: float
    dbtp: float

    @property
    def silent(self) -> bool:
        """Whether all of it is below the gate of -70 LUFS."""
        return self.lufs <= -69.9


def target_of(timeline: otio.schema.Timeline) -> float:
    """Return the target loudness of a timeline, in LUFS; `DEFAULT_LUFS` if it states none."""
    stated = own_metadata(timeline).get("output", {})
    wanted = stated.get("loudness") if hasattr(stated, "get") else None
    return float(wanted) if isinstance(wanted, int | float) else DEFAULT_LUFS


def encode_audio(
    mix: Mix, path: Path, target: float = DEFAULT_LUFS, *, stop: threading.Event | None = None
) -> Measure:
    """Encode a mix as AAC at a target loudness, with true peaks below `MAX_DBTP`.

    If gain alone would exceed the ceiling, peaks are limited, and the gain makes up for the
    measured loss. The encoded file is measured too, and encoded again with a lower ceiling if the
    codec overshoots.

    Args:
        mix: the sound.
        path: of the MP4.
        target: integrated loudness, in LUFS.
        stop: stops the work when set.

    Returns:
        The measures of the encoded file.

    Raises:
        WorkError: a file cannot be decoded, or ffmpeg failed.
    """
    blocks = _repeatable(mix)
    measured = measure_blocks(blocks(), stop)
    gain, ceiling = 0.0, MAX_DBTP - _CODEC_DB
    if not measured.silent:
        gain = min(target - measured.lufs, MAX_GAIN_DB)
    for _ in range(_MAX_ENCODES):
        is_limited = measured.dbtp + gain > ceiling
        if is_limited:
            gain = _makeup_gain(blocks, target, gain, ceiling, stop)
        _encode(limit_peaks(blocks(), gain, ceiling), path, stop)
        finished = measure_file(path, stop)
        over, missing = finished.dbtp - MAX_DBTP, target - finished.lufs
        if over > 0:
            ceiling -= over + 0.1
        elif (
            measured.silent
            or is_limited
            or abs(missing) <= _FILE_TOLERANCE_LU
            or gain >= MAX_GAIN_DB
        ):
            break
        else:
            # In a second or two of sound the gate depends on where the codec's frames begin.
            gain = min(gain + missing, MAX_GAIN_DB)
    return finished


def _repeatable(mix: Mix) -> Callable[[], Iterable[Samples]]:
    """Return a function that returns the blocks of a mix, any number of times."""
    if mix.samples > _KEPT_SAMPLES:
        return mix.blocks
    kept = list(mix.blocks())
    return lambda: kept


def _makeup_gain(
    blocks: Callable[[], Iterable[Samples]],
    target: float,
    gain: float,
    ceiling: float,
    stop: threading.Event | None,
) -> float:
    """Return the gain at which the limited mix is within `_TOLERANCE_LU` of the target."""
    missing = 0.0
    for _ in range(_PASSES):
        limited = measure_blocks(limit_peaks(blocks(), gain, ceiling), stop, peak=False)
        before, missing = missing, target - limited.lufs
        if abs(missing) <= _TOLERANCE_LU or gain >= MAX_GAIN_DB:
            break
        # The harder the limiter works, the less of a raise gets through: extrapolate from the
        # share that got through last time.
        through = 1 - missing / before if before else 0.65
        gain = min(gain + missing / min(1.0, max(0.3, through)), MAX_GAIN_DB)
    return gain


def _encode(blocks: Iterable[Samples], path: Path, stop: threading.Event | None) -> None:
    args = [
        *(*pipe_args(*_RAW), "-c:a", "aac", "-b:a", BITRATE, "-ac", "2"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"),
        *output_args(path, "-f", "mp4"),
    ]
    with process(args, what="encoding the sound", pipe_in=True, stop=stop) as encoder:
        for block in blocks:
            encoder.write(block.data)


def measure_blocks(
    blocks: Iterable[Samples], stop: threading.Event | None = None, *, peak: bool = True
) -> Measure:
    """Measure samples; without ``peak`` (half the time) the true peak is unknown."""
    args = [*pipe_args(*_RAW), "-af", _meter(peak), "-f", "null", "-"]
    with process(
        args, what="measuring loudness", pipe_in=True, stop=stop, loglevel="info"
    ) as meter:
        for block in blocks:
            meter.write(block.data)
    return _summary(meter.errors)


def measure_file(path: Path, stop: threading.Event | None = None) -> Measure:
    """Measure the sound of a file."""
    args = [*input_args(path, "-vn"), "-af", _meter(True), "-f", "null", "-"]
    return _summary(run(args, what="measuring loudness", stop=stop, loglevel="info"))


def _meter(peak: bool) -> str:
    # The running figures would fill the log of a long reel; the summary is printed anyway.
    return f"ebur128=peak={'true' if peak else 'none'}:framelog=verbose"


def _summary(text: str) -> Measure:
    """Parse the summary at the end of the output of ``ebur128``."""
    summary = text[text.rfind("Summary:") :]
    lufs = re.search(r"\bI:\s*(-?[\d.]+|-?inf|nan)\s*LUFS", summary)
    peak = re.search(r"\bPeak:\s*(-?[\d.]+|-?inf|nan)\s*dBFS", summary)
    return Measure(_number(lufs), _number(peak))


def _number(match: re.Match[str] | None) -> float:
    if match is None or match[1] in ("-inf", "inf", "nan"):
        return -math.inf
    return float(match[1])
