"""What a media file holds, read with PyAV: there may be no ffprobe beside ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from ...renderers.files.open_media import open_input
from ...renderers.image.open_image import ImageFileError, image_file
from ..errors import WorkError
from .mp4 import is_whole, rotation_of

STILL_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".avif", ".heic", ".heif"}
)
SOUND_RATES = (1_000, 6_000_000)
"""Hz, the lowest and the highest rate of a sound: resampling takes memory by it."""
MOST_CHANNELS = 64
FRAME_RATES = (Fraction(1, 100), Fraction(10_000))
"""Frames a second, the lowest and the highest rate of a video."""
MOST_PIXELS = 150_000_000
"""Of a frame of video."""
_ASPECTS = (Fraction(1, 100), Fraction(100))
_ESTIMATED = frozenset({"mp3", "aac"})
"""Formats that hold no length: FFmpeg guesses it by the bit rate, or believes a header."""
_NEARLY_S = Fraction(1, 2)
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
        steady: whether each frame's time is exactly its number by ``fps``.
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
    """A media file, or an image sequence.

    Attributes:
        path: the file, or the name that the sequence goes by.
        duration: in seconds, 0 for a still.
        images: of a sequence, one for each frame; None where one is missing.
        black_where_missing: whether black stands for a missing image, and not the one before.
    """

    path: Path
    duration: Fraction
    video: VideoInfo | None
    audio: AudioInfo | None
    still: bool = False
    images: tuple[Path | None, ...] = ()
    black_where_missing: bool = False


def open_media(path: Path, *, looked_into: bool = True) -> InputContainer:
    """Open a file for reading; no playlist in it leads to the network.

    Args:
        path: the file.
        looked_into: whether a few pictures are decoded to learn what the headers may not say. An
            MP4 that is known says all that its packets need, and its first pictures take tens of
            milliseconds; without them neither its pixel format nor its reordering is told before
            decoding.

    Raises:
        av.error.FFmpegError, OSError: as PyAV raises them.
    """
    # Reaches the look alone: what is decoded later is whole.
    return open_input(path, {} if looked_into else {"skip_frame": "all"})


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
            refused = ""
            if container.streams.audio:
                sound = container.streams.audio[0]
                refused = why_no_sound(sound)
                if not refused:
                    length = duration if pictures and duration > 0 else Fraction(0)
                    length = length_of(container, sound, length)
                    samples = round(length * sound.rate)
                    audio = AudioInfo(sound.codec_context.name, sound.rate, sound.channels, samples)
                    duration = length
            if pictures:
                stream = pictures[0]
                video = _video(path, container, stream)
                if stream.duration and stream.duration > 0 and stream.time_base:
                    duration = stream.duration * stream.time_base
    except MemoryError as error:
        raise WorkError(f"{path}: there is too little memory to read it") from error
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError) as error:
        raise WorkError(f"{path}: cannot be read as media: {error}") from error
    if video is None and audio is None:
        raise WorkError(f"{path}: {refused or 'holds neither picture nor sound'}")
    return MediaInfo(path, duration, video, audio)


def probe_sequence(
    path: Path, images: Sequence[Path | None], fps: Fraction, *, black_where_missing: bool
) -> MediaInfo:
    """What is known of an image sequence: the first image that there is stands for all.

    Args:
        path: the name that the sequence goes by.
        images: one for each frame; None where one is missing.
        fps: images a second.
        black_where_missing: whether black stands for a missing image, and not the one before.

    Raises:
        WorkError: there is no image, or the first one cannot be read.
    """
    first = next((image for image in images if image is not None), None)
    if first is None:
        raise WorkError(f"{path}: there are no such images")
    try:
        with open_media(first) as container:
            video = _video(first, container, container.streams.video[0])
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise WorkError(f"{first}: cannot be read as an image: {error}") from error
    count = len(images)
    video = replace(video, fps=fps, frames=count, start=Fraction(0), steady=True, extradata=b"")
    return MediaInfo(
        path,
        count / fps,
        video,
        None,
        images=tuple(images),
        black_where_missing=black_where_missing,
    )


def why_no_sound(stream: AudioStream) -> str:
    """Why a sound stream cannot be decoded or resampled; empty if it can be."""
    if getattr(stream, "codec_context", None) is None:  # PyAV's types say that it is never
        return "its sound has a codec that is not known here"
    low, high = SOUND_RATES
    if not low <= stream.rate <= high:
        return f"its header states {stream.rate} Hz; {low} to {high} Hz are taken"
    if not 1 <= stream.channels <= MOST_CHANNELS:
        return f"its header states {stream.channels} channels; 1 to {MOST_CHANNELS} are taken"
    return ""


def length_of(
    container: InputContainer, stream: AudioStream, usual: Fraction = Fraction(0)
) -> Fraction:
    """Exact length of a sound in seconds.

    What its stream states, unless that is a guess and far from what there is; else what its
    packets or samples come to.

    Args:
        container: at its beginning; it is read where the stream states no length.
        stream: one of its streams.
        usual: the length where the stream states none; 0 to decode all of it.

    Raises:
        av.error.FFmpegError: as PyAV raises them.
    """
    stated = Fraction(0)
    if stream.duration and stream.time_base:
        stated = Fraction(stream.duration * stream.time_base)
    if stated <= 0:
        return usual or Fraction(
            sum(frame.samples for frame in container.decode(stream)), stream.rate
        )
    if _ESTIMATED.isdisjoint(container.format.name.split(",")):
        return stated
    ticks = sum(packet.duration or 0 for packet in container.demux(stream))
    there = Fraction(ticks * (stream.time_base or 0))
    return stated if abs(there - stated) <= _NEARLY_S else there


def has_alpha(pixel_format: str) -> bool:
    """Whether pictures of a format may let something through that is below them."""
    return pixel_format.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal"))


def _is_cover(stream: VideoStream) -> bool:
    """Whether a stream is the cover picture of a sound file."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def _video(path: Path, container: InputContainer, stream: VideoStream) -> VideoInfo:
    context = stream.codec_context
    if getattr(stream, "codec_context", None) is None:  # PyAV's types say that it is never
        raise WorkError(f"{path}: its picture has a codec that is not known here")
    if not 0 < context.width * context.height <= MOST_PIXELS:
        raise WorkError(f"{path}: its picture has {context.width}x{context.height} pixels")
    is_mp4 = "mp4" in container.format.name.split(",")
    fps = Fraction(stream.average_rate or stream.guessed_rate or 0)
    fps = fps if FRAME_RATES[0] <= fps <= FRAME_RATES[1] else Fraction(0)
    aspect = Fraction(stream.sample_aspect_ratio or 1)
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
        frames=_frames(path, container, stream, fps, is_mp4),
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
        steady=is_mp4 and bool(fps) and stream.base_rate == fps,
        sample_aspect=aspect if _ASPECTS[0] <= aspect <= _ASPECTS[1] else Fraction(1),
    )


def _frames(
    path: Path, container: InputContainer, stream: VideoStream, fps: Fraction, is_mp4: bool
) -> int:
    """How many frames a stream holds: as stated, if all of the file is there and it agrees."""
    stated = stream.frames
    if stated > 0 and is_mp4 and is_whole(path):
        length = (stream.duration or 0) * (stream.time_base or Fraction(0))
        if abs(stated - length * fps) <= max(2, stated // 100):
            return stated
    return _count(container, stream)


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
        with image_file(path) as image:
            width, height = image.size
            name = str(image.format).lower()
            pixel_format = "rgba" if image.has_transparency_data else ""
            if cast("int", image.getexif().get(_ORIENTATION, 1)) >= 5:
                width, height = height, width
    except ImageFileError as error:
        raise WorkError(f"{path}: cannot be read as an image: {error}") from error
    video = VideoInfo(name, "", width, height, Fraction(0), 1, pixel_format, b"", (2, 2, 2, 0))
    return MediaInfo(path, Fraction(0), video, None, still=True)
