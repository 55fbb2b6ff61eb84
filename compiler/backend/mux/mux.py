"""The last step: picture, sound, titles and chapters into the file that was asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ...errors import InputError, WorkError
from ...media.ffmpeg import input_args, output_args, run
from ...media.ffmpeg_watchdog import patience
from ...media.mp4 import disable_subtitles
from ...media.probe import probe
from ..encode.codecs import Codec, two_pass_args
from ..encode.encoder import Encoding, format_args, timescale
from .languages import iso_639_2

SMALLEST_BPS = 40_000
"""Bits a second below which no picture is worth watching."""
_OVERHEAD = Fraction(97, 100)
"""Share of a limited size that pictures and sound get; the rest is the file's own index."""
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Preview:
    """A moving picture without sound, for where no video can be shown.

    Attributes:
        kind: ``gif`` or ``webp``.
        height: in pixels, at the most.
        fps: frames a second, at the most.
    """

    kind: str
    height: int = 480
    fps: int = 12


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """Captions that become a track of the video.

    Attributes:
        path: a WebVTT file.
        language: of them and of the voice, as in ``en`` or ``pt-BR``.
        shown: whether players show them unasked.
    """

    path: Path
    language: str
    shown: bool


@dataclass(frozen=True, slots=True)
class MuxInputs:
    """What is put together.

    Attributes:
        picture, sound: files with one stream each.
        metadata: in ffmpeg's own format.
        timecode: of the first frame; empty for none.
        fps: of the picture.
        frames: that it has.
        text: captions; None for none.
    """

    picture: Path
    sound: Path
    metadata: Path
    timecode: str
    fps: Fraction
    frames: int
    text: CaptionTrack | None = None


