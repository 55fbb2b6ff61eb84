"""Sound at a stated loudness: measured, brought to the target, its true peaks limited, encoded.

Measures are EBU R 128's (ITU-R BS.1770): integrated loudness in LUFS, true peak in dBTP.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import opentimelineio as otio

from ...media.ffmpeg import input_args, output_args, pipe_args, process, run
from ...media.samples import SAMPLE_RATE, Samples
from ...timeline.metadata import own_metadata
from .limiter import limited
from .mix import Mix

USUAL_LUFS = -14.0
"""Integrated loudness that the video platforms play back at."""
MOST_DBTP = -1.0
"""True peaks stay under this, measured on the encoded file."""
MOST_GAIN_DB = 40.0
"""A nearly silent recording is not raised into noise."""
BITRATE = "192k"
_CODEC_DB = 0.6
"""By how much AAC is expected to raise a peak (twice, as platforms encode once more); more is
found out by measuring."""
_TOLERANCE_LU = 0.15
_PASSES = 4
_RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")


@dataclass(frozen=True, slots=True)
class Measure:
    """Integrated loudness and true peak; minus infinity for silence."""

    lufs: float
    dbtp: float

    @property
    def silent(self) -> bool:
        """Whether there is nothing to bring to a loudness (all below the gate of -70 LUFS)."""
        return self.lufs <= -69.9


def target_of(timeline: otio.schema.Timeline) -> float:
    """The loudness that a timeline asks for, in LUFS; `USUAL_LUFS` where it states none."""
    stated = own_metadata(timeline).get("output", {})
    wanted = stated.get("loudness") if hasattr(stated, "get") else None
    return float(wanted) if isinstance(wanted, int | float) else USUAL_LUFS


def encode_audio(
    mix: Mix, path: Path, target: float = USUAL_LUFS, *, stop: threading.Event | None = None
) -> Measure:
    """Encode a mix as AAC at a loudness with true peaks under `MOST_DBTP`.

    First the mix is measured. Where gain alone would do, it does; else peaks are limited, and the
    gain is raised by what the limiter takes, as measured. The finished file is measured too, and
    made again where the codec has raised a peak too far.

    Args:
        mix: what is heard.
        path: of the file, an MP4.
        target: integrated loudness, in LUFS.
        stop: ends the work when it is set.

    Returns:
        What the finished file measures.

    Raises:
        WorkError: a file cannot be decoded, or ffmpeg failed.
    """
    measured = measure_blocks(mix.blocks(), stop)
    gain, ceiling = 0.0, MOST_DBTP - _CODEC_DB
    if not measured.silent:
        gain = min(target - measured.lufs, MOST_GAIN_DB)
    for _ in range(_PASSES):
        if measured.dbtp + gain > ceiling:
            gain = _raised(mix, target, gain, ceiling, stop)
        _encode(limited(mix.blocks(), gain, ceiling), path, stop)
        finished = measure_file(path, stop)
        over = finished.dbtp - MOST_DBTP
        if over <= 0:
            break
        ceiling -= over + 0.1
    return finished


def _raised(
    mix: Mix, target: float, gain: float, ceiling: float, stop: threading.Event | None
) -> float:
    """The gain at which the limited mix is as loud as it should be, or nearly."""
    missing = 0.0
    for _ in range(_PASSES):
        heard = measure_blocks(limited(mix.blocks(), gain, ceiling), stop, peak=False)
        before, missing = missing, target - heard.lufs
        if abs(missing) <= _TOLERANCE_LU or gain >= MOST_GAIN_DB:
            break
        # The harder the limiter works, the less of a raise gets through: by what got through
        # the last time.
        through = 1 - missing / before if before else 0.65
        gain = min(gain + missing / min(1.0, max(0.3, through)), MOST_GAIN_DB)
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
    """Measure samples; without ``peak`` in half the time, and the true peak is not known."""
    args = [*pipe_args(*_RAW), "-af", _meter(peak), "-f", "null", "-"]
    with process(
        args, what="measuring loudness", pipe_in=True, stop=stop, loglevel="info"
    ) as meter:
        for block in blocks:
            meter.write(block.data)
    return _summary(meter.errors)


def measure_file(path: Path, stop: threading.Event | None = None) -> Measure:
    """Measure a file's sound."""
    args = [*input_args(path, "-vn"), "-af", _meter(True), "-f", "null", "-"]
    return _summary(run(args, what="measuring loudness", stop=stop, loglevel="info"))


def _meter(peak: bool) -> str:
    # Its running figures would fill the log of a long reel; the summary is told all the same.
    return f"ebur128=peak={'true' if peak else 'none'}:framelog=verbose"


def _summary(text: str) -> Measure:
    """The figures of the summary that ``ebur128`` ends with."""
    summary = text[text.rfind("Summary:") :]
    lufs = re.search(r"\bI:\s*(-?[\d.]+|-?inf|nan)\s*LUFS", summary)
    peak = re.search(r"\bPeak:\s*(-?[\d.]+|-?inf|nan)\s*dBFS", summary)
    return Measure(_number(lufs), _number(peak))


def _number(match: re.Match[str] | None) -> float:
    if match is None or match[1] in ("-inf", "inf", "nan"):
        return -math.inf
    return float(match[1])
