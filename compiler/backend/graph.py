"""A segment as a filtergraph: the one module that speaks ffmpeg-python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from .encode import Encoding, video_args
from .ffmpeg import PROTOCOLS, output_args, run
from .segments import Layer, Segment
from .transitions import blend

_HALF = Fraction(1, 2)


def encode_segment(
    segment: Segment,
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    encoding: Encoding,
) -> None:
    """Encode one segment to an MP4 of exactly its frames.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    streams = [_picture(layer, segment.frames, width, height, fps) for layer in segment.layers]
    shown = streams[0]
    if len(streams) == 2:
        shown = blend(streams[0], streams[1], segment.transition, segment.frames, fps)
    shown = shown.filter("format", "yuv420p")
    what = f"encoding frames {segment.start} to {segment.end}"
    run(
        [
            *_compile(shown),
            *("-map", "[out]", "-frames:v", str(segment.frames)),
            *video_args(encoding, fps, ()),
            *output_args(path, "-f", "mp4"),
        ],
        what=what,
    )


def _compile(shown: Any) -> list[str]:
    """Inputs and ``-filter_complex`` of a stream, its output labelled ``out``."""
    args: Sequence[str] = ffmpeg.output(shown, "unused").get_args()
    graph = args.index("-filter_complex") + 1
    label = args[args.index("-map") + 1]
    inputs = list(args[:graph])
    return [*inputs, str(args[graph]).removesuffix(label) + "[out]"]


def _picture(layer: Layer, frames: int, width: int, height: int, fps: Fraction) -> Any:
    """A layer as a stream of exactly ``frames`` frames of the reel's size and rate."""
    rate = f"{fps.numerator}/{fps.denominator}"
    if layer.kind == "black" or layer.path is None:
        source = ffmpeg.input(
            f"color=c=black:s={width}x{height}:r={rate}", f="lavfi", t=_clock((frames + 1) / fps)
        )
        return source.filter("trim", end_frame=frames).filter("setsar", 1)
    url = f"file:{layer.path}"
    if layer.kind == "still":
        source = ffmpeg.input(
            url,
            protocol_whitelist=PROTOCOLS,
            f="image2",
            pattern_type="none",
            loop=1,
            framerate=rate,
            t=_clock((frames + 1) / fps),
        )
    else:
        # The input frame that is seen at the start; seeking half a frame early surely keeps it.
        first = math.floor(layer.start * layer.rate)
        seek = max(Fraction(0), (first - _HALF) / layer.rate)
        source = ffmpeg.input(
            url,
            protocol_whitelist=PROTOCOLS,
            ss=_clock(seek),
            t=_clock(frames / fps + 2 / layer.rate),
        )
    stream = source.video
    if layer.kind == "video":
        # An input frame is seen from its time on. A little early, so that a time stamp that was
        # rounded up does not come one reel frame late.
        into = layer.start - first / layer.rate + 1 / (20 * fps)
        stream = stream.filter("setpts", f"PTS-STARTPTS-{_clock(into)}/TB")
        stream = stream.filter("fps", fps=rate, round="up", start_time=0)
    return (
        stream.filter(
            "scale",
            width,
            height,
            force_original_aspect_ratio="increase",
            flags="lanczos+accurate_rnd",
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("crop", width, height)
        .filter("setsar", 1)
        .filter("tpad", stop_mode="clone", stop=frames)
        .filter("trim", end_frame=frames)
        .filter("setpts", "N/FRAME_RATE/TB")
        .filter("format", "yuv420p")
    )


def _clock(seconds: Fraction) -> str:
    """Seconds for ffmpeg, to the microsecond."""
    return f"{float(seconds):.6f}"