def mux(parts: MuxInputs, output: Path, codec: Codec, name: str) -> None:
    """Write picture and sound as they are into one file, fit for streaming.

    Args:
        parts: what to put together.
        output: the file.
        codec: of the picture.
        name: of the file, for the message of a failure.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    timecode = ["-timecode", parts.timecode] if parts.timecode else []
    text, captions = parts.text, []
    if text is not None:
        language = f"language={iso_639_2(text.language)}"
        captions = ["-map", "3:s:0", "-c:s", "mov_text"]
        captions += ["-metadata:s:s:0", language, "-metadata:s:a:0", language]
    tag = ["-tag:v", codec.tag] if codec.tag else []
    run(
        [
            *input_args(parts.picture),
            *input_args(parts.sound),
            *input_args(parts.metadata, "-f", "ffmetadata"),
            *(input_args(text.path, "-f", "webvtt") if text is not None else []),
            *("-map", "0:v:0", "-map", "1:a:0", "-map_metadata", "2", "-map_chapters", "2"),
            *("-c", "copy", "-video_track_timescale", str(timescale(parts.fps)), *timecode, *tag),
            *captions,
            *("-movflags", "+faststart", "-fflags", "+bitexact"),
            *output_args(output, "-f", codec.suffix.removeprefix(".")),
        ],
        what=f"writing {name}",
        stall_s=patience(size_bytes=parts.picture.stat().st_size + parts.sound.stat().st_size),
    )
    if text is not None and not text.shown:
        disable_subtitles(output)


def refuse_too_small(most_bytes: int, sound_bytes: int, length: Fraction, name: str) -> None:
    """See that a reel's sound and the least of a picture fit into a size.

    Args:
        most_bytes: of the whole file.
        sound_bytes: of the encoded sound.
        length: of the reel, in seconds.
        name: of the file, for messages.

    Raises:
        InputError: they do not.
    """
    least = (sound_bytes + SMALLEST_BPS * length / 8) / _OVERHEAD
    if least > most_bytes:
        needed = math.ceil(least / 10_000) / 100
        raise InputError(f"{name}: {float(length):.1f} s do not fit into "
                         f"{most_bytes / 1e6:.2f} MB; they need {needed:.2f} MB")  # fmt: skip


def squeezed(
    parts: MuxInputs, encoding: Encoding, most_bytes: int, folder: Path, name: str
) -> Path:
    """The picture encoded again in two passes, so that the whole file stays under a size.

    Args:
        parts: what the file will hold.
        encoding: codec and preset.
        most_bytes: of the whole file.
        folder: for what is made.
        name: of the file, for messages.

    Returns:
        The new picture.

    Raises:
        InputError: the size is too small for so long a reel.
        FfmpegError: ffmpeg failed.
    """
    length = parts.frames / parts.fps
    refuse_too_small(most_bytes, parts.sound.stat().st_size, length, name)
    room = most_bytes * _OVERHEAD - parts.sound.stat().st_size
    patience_s = _patience(parts.picture)
    for _ in range(_TRIES):
        rate = int(room * 8 / length)
        if rate < SMALLEST_BPS:
            break
        path = folder / f"squeezed{encoding.kind.suffix}"
        for number in (1, 2):
            run(
                [
                    *input_args(parts.picture),
                    *two_pass_args(encoding.program, encoding.preset or encoding.kind.preset,
                                   rate, parts.fps),
                    *_pass_args(encoding.program, number, folder / "passes"),
                    *format_args(encoding, parts.fps),
                    *output_args(path.absolute(), "-f", encoding.kind.suffix.removeprefix(".")),
                ],
                what=f"fitting {name} into its size, pass {number}",
                cwd=folder,
                stall_s=patience_s,
            )  # fmt: skip
        whole = folder / f"whole{encoding.kind.suffix}"
        mux(replace(parts, picture=path), whole, encoding.kind, name)
        over = whole.stat().st_size - most_bytes
        if over <= 0:
            return path
        room -= over + most_bytes // 200
    raise WorkError(f"{name}: cannot be brought under {most_bytes / 1e6:.2f} MB")


def _patience(picture: Path) -> float:
    """The patience that reading all of a video takes before something is written."""
    video = probe(picture).video
    return patience(frames=video.frames, pixels=video.width * video.height) if video else patience()


def _pass_args(encoder: str, number: int, log: Path) -> list[str]:
    # Both encoders write their statistics into the current folder, so that no name has to pass
    # through their own option strings.
    if encoder == "libx265":
        return ["-x265-params", f"pass={number}:stats={log.name}.log"]
    return ["-pass", str(number), "-passlogfile", log.name]


def write_preview(picture: Path, preview: Preview, output: Path, folder: Path, name: str) -> None:
    """Write a GIF or a WebP of a picture.

    A GIF's colours are chosen in a pass of its own: in one pass all frames would wait in memory.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    shrunk = (
        f"fps=fps='min(source_fps,{preview.fps})',"
        f"scale=w=-2:h='min(ih,{preview.height})':flags=lanczos+accurate_rnd"
    )
    what, patience_s = f"writing {name}", _patience(picture)
    if preview.kind == "webp":
        run(
            [
                *input_args(picture),
                *("-vf", f"{shrunk},format=yuv420p", "-c:v", "libwebp_anim", "-quality", "70"),
                *("-compression_level", "4", "-loop", "0", "-an"),
                *output_args(output, "-f", "webp"),
            ],
            what=what,
            stall_s=patience_s,
        )
        return
    palette = folder / "palette.png"
    choose = f"{shrunk},palettegen=stats_mode=diff"
    run(
        [*input_args(picture), "-vf", choose, *output_args(palette, "-frames:v", "1")],
        what=what,
        stall_s=patience_s,
    )
    use = f"[0:v]{shrunk}[s];[s][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    run(
        [
            *input_args(picture),
            *input_args(palette),
            *("-filter_complex", use, "-loop", "0", "-an"),
            *output_args(output, "-f", "gif"),
        ],
        what=what,
        stall_s=patience_s,
    )
