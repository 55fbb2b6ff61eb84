"""Properties of a media file, as `probe` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A picture stream.

    Attributes:
        width, height: as coded, in pixels: before ``rotation`` and ``sample_aspect``.
        fps: average rate; exact for constant rates. 0 for a still.
        frames: exact; counted if the file does not state it.
        start: seconds from the file's first time stamp to the first picture.
        extradata: the codec's headers (SPS and PPS of H.264).
        colors: primaries, transfer, matrix and range as numbered in ITU-T H.273; 2 is unknown
            (range: 0 unknown, 1 limited, 2 full).
        rotation: degrees clockwise by which to rotate for display; 0, 90, 180 or 270.
        sample_aspect: width of a pixel by its height.
        is_constant: whether all frames are equally long.
        steady: whether the time of frame ``n`` is exactly ``n / fps``.
        lead: seconds by which to seek early: without an index, as in MPEG-TS and PS, a seek lands
            between key frames; in an MP4 with open GOPs (`frame_timing`) after the place.
        decoder: FFmpeg's name of the one that keeps transparency, if that is not the default one.
        zero: seconds from the file's first time stamp to the one that ffmpeg counts from without a
            seek: in MPEG-TS and PS, what the stream states as its start.
    """

    codec: str
    profile: str
    width: int
    height: int
    fps: Fraction
    frames: int
    pixel_format: str
    extradata: bytes
    colors: tuple[int, int, int, int]
    start: Fraction = Fraction(0)
    rotation: int = 0
    sample_aspect: Fraction = Fraction(1)
    steady: bool = False
    is_constant: bool = False
    lead: Fraction = Fraction(0)
    zero: Fraction = Fraction(0)
    decoder: str = ""

    @property
    def delay(self) -> Fraction:
        """Seconds that a player plays before the first picture; 0 for less than half a frame.

        So little is a rounded time stamp, or the delay of the sound's encoder.
        """
        return self.start if 2 * self.start * self.fps >= 1 else Fraction(0)

    @property
    def end(self) -> Fraction:
        """End of the last picture in seconds, as players count."""
        return self.delay + self.frames / self.fps

    @property
    def display_size(self) -> tuple[Fraction, Fraction]:
        """Width and height as displayed: rotated, with square pixels."""
        width, height = self.width * self.sample_aspect, Fraction(self.height)
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """An audio stream: sample rate in Hz, channels, and its length in samples."""

    codec: str
    rate: int
    channels: int
    samples: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A media file, or an image sequence.

    Attributes:
        path: the file, or the name of the sequence.
        duration: in seconds, 0 for a still.
        images: of a sequence, one for each frame; None if missing.
        black_where_missing: whether missing images are black, and not the one before.
    """

    path: Path
    duration: Fraction
    video: VideoInfo | None
    audio: AudioInfo | None
    still: bool = False
    images: tuple[Path | None, ...] = ()
    black_where_missing: bool = False


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format may have an alpha channel."""
    return pixel_format.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal"))
