"""Join segments into one stream without encoding: copy packets, rewrite their time stamps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from ....renderers.files.open_media import open_output
from ...errors import WorkError
from ...media.containers import open_media
from ..encode.encoder_settings import timescale
from .plan import Copy, CutPoints, cut_points

MAX_REORDER = 16
"""Frames by which H.264 may decode ahead of display (``max_num_reorder_frames``)."""


def read_cut_points(path: Path, fps: Fraction) -> CutPoints | None:
    """Return where a file of the reel's rate can be cut; None if its frames have gaps."""
    order: list[int] = []
    idr: list[int] = []
    for packet in _packets(path):
        frame = display_number(packet, packet.stream, fps)
        order.append(frame)
        if packet.is_keyframe:
            idr.append(frame)
    return cut_points(order, idr)


def join(copies: Sequence[Copy], path: Path, fps: Fraction) -> int:
    """Write parts of files one after another as one file without sound.

    Frame ``n`` gets exactly the time ``n / fps``. Packets keep their order within a part.

    Args:
        copies: the parts; all files have the same codec headers.
        path: of the file.
        fps: of all parts.

    Returns:
        Number of frames written.

    Raises:
        WorkError: a part lacks frames, or has other headers.
    """
    tick = int(timescale(fps) / fps)
    base = Fraction(1, timescale(fps))
    total = 0
    with open_output(path, path.suffix.removeprefix(".")) as output:
        with open_media(copies[0].path) as first:
            source = first.streams.video[0]
            stream = output.add_stream_from_template(source, opaque=True)
            headers = source.codec_context.extradata
            reorder = min(source.codec_context.reorder_depth, MAX_REORDER)
        stream.time_base = base
        for copy in copies:
            count = 0
            for frame, packet in _copied(copy, headers, fps):
                packet.stream = stream
                packet.time_base = base
                packet.pts = (total + frame - copy.first) * tick
                packet.dts = (total + count - reorder) * tick
                packet.duration = tick
                if packet.dts > packet.pts:
                    raise WorkError(f"{copy.path}: its reorder depth is too large")
                output.mux(packet)
                count += 1
            if count != copy.frames:
                raise WorkError(
                    f"{copy.path}: holds {count} of {copy.frames} frames from {copy.first} on"
                )
            total += copy.frames
    return total


def _copied(
    copy: Copy, headers: bytes | None, fps: Fraction
) -> Iterator[tuple[int, av.Packet[av.VideoStream]]]:
    """Yield the packets of a part in decoding order, with their display numbers."""
    stop = copy.first + copy.frames
    left = copy.frames
    for packet in _packets(copy.path, copy.first / fps, headers):
        frame = display_number(packet, packet.stream, fps)
        if copy.first <= frame < stop:
            yield frame, packet
            left -= 1
            if not left:
                return


def _packets(
    path: Path, start: Fraction = Fraction(0), headers: bytes | None = None
) -> Iterator[av.Packet[av.VideoStream]]:
    with open_media(path, analyse=False) as container:
        stream = container.streams.video[0]
        if headers is not None and stream.codec_context.extradata != headers:
            raise WorkError(f"{path}: its headers differ from those of the rest of the reel")
        if start and stream.time_base:
            place = round(start / stream.time_base) + (stream.start_time or 0)
            container.seek(place, stream=stream)
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                yield packet


def display_number(
    timed: av.Packet[av.VideoStream] | av.VideoFrame, stream: av.VideoStream, fps: Fraction
) -> int:
    """Return the display number of a packet or picture, counted from the stream's first frame."""
    assert timed.pts is not None
    assert timed.time_base is not None
    return round((timed.pts - (stream.start_time or 0)) * timed.time_base * fps)
