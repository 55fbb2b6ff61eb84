"""Mux picture, sound, captions, chapters and timecode into one file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ...media.ffmpeg import input_args, output_args, run
from ...media.ffmpeg_watchdog import patience
from ...media.mp4 import disable_subtitles
from ..encode.codecs import Codec
from ..encode.encoder_settings import timescale
from .languages import iso_639_2


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """Captions as a track of the video.

    Attributes:
        path: a WebVTT file.
        language: of captions and voice, as in ``en`` or ``pt-BR``.
        enabled: whether players show them by default.
    """

    path: Path
    language: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class MuxInputs:
    """Everything that goes into the file.

    Attributes:
        picture, sound: files with one stream each.
        metadata: an FFMETADATA1 file.
        timecode: of the first frame; empty for none.
        fps: of the picture.
        frames: of the picture.
        captions: None for none.
        cover: a JPEG for a poster, which an MP4 alone can hold; None for none.
    """

    picture: Path
    sound: Path
    metadata: Path
    timecode: str
    fps: Fraction
    frames: int
    captions: CaptionTrack | None = None
    cover: Path | None = None


def mux(inputs: MuxInputs, output: Path, codec: Codec, name: str) -> None:
    """Copy all streams into one file, its index first for streaming (faststart).

    Args:
        inputs: the streams.
        output: the file to write.
        codec: of the picture.
        name: of the file, for error messages.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    timecode = ["-timecode", inputs.timecode] if inputs.timecode else []
    captions, captions_input, captions_args = inputs.captions, [], []
    if captions is not None:
        language = f"language={iso_639_2(captions.language)}"
        captions_input = input_args(captions.path, "-f", "webvtt")
        captions_args = ["-map", "3:s:0", "-c:s", "mov_text"]
        captions_args += ["-metadata:s:s:0", language, "-metadata:s:a:0", language]
    cover_input, cover_args = [], []
    if inputs.cover is not None and codec.suffix == ".mp4":
        # The muxer writes an attached picture as iTunes' "covr", not as a track.
        cover_input = input_args(inputs.cover, "-f", "jpeg_pipe")
        cover_args = ["-map", f"{3 + bool(captions)}:v:0", "-disposition:v:1", "attached_pic"]
        # Stated for the file, a timecode would become a track for the poster too.
        timecode = ["-metadata:s:v:0", f"timecode={inputs.timecode}"] if timecode else []
    tag = ["-tag:v:0", codec.tag] if codec.tag else []
    run(
        [
            *input_args(inputs.picture),
            *input_args(inputs.sound),
            *input_args(inputs.metadata, "-f", "ffmetadata"),
            *captions_input,
            *cover_input,
            *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_chapters", "2"),
            *("-c", "copy", "-video_track_timescale", str(timescale(inputs.fps)), *timecode, *tag),
            *captions_args,
            *cover_args,
            *("-movflags", "+faststart", "-fflags", "+bitexact"),
            *output_args(output, "-f", codec.suffix.removeprefix(".")),
        ],
        what=f"writing {name}",
        stall_s=patience(size_bytes=inputs.picture.stat().st_size + inputs.sound.stat().st_size),
    )
    if captions is not None and not captions.enabled:
        disable_subtitles(output)
