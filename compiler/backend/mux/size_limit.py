"""The size limit of a file: its bit rate, and the picture encoded again in two passes."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ...errors import InputError, Problem, WorkError
from ...media.ffmpeg import input_args, output_args, reading_patience, run
from ..encode.codecs import two_pass_args
from ..encode.encoder_settings import Encoding, format_args
from .mux import MuxInputs, mux

MIN_BITS_PER_S = 40_000
"""Bit rate below which no picture is worth watching."""
_PAYLOAD = Fraction(97, 100)
"""Share of the limit for picture and sound; the rest is the file's index."""
_ATTEMPTS = 4


def refuse_too_small(max_bytes: int, sound_bytes: int, length_s: Fraction, name: str) -> None:
    """Reject a size limit that the sound and the least picture exceed.

    Args:
        max_bytes: of the whole file.
        sound_bytes: of the encoded sound.
        length_s: of the reel, in seconds.
        name: of the file, for error messages.

    Raises:
        InputError: they exceed it.
    """
    least = (sound_bytes + MIN_BITS_PER_S * length_s / 8) / _PAYLOAD
    if least > max_bytes:
        needed = math.ceil(least / 10_000) / 100
        what = f"{float(length_s):.1f} s need at least {needed:.2f} MB"
        what += f", more than {max_bytes / 1e6:g} MB"
        raise InputError(Problem.in_file(name, what, where="--max-size"))


def encode_to_size(
    inputs: MuxInputs, encoding: Encoding, max_bytes: int, folder: Path, name: str
) -> Path:
    """Encode the picture again in two passes, so that the whole file stays below a limit.

    The bit rate is lowered and the attempt repeated if the muxed file is still too large.

    Args:
        inputs: of the file.
        encoding: codec and preset.
        max_bytes: of the whole file.
        folder: for the new picture and temporary files.
        name: of the file, for error messages.

    Returns:
        The new picture.

    Raises:
        InputError: the limit is too small for the length of the reel.
        WorkError: all attempts were too large, or ffmpeg failed.
    """
    length_s = inputs.frames / inputs.fps
    sound_bytes = inputs.sound.stat().st_size
    refuse_too_small(max_bytes, sound_bytes, length_s, name)
    picture_bytes = max_bytes * _PAYLOAD - sound_bytes
    suffix = encoding.details.suffix
    path, whole = folder / f"two-pass{suffix}", folder / f"whole{suffix}"
    for _ in range(_ATTEMPTS):
        bits_per_s = int(picture_bytes * 8 / length_s)
        if bits_per_s < MIN_BITS_PER_S:
            break
        _encode_twice(inputs, encoding, bits_per_s, path, name)
        mux(replace(inputs, picture=path), whole, encoding.details, name)
        excess = whole.stat().st_size - max_bytes
        if excess <= 0:
            return path
        picture_bytes -= excess + max_bytes // 200
    raise WorkError(f"{name}: cannot be brought under {max_bytes / 1e6:.2f} MB")


def _encode_twice(
    inputs: MuxInputs, encoding: Encoding, bits_per_s: int, path: Path, name: str
) -> None:
    stall_s = reading_patience(inputs.picture)
    for number in (1, 2):
        run(
            [
                *input_args(inputs.picture),
                *two_pass_args(encoding.program, encoding.speed, bits_per_s, inputs.fps),
                *_pass_args(encoding.program, number, "passes"),
                *format_args(encoding, inputs.fps),
                *output_args(path.absolute(), "-f", path.suffix.removeprefix(".")),
            ],
            what=f"fitting {name} into its size, pass {number}",
            cwd=path.parent,
            stall_s=stall_s,
        )


def _pass_args(encoder: str, number: int, log: str) -> list[str]:
    # Both encoders write their statistics into the current folder: no path has to be escaped for
    # their own option strings.
    if encoder == "libx265":
        return ["-x265-params", f"pass={number}:stats={log}.log"]
    return ["-pass", str(number), "-passlogfile", log]
