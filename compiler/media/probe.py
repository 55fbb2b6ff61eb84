"""Probe media files with PyAV, since there may be no ffprobe beside ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ...renderers.error_text import system_reason
from ...renderers.image.open_image import ImageFileError, image_file
from ..errors import WorkError
from .containers import open_media, sound_length, why_no_sound
from .frame_timing import frame_timing, open_gop_lead
from .media_info import AudioInfo, MediaInfo, VideoInfo
from .mp4 import rotation_of

STILL_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".avif", ".heic", ".heif"}
)
MAX_PIXELS = 150_000_000
"""Of a frame."""
_UNINDEXED = frozenset({"mpegts", "mpeg"})
_LEAD = Fraction(12)
"""Longest usual distance between key frames, in seconds."""
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Codecs that carry alpha beside the picture, which FFmpeg's own decoders drop."""
_ASPECTS = (Fraction(1, 100), Fraction(100))
_NO_FRAMES = "holds no frames"
_ORIENTATION = 0x0112
"""EXIF tag; values from 5 on swap width and height."""


def is_still(path: Path) -> bool:
    """Whether a file is a still, by its suffix."""
    return path.suffix.lower() in STILL_SUFFIXES


def probe(path: Path) -> MediaInfo:
    """Read the headers of a file.

    Raises:
        WorkError: the file cannot be read, or has neither picture nor audio.
    """
    if is_still(path):
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
                    length = sound_length(container, sound, length)
                    samples = round(length * sound.rate)
                    audio = AudioInfo(sound.codec_context.name, sound.rate, sound.channels, samples)
                    duration = length
            if pictures:
                stream = pictures[0]
                video = _video(path, container, stream)
                refused = refused or ("" if video else _NO_FRAMES)
                if stream.duration and stream.duration > 0 and stream.time_base:
                    duration = stream.duration * stream.time_base
                if video and not video.is_constant and video.fps:
                    duration = max(duration, video.frames / video.fps)
    except MemoryError as error:
        raise WorkError(f"{path}: there is too little memory to read it") from error
    except av.error.EOFError as error:
        raise WorkError(f"{path}: {_NO_FRAMES}") from error
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError) as error:
        raise WorkError(f"{path}: cannot be read as media: {system_reason(error)}") from error
    if video is None and audio is None:
        raise WorkError(f"{path}: {refused or 'holds neither picture nor sound'}")
    return MediaInfo(path, duration, video, audio)


def probe_if_readable(path: Path) -> MediaInfo | None:
    """Read the headers of a file, as `probe`; None if it is missing or unreadable."""
    try:
        return probe(path) if path.is_file() else None
    except WorkError:
        return None


def probe_sequence(
    path: Path, images: Sequence[Path | None], fps: Fraction, *, black_where_missing: bool
) -> MediaInfo:
    """Return the properties of an image sequence, from its first image.

    Args:
        path: the name of the sequence.
        images: one for each frame; None if missing.
        fps: images a second.
        black_where_missing: whether missing images are black, and not the one before.

    Raises:
        WorkError: there is no image, or the first one cannot be read.
    """
    first = next((image for image in images if image is not None), None)
    if first is None:
        raise WorkError(f"{path}: no such images")
    try:
        with open_media(first) as container:
            video = _video(first, container, container.streams.video[0])
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise WorkError(f"{first}: cannot be read as an image: {system_reason(error)}") from error
    if video is None:
        raise WorkError(f"{first}: {_NO_FRAMES}")
    count = len(images)
    video = replace(video, fps=fps, frames=count, start=Fraction(0), extradata=b"")
    video = replace(video, steady=True, is_constant=True)
    return MediaInfo(
        path,
        count / fps,
        video,
        None,
        images=tuple(images),
        black_where_missing=black_where_missing,
    )


def _is_cover(stream: VideoStream) -> bool:
    """Whether a stream is the cover art of an audio file."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def _video(path: Path, container: InputContainer, stream: VideoStream) -> VideoInfo | None:
    """Return the properties of a picture stream; None if it holds no frames."""
    context = stream.codec_context
    if getattr(stream, "codec_context", None) is None:  # PyAV's types rule this out
        raise WorkError(f"{path}: its video codec is not supported")
    is_mp4 = "mp4" in container.format.name.split(",")
    timing = frame_timing(path, container, stream, is_mp4=is_mp4)
    if not timing.frames:
        return None
    if not 0 < context.width * context.height <= MAX_PIXELS:
        raise WorkError(f"{path}: its picture has {context.width}x{context.height} pixels")
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    began = Fraction(container.start_time or 0, av.time_base)
    is_unindexed = container.format.name in _UNINDEXED
    stated = (stream.start_time or 0) * (stream.time_base or Fraction(0))
    lead = _LEAD if is_unindexed else Fraction(0)
    if is_mp4 and context.has_b_frames:
        lead = open_gop_lead(container, stream)
    tags = {name.lower(): value for name, value in stream.metadata.items()}
    decoder = _ALPHA_DECODERS.get(context.name, "") if tags.get("alpha_mode") == "1" else ""
    return VideoInfo(
        codec=context.name,
        profile=str(context.profile or ""),
        width=context.width,
        height=context.height,
        fps=timing.fps,
        frames=timing.frames,
        pixel_format="yuva420p" if decoder else str(context.pix_fmt),
        extradata=bytes(context.extradata or b""),
        colors=(
            int(context.color_primaries),
            int(context.color_trc),
            int(context.colorspace),
            int(context.color_range),
        ),
        start=Fraction(0) if timing.first_s is None else max(Fraction(0), timing.first_s - began),
        rotation=rotation_of(path) if is_mp4 else _decoded_rotation(container, stream),
        steady=is_mp4 and timing.is_even,
        lead=lead,
        zero=max(Fraction(0), stated - began) if is_unindexed else Fraction(0),
        is_constant=timing.is_constant,
        decoder=decoder,
        sample_aspect=aspect if _ASPECTS[0] <= aspect <= _ASPECTS[1] else Fraction(1),
    )


def _decoded_rotation(container: InputContainer, stream: VideoStream) -> int:
    container.seek(0)
    stream.codec_context.thread_type = "NONE"  # threads would delay the first frame
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
