"""The timecode of a media file: ``tmcd`` of MOV and MP4, MXF, Matroska, BWF's ``bext``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from .containers import open_media

HIGHEST_FPS = 240
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")


@dataclass(frozen=True, slots=True)
class MediaTimecode:
    """The time at which a file starts, and its length.

    Attributes:
        start: whole units since midnight; real frames, so drop-frame numbers are counted out.
        rate: units a second: frames of the picture, or samples of a ``bext`` chunk.
        duration: seconds of media.
        is_drop_frame: whether its numbers skip two (or four) frames a minute, as SMPTE ST 12-1 has.
    """

    start: int
    rate: Fraction
    duration: Fraction
    is_drop_frame: bool = False

    def start_at(self, rate: Fraction) -> tuple[int, Fraction]:
        """Return units and rate of the start as a timeline of some rate counts it.

        Programs read 01:00:00:00 of 23.976 as frame 86400 also in a timeline of 24: rates with the
        same whole number of frames share it. All others, and drop-frame, share real time.
        """
        if rate != self.rate and round(rate) == round(self.rate) and not self.is_drop_frame:
            return self.start, rate
        return self.start, self.rate


def read_timecode(path: Path, fps: Fraction) -> MediaTimecode | None:
    """Read the timecode of a file from its headers; None without one, or for a broken file.

    Args:
        path: the file.
        fps: frames a second of the timecode of a file without picture that does not state it.
    """
    try:
        with open_media(path, analyse=False) as container:
            return _timecode(container, fps)
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError, MemoryError):
        return None


def _timecode(container: InputContainer, fps: Fraction) -> MediaTimecode | None:
    duration = Fraction(container.duration or 0, av.time_base)
    pictures, sounds = container.streams.video, container.streams.audio
    if pictures and pictures[0].duration and pictures[0].time_base:
        duration = pictures[0].duration * pictures[0].time_base
    tags = [
        {name.lower(): value for name, value in one.metadata.items()}
        for one in (container, *container.streams)
    ]
    samples = tags[0].get("time_reference", "")
    if samples.isdecimal() and int(samples) and sounds and sounds[0].rate:
        return MediaTimecode(int(samples), Fraction(sounds[0].rate), duration)
    match = _TIMECODE.fullmatch(next((tag["timecode"] for tag in tags if "timecode" in tag), ""))
    tracks = (one for one in container.streams.data if "timecode" in one.metadata)
    rates = (one.average_rate or getattr(one, "guessed_rate", None) for one in (*pictures, *tracks))
    rate = Fraction(next((rate for rate in rates if rate), fps))
    if match is None or not 1 <= rate <= HIGHEST_FPS or duration <= 0:
        return None
    return _parse(match, rate, duration)


def _parse(match: re.Match[str], rate: Fraction, duration: Fraction) -> MediaTimecode | None:
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    nominal = round(rate)
    is_drop_frame = match[4] in ";," and rate.denominator == 1001 and not nominal % 30
    total = (hours * 3600 + minutes * 60 + seconds) * nominal + frames
    if is_drop_frame:
        passed = hours * 60 + minutes
        total -= nominal // 15 * (passed - passed // 10)
    return MediaTimecode(total, rate, duration, is_drop_frame) if total else None
