"""Segments into one stream without encoding: packets copied, time stamps laid end to end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from ..errors import WorkError
from .encode import timescale
from .probe import open_media

REORDER = 2
"""Frames by which decoding runs ahead of showing: x264's delay with pyramids of B-frames."""


@dataclass(frozen=True, slots=True)
class Part:
    """``frames`` frames of a file from its frame ``first`` on, which must be an IDR frame."""

    path: Path
    first: int
    frames: int


def idr_frames(path: Path, fps: Fraction) -> frozenset[int]:
    """The frames of an H.264 file that a copy may start at, and one past its last frame."""
    found = set()
    count = 0
    for packet in _packets(path):
        count += 1
        if packet.is_keyframe:
            found.add(_frame(packet, fps))
    return frozenset({*found, count})


def join(parts: Iterable[Part], path: Path, fps: Fraction) -> int:
    """Write the parts one after another as one MP4 without sound.

    Frame ``n`` gets exactly the time ``n / fps``. Packets keep their order within a part.

    Returns:
        Frames written.

    Raises:
        WorkError: a part does not hold the frames it is said to.
    """
    tick = int(timescale(fps) / fps)
    base = Fraction(1, timescale(fps))
    total = 0
    with av.open(f"file:{path}", "w", format="mp4") as output:
        stream: av.VideoStream | None = None
        for part in parts:
            if stream is None:
                with open_media(part.path) as source:
                    stream = output.add_stream_from_template(source.streams.video[0])
                stream.time_base = base
            count = 0
            for frame, packet in _part_packets(part, fps):
                packet.stream = stream
                packet.time_base = base
                packet.pts = (total + frame - part.first) * tick
                packet.dts = (total + count - REORDER) * tick
                packet.duration = tick
                if packet.dts > packet.pts:
                    raise WorkError(
                        f"{part.path}: its frames are reordered too deeply to be copied"
                    )
                output.mux(packet)
                count += 1
            if count != part.frames:
                raise WorkError(
                    f"{part.path}: holds {count} of {part.frames} frames from {part.first} on"
                )
            total += part.frames
    return total


def _part_packets(part: Part, fps: Fraction) -> Iterator[tuple[int, av.Packet[av.VideoStream]]]:
    stop = part.first + part.frames
    for packet in _packets(part.path, part.first / fps):
        frame = _frame(packet, fps)
        if packet.is_keyframe and frame >= stop:
            return
        if part.first <= frame < stop:
            yield frame, packet


def _packets(path: Path, start: Fraction = Fraction(0)) -> Iterator[av.Packet[av.VideoStream]]:
    with open_media(path) as container:
        stream = container.streams.video[0]
        if start and stream.time_base:
            container.seek(round(start / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                yield packet


def _frame(packet: av.Packet[av.VideoStream], fps: Fraction) -> int:
    """The frame that a packet is shown as, counted from 0."""
    assert packet.pts is not None
    assert packet.time_base is not None
    return round(packet.pts * packet.time_base * fps)
