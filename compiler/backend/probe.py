"""What a media file holds, read with PyAV: there may be no ffprobe beside ffmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image, UnidentifiedImageError

from ..errors import WorkError
from .ffmpeg import PROTOCOLS, url
from .mp4 import rotation_of

STILL_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".avif", ".heic", ".heif"}
)
_ORIENTATION = 0x0112
"""EXIF tag; values of 5 and more turn the picture on its side."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A picture stream.

    Attributes:
        width, height: as coded, in pixels: before ``rotation`` and ``sample_aspect``.
        fps: average rate; exact for constant rates. 0 for a still.
        frames: exact; counted where the file doesn't state it.
        start: seconds from the file's first time stamp to the first picture.
        extradata: the codec's headers (SPS and PPS of H.264).
        colors: primaries, transfer, matrix and range as ITU-T H.273 numbers them; 2 is unknown
            (of the range: 0 unknown, 1 limited, 2 full).
        rotation: degrees clockwise by which the picture is turned for showing; 0, 90, 180 or 270.
        sample_aspect: width of a pixel by its height.
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

    @property
    def display_size(self) -> tuple[Fraction, Fraction]:
        """Width and height as it is seen, upright and with square pixels."""
        width, height = self.width * self.sample_aspect, Fraction(self.height)
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A sound stream: samples a second, channels, and its length in samples."""

    codec: str
    rate: int
    channels: int
    samples: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A media file. ``duration`` is in seconds, 0 for a still."""

    path: Path
    duration: Fraction
    video: VideoInfo | None
    audio: AudioInfo | None
    still: bool = False


def open_media(path: Path) -> InputContainer:
    """Open a file for reading; no playlist in it leads to the network.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    return av.open(url(path), metadata_errors="ignore", options={"protocol_whitelist": PROTOCOLS})


def probe(path: Path) -> MediaInfo:
    """Read a file's headers.

    Raises:
        WorkError: the file cannot be read, or holds neither picture nor sound.
    """
    if path.suffix.lower() in STILL_SUFFIXES:
        return _probe_still(path)
    try:
        with open_media(path) as container:
            duration = Fraction(container.duration or 0, av.time_base)
            video = audio = None
            pictures = [s for s in container.streams.video if not _is_cover(s)]
            if container.streams.audio:
                sound = container.streams.audio[0]
                length = duration
                if sound.duration and sound.time_base:
                    length = sound.duration * sound.time_base
                samples = round(length * sound.rate)
                audio = AudioInfo(sound.codec_context.name, sound.rate, sound.channels, samples)
                duration = length
            if pictures:
                stream = pictures[0]
                video = _video(path, container, stream)
                if stream.duration and stream.time_base:
                    duration = stream.duration * stream.time_base
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise WorkError(f"{path}: cannot be read as media: {error}") from error
    if video is None and audio is None:
        raise WorkError(f"{path}: holds neither picture nor sound")
    return MediaInfo(path, duration, video, audio)


def _is_cover(stream: VideoStream) -> bool:
    """Whether a stream is the cover picture of a sound file."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def _video(path: Path, container: InputContainer, stream: VideoStream) -> VideoInfo:
    context = stream.codec_context
    is_mp4 = "mp4" in container.format.name.split(",")
    fps = Fraction(stream.average_rate or stream.guessed_rate or 0)
    began = Fraction(container.start_time or 0, av.time_base)
    start = began
    if stream.start_time is not None and stream.time_base:
        start = stream.start_time * stream.time_base
    return VideoInfo(
        codec=context.name,
        profile=str(context.profile or ""),
        width=context.width,
        height=context.height,
        fps=fps,
        frames=stream.frames or _count(container, stream),
        pixel_format=str(context.pix_fmt),
        extradata=bytes(context.extradata or b""),
        colors=(
            int(context.color_primaries),
            int(context.color_trc),
            int(context.colorspace),
            int(context.color_range),
        ),
        start=max(Fraction(0), start - began),
        rotation=rotation_of(path) if is_mp4 else _decoded_rotation(container, stream),
        sample_aspect=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
    )


def _count(container: InputContainer, stream: VideoStream) -> int:
    """How many frames a stream holds, where its file doesn't say (as in Matroska)."""
    container.seek(0)
    return sum(packet.size > 0 for packet in container.demux(stream))


def _decoded_rotation(container: InputContainer, stream: VideoStream) -> int:
    container.seek(0)
    stream.codec_context.thread_type = "NONE"  # one frame comes sooner without threads' delay
    first = next(container.decode(stream), None)
    return 0 if first is None else round(-first.rotation / 90) * 90 % 360


def _probe_still(path: Path) -> MediaInfo:
    try:
        with Image.open(path) as image:
            width, height = image.size
            name = str(image.format).lower()
            if cast("int", image.getexif().get(_ORIENTATION, 1)) >= 5:
                width, height = height, width
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise WorkError(f"{path}: cannot be read as an image: {error}") from error
    video = VideoInfo(name, "", width, height, Fraction(0), 1, "", b"", (2, 2, 2, 0))
    return MediaInfo(path, Fraction(0), video, None, still=True)
