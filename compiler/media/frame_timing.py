"""Find the frame rate, the number of frames and the first time stamp of a picture stream.

Headers of Matroska, FLV, AVI and transport streams state neither for certain, so their packets are
read: an average rate of 1000 is the tick of a clock, and an interlaced frame may be two packets.

Pictures of an open GOP are shown before a key frame and decoded after it. A decoder that starts at
that key frame drops them, and MP4 seeks by decoding times.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from .mp4 import has_even_frames, is_whole

FRAME_RATES = (Fraction(1, 100), Fraction(10_000))
"""Lowest and highest frame rate of a video."""
_LARGEST_DENOMINATOR = 1_000_000


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """Rate, number and start of a stream's frames.

    Attributes:
        fps: exact for constant rates, else the average; 0 if none can be told.
        frames: exact, or as many as last as long at ``fps``.
        is_constant: whether all frames are about equally long.
        first_s: time stamp of the first picture; None if no packet has one.
        is_even: whether all are equally long to the tick of the file's clock.
    """

    fps: Fraction
    frames: int
    is_constant: bool
    first_s: Fraction | None
    is_even: bool


@dataclass(frozen=True, slots=True)
class _Packets:
    """Packets of a stream: number, seconds (0 for none), first time stamp, equal distances."""

    count: int
    length_s: Fraction = Fraction(0)
    first_s: Fraction | None = None
    is_even: bool = False


def frame_timing(
    path: Path, container: InputContainer, stream: VideoStream, *, is_mp4: bool
) -> FrameTiming:
    """Return rate, number and start of the frames, as stated if the file is whole and consistent.

    Args:
        path: of the file.
        container: the open file; its packets are read if its headers do not suffice.
        stream: of its pictures.
        is_mp4: whether it is an MP4 or MOV, whose headers state every frame.
    """
    fps, base = _stated_rate(stream), _in_range(Fraction(stream.base_rate or 0))
    tick = Fraction(stream.time_base or 0)
    length, stated = (stream.duration or 0) * tick, stream.frames
    if stated > 0 and is_mp4 and is_whole(path) and _agrees(stated, length, fps):
        is_constant = bool(fps) and base == fps and abs(stated - length * fps) < 2
        shown = _shown_length(container, stream)
        if fps and shown > length + 1 / fps:
            is_constant = False
            fps = _in_range((stated / shown).limit_denominator(_LARGEST_DENOMINATOR)) or fps
        first = None if stream.start_time is None else stream.start_time * tick
        return FrameTiming(fps, stated, is_constant, first, is_constant and has_even_frames(path))
    found = _read_packets(container, stream)
    is_constant, frames = False, found.count
    by_base, by_rate = (abs(frames - found.length_s * rate) for rate in (base, fps))
    if base and by_base < 1 and by_base < by_rate:
        fps = base  # The stated one counts in rounded milliseconds.
    lasting = max(1, round(found.length_s * fps))
    if found.length_s and fps and _agrees(frames, found.length_s, fps):
        is_constant = base == fps and abs(frames - found.length_s * fps) < 2
        frames = frames if is_constant else lasting
    elif found.length_s and fps and frames > found.length_s * fps:
        # Two packets a frame: the fields of interlaced pictures.
        is_constant, frames = base in (fps, 2 * fps), lasting
    elif found.length_s:
        average = (frames / found.length_s).limit_denominator(_LARGEST_DENOMINATOR)
        fps = _in_range(average) or fps
    return FrameTiming(fps, frames, is_constant, found.first_s, is_constant and found.is_even)


def _shown_length(container: InputContainer, stream: VideoStream) -> Fraction:
    """Return the seconds from the first to the end of the last picture, by the last packets, or 0.

    At a variable rate with B-frames, the length that ffmpeg states is one of decoding times.
    """
    first = stream.start_time or 0
    try:
        container.seek(first + (stream.duration or 0), stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return Fraction(0)
    ends = (
        packet.pts + (packet.duration or 0)
        for packet in container.demux(stream)
        if packet.pts is not None and not packet.is_discard
    )
    return (max(ends, default=first) - first) * Fraction(stream.time_base or 0)


def _stated_rate(stream: VideoStream) -> Fraction:
    """Return the average rate that the headers state, or FFmpeg's guess; 0 for none."""
    average = _in_range(Fraction(stream.average_rate or 0))
    return average or _in_range(Fraction(stream.guessed_rate or 0))


def _in_range(fps: Fraction) -> Fraction:
    return fps if FRAME_RATES[0] <= fps <= FRAME_RATES[1] else Fraction(0)


def _agrees(frames: int, length: Fraction, fps: Fraction) -> bool:
    return abs(frames - length * fps) <= max(2, frames // 100)


def _read_packets(container: InputContainer, stream: VideoStream) -> _Packets:
    with suppress(av.error.PermissionError):  # FFmpeg's error for a file without frames.
        container.seek(0)
    count = last_duration = latest = 0
    times: list[int] = []
    for packet in container.demux(stream):
        if packet.size > 0 and not packet.is_discard:  # Inside the edit list.
            count += 1
            time = packet.dts if packet.pts is None else packet.pts
            if time is not None:
                if not times or time > latest:
                    latest, last_duration = time, packet.duration or 0
                times.append(time)
    if not times or not stream.time_base:
        return _Packets(count)
    times.sort()
    gaps = sorted(late - early for early, late in pairwise(times))
    # Some formats state one tick for every frame, or nothing.
    is_stated = not gaps or 2 * last_duration >= gaps[0]
    last = last_duration if is_stated else gaps[len(gaps) // 2]
    length = (times[-1] - times[0] + last) * stream.time_base
    return _Packets(count, length, times[0] * stream.time_base, not gaps or gaps[0] == gaps[-1])


_MOST_PACKETS = 600
_MOST_KEYS = 4


def open_gop_lead(container: InputContainer, stream: VideoStream) -> Fraction:
    """Return the seconds by which to seek early in an MP4; 0 if its first GOPs are closed.

    Twice the longest time from the decoding to the display of a key frame: a seek by one lands
    before each key frame whose leading pictures hold the place. By the other one, the decoder knows
    the order of pictures: it may drop one of the first.

    Args:
        container: the open file; its first packets are read.
        stream: of its pictures.
    """
    lead = keys = 0
    shown, delay = 0, 0
    try:
        container.seek(0)
        for number, packet in enumerate(container.demux(stream)):
            if packet.pts is None or packet.dts is None or number > _MOST_PACKETS:
                break
            if packet.is_keyframe:
                keys += 1
                if keys > _MOST_KEYS:
                    break
                shown, delay = packet.pts, packet.pts - packet.dts
            elif packet.pts < shown:
                lead = max(lead, delay)
    except av.error.FFmpegError:  # What is decoded later says so.
        pass
    return 2 * lead * Fraction(stream.time_base or 0)
