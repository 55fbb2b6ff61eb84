"""What a media file holds, read with PyAV: there may be no ffprobe beside ffmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, UnidentifiedImageError

from ..errors import WorkError

STILL_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".heic", ".heif"}
)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A picture stream.

    Attributes:
        frames: how many it states or, where it doesn't, how many its duration makes at ``fps``.
        fps: average rate; exact for constant rates.
        extradata: the codec's headers (SPS and PPS of H.264).
        colors: primaries, transfer, matrix and range as ffmpeg numbers them; 2 and 0 are unknown.
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


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A sound stream: samples a second, and channels."""

    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A media file. ``duration`` is in seconds, 0 for a still."""

    path: Path
    duration: Fraction
    video: VideoInfo | None
    audio: AudioInfo | None
    still: bool = False


def probe(path: Path) -> MediaInfo:
    """Read a file's headers.

    Raises:
        WorkError: the file cannot be opened, or holds neither picture nor sound.
    """
    if path.suffix.lower() in STILL_SUFFIXES:
        return _probe_still(path)
    try:
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            duration = Fraction(container.duration or 0, av.time_base)
            video = audio = None
            if container.streams.video:
                stream = container.streams.video[0]
                context = stream.codec_context
                fps = stream.average_rate or stream.guessed_rate or Fraction(0)
                if stream.duration and stream.time_base:
                    duration = stream.duration * stream.time_base
                video = VideoInfo(
                    codec=context.name,
                    profile=str(context.profile or ""),
                    width=context.width,
                    height=context.height,
                    fps=Fraction(fps),
                    frames=stream.frames or round(duration * fps),
                    pixel_format=str(context.pix_fmt),
                    extradata=bytes(context.extradata or b""),
                    colors=(
                        int(context.color_primaries),
                        int(context.color_trc),
                        int(context.colorspace),
                        int(context.color_range),
                    ),
                )
            if container.streams.audio:
                sound = container.streams.audio[0]
                audio = AudioInfo(sound.codec_context.name, sound.rate, sound.channels)
                if video is None and sound.duration and sound.time_base:
                    duration = sound.duration * sound.time_base
    except (av.error.FFmpegError, OSError) as error:
        raise WorkError(f"{path}: cannot be read as media: {error}") from error
    if video is None and audio is None:
        raise WorkError(f"{path}: holds neither picture nor sound")
    return MediaInfo(path, duration, video, audio)


def _probe_still(path: Path) -> MediaInfo:
    try:
        with Image.open(path) as image:
            width, height = image.size
            name = str(image.format).lower()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise WorkError(f"{path}: cannot be read as an image: {error}") from error
    video = VideoInfo(name, "", width, height, Fraction(0), 1, "", b"", (2, 2, 2, 0))
    return MediaInfo(path, Fraction(0), video, None, still=True)
