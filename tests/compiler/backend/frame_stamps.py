"""Clips with the number of each frame as black and white blocks, which survive encoding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.timeline.rate import time_range

WIDTH, HEIGHT = 96, 160
BITS = 10
FAST = Encoding(preset="ultrafast", crf=18)


def stamp(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A planar YUV frame: rows of blocks, one bit each, on grey."""
    frame = np.full((height * 3 // 2, width), 128, np.uint8)
    row = height // BITS
    for bit in range(BITS):
        frame[bit * row : (bit + 1) * row] = 235 if number >> bit & 1 else 16
    frame[height:] = 128
    return frame


def write_stamped(
    path: Path, first: int, count: int, fps: Fraction, idr: tuple[int, ...] = ()
) -> Path:
    """Write a clip of ``count`` frames, numbered from ``first`` on."""
    encode_frames(
        (stamp(first + n) for n in range(count)),
        path,
        width=WIDTH,
        height=HEIGHT,
        fps=fps,
        idr=idr,
        encoding=FAST,
    )
    return path


def write_edit(folder: Path) -> Path:
    """Write a clip of 30 frames, and a timeline that shows 24 of them."""
    write_stamped(folder / "a.mp4", 0, 30, Fraction(24))
    edit = otio.schema.Timeline("edit")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    reference = otio.schema.ExternalReference("a.mp4")
    track.append(otio.schema.Clip("a", reference, time_range(0, 24, Fraction(24))))
    edit.tracks.append(track)
    path = folder / "edit.otio"
    otio.adapters.write_to_file(edit, str(path))
    return path


def planes(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the luma of every frame of a video."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="gray")


def read_stamps(path: Path) -> list[int | None]:
    """Return the number on every frame; None if it is unreadable (a blend, or black)."""
    numbers: list[int | None] = []
    for luma in planes(path):
        row = luma.shape[0] // BITS
        levels = [
            float(luma[b * row + row // 4 : (b + 1) * row - row // 4].mean()) for b in range(BITS)
        ]
        if luma.mean() < 20 or any(60 < level < 190 for level in levels):
            numbers.append(None)
        else:
            numbers.append(sum((level > 128) << bit for bit, level in enumerate(levels)))
    return numbers
