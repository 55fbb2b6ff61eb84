"""Sound at a stated loudness: measured, brought to the target, its true peaks limited, encoded.

Measures are EBU R 128's (ITU-R BS.1770): integrated loudness in LUFS, true peak in dBTP.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .ffmpeg import input_args, output_args, pipe_args, process, run
from .mix import Mix
from .sound import SAMPLE_RATE, Samples

TARGET_LUFS = -14.0
"""Integrated loudness that the video platforms play back at."""
MOST_DBTP = -1.0
"""True peaks stay under this, measured on the encoded file."""
MOST_GAIN_DB = 40.0
"""A nearly silent recording is not raised into noise."""
BITRATE = "192k"
_TOLERANCE_LU = 0.2
_PASSES = 4
_LIMITED = 1.5
# Its running figures would fill the log of a long reel; the summary is told all the same.
_METER = "ebur128=peak=true:framelog=verbose"
_RAW = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Integrated loudness and true peak; minus infinity for silence."""

    lufs: float
    dbtp: float

    @property
    def silent(self) -> bool:
        """Whether there is nothing to bring to a loudness (all below the gate of -70 LUFS)."""
        return self.lufs <= -69.9


def encode_audio(mix: Mix, path: Path) -> Measure:
    """Encode a mix as AAC at `TARGET_LUFS` with true peaks under `MOST_DBTP`.

    The first pass measures the mix; each further one encodes with what was learnt and measures the
    file. One is enough for most reels; limiting hard takes another.

    Returns:
        What the finished file measures.
    """
    measured = measure_blocks(mix.blocks())
    gain, ceiling = 0.0, MOST_DBTP - 0.5
    if not measured.silent:
        gain = min(TARGET_LUFS - measured.lufs, MOST_GAIN_DB)
    for _ in range(_PASSES):
        _encode(mix, path, gain, ceiling)
        finished = measure_file(path)
        if measured.silent:
            break
        over = finished.dbtp - MOST_DBTP
        short = TARGET_LUFS - finished.lufs
        if over <= 0 and (abs(short) <= _TOLERANCE_LU or gain >= MOST_GAIN_DB):
            break
        if over > 0:
            ceiling -= over + 0.2
        if abs(short) > _TOLERANCE_LU:
            # The harder the limiter works, the less of a raise gets through.
            gain = min(gain + short * _LIMITED, MOST_GAIN_DB)
    return finished


def _encode(mix: Mix, path: Path, gain_db: float, ceiling_dbtp: float) -> None:
    # Four times oversampled, so that the limiter sees the peaks between the samples.
    limit = 10 ** (ceiling_dbtp / 20)
    chain = (
        f"volume={gain_db:.4f}dB:precision=double,aresample={4 * SAMPLE_RATE},"
        f"alimiter=limit={limit:.6f}:level=disabled:attack=5:release=80:latency=1,"
        f"aresample={SAMPLE_RATE},atrim=end_sample={mix.samples}"
    )
    args = [
        *(*pipe_args(*_RAW), "-af", chain, "-c:a", "aac", "-b:a", BITRATE),
        *("-ac", "2", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"),
        *output_args(path, "-f", "mp4"),
    ]
    with process(args, what="encoding the sound", pipe_in=True) as encoder:
        for block in mix.blocks():
            encoder.write(block.data)


def measure_blocks(blocks: Iterable[Samples]) -> Measure:
    """Measure samples."""
    args = [*pipe_args(*_RAW), "-af", _METER, "-f", "null", "-"]
    with process(args, what="measuring loudness", pipe_in=True, loglevel="info") as meter:
        for block in blocks:
            meter.write(block.data)
    return _summary(meter.errors)


def measure_file(path: Path) -> Measure:
    """Measure a file's sound."""
    args = [*input_args(path, "-vn"), "-af", _METER, "-f", "null", "-"]
    return _summary(run(args, what="measuring loudness", loglevel="info"))


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
