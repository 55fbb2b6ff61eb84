"""Spans as a filtergraph: the module that speaks ffmpeg-python, and encodes what it says."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from .captions.burn import Burned
from .encode import TAGS, Encoding, video_args
from .ffmpeg import output_args, run, url
from .fit import Fit, fit_of
from .pieces import Encode
from .probe import MediaInfo
from .segments import Blend, Clear, Picture, Still, Video
from .sources import NUMBER, source
from .transitions import blend, plain

_FINE = 705_600_000
"""Ticks a second, whole numbers of which make the frames of every usual rate."""


def encode_piece(
    piece: Encode,
    path: Path,
    *,
    media: Mapping[Path, MediaInfo],
    size: tuple[int, int],
    fps: Fraction,
    encoding: Encoding,
    captions: Burned | None = None,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Encode a piece to an MP4 of exactly its frames.

    Args:
        piece: what to show.
        path: of the MP4.
        media: what is known of every file in it; for a still, of its picture as PPM, of the reel's
            size.
        size: width and height of the reel, in pixels.
        fps: of the reel.
        encoding: of the reel.
        captions: drawn over all of it, transitions too.
        on_frame: called with the number of frames that are ready.
        stop: ends the work when it is set.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    pictures = _Pictures(media, size, fps)
    shown = [pictures.stream(span.picture, span.frames) for span in piece.spans]
    stream = shown[0] if len(shown) == 1 else ffmpeg.concat(*shown, v=1, a=0)
    first, last = piece.spans[0].start, piece.spans[-1].end
    text = captions.between(first / fps, last / fps) if captions else ""
    if captions is not None and text:
        script = path.with_suffix(".ass")
        script.write_text(text, encoding="utf-8")
        stream = _captioned(stream, script, captions.fonts, first, fps)
    run(
        [
            *compiled(stream),
            *("-map", "[out]", "-frames:v", str(piece.frames)),
            *("-r", _rate(fps), "-fps_mode", "cfr"),
            *video_args(encoding, fps),
            *output_args(path, "-f", "mp4"),
        ],
        what=f"encoding frames {first} to {last}",
        on_frame=on_frame,
        stop=stop,
    )


def _captioned(stream: Any, script: Path, fonts: Path, start: int, fps: Fraction) -> Any:
    """A stream with captions over it, which are timed from the start of the reel."""
    return (
        stream.filter("settb", f"{fps.denominator}/{fps.numerator}")
        .filter("setpts", f"N+{start}")
        .filter("ass", filename=str(script), fontsdir=str(fonts), shaping="complex")
        .filter("setpts", "N")
    )


def compiled(stream: Any) -> list[str]:
    """Inputs and ``-filter_complex`` of a stream, its output labelled ``out``."""
    tagged = stream.filter("format", "yuv420p").filter("setsar", 1)
    args = [str(arg) for arg in ffmpeg.output(tagged, "unused").get_args()]
    while f"-{NUMBER}" in args:
        at = args.index(f"-{NUMBER}")
        del args[at : at + 2]
    graph = args.index("-filter_complex") + 1
    label = args[args.index("-map") + 1]
    return [*args[:graph], f"{args[graph].removesuffix(label)}[plain];[plain]{TAGS}[out]"]


class _Pictures:
    """Pictures as streams of the reel's size and rate."""

    def __init__(self, media: Mapping[Path, MediaInfo], size: tuple[int, int], fps: Fraction):
        self._media, self._size, self._fps = media, size, fps

    def stream(self, picture: Picture, frames: int) -> Any:
        """A picture as a stream of exactly some frames."""
        match picture:
            case Clear():
                return plain("black", frames, self._size, self._fps)
            case Still():
                return self._still(picture, frames)
            case Video():
                return self._video(picture, frames)
            case Blend():
                return blend(
                    self.stream(picture.outgoing, frames),
                    self.stream(picture.incoming, frames),
                    picture.name,
                    whole=picture.frames,
                    done=picture.done,
                    frames=frames,
                    size=self._size,
                    fps=self._fps,
                )

    def _still(self, still: Still, frames: int) -> Any:
        path = self._media[still.path].path
        image = source(url(path), f="ppm_pipe", framerate=_rate(self._fps))
        fitted = image.filter("scale", out_color_matrix="bt709", out_range="tv").filter(
            "format", "yuv420p"
        )
        return self._held(fitted, frames)

    def _held(self, stream: Any, frames: int) -> Any:
        """The first frame of a stream, as often as it is wanted."""
        return (
            stream.filter("trim", end_frame=1)
            .filter("loop", loop=frames - 1, size=1)
            .filter("settb", f"{self._fps.denominator}/{self._fps.numerator}")
            .filter("setpts", "N")
            .filter("setsar", 1)
        )

    def _video(self, video: Video, frames: int) -> Any:
        info = self._media[video.path].video
        assert info is not None
        one = 1 / info.fps
        wanted = video.start
        if not video.speed:
            wanted = math.ceil(video.start / one - Fraction(1, 2)) * one
        # Where times are exact, straight to the frame, so that decoding starts there if it is an
        # IDR frame; else a frame and a half early, so that no rounding loses it.
        first = math.ceil(min(wanted / one, Fraction(info.frames - 1)) - Fraction(1, 2)) * one
        early = 0 if info.steady else one * 3 / 2
        seek = _microseconds(max(Fraction(0), first + info.start - early))
        length = first + info.start - seek + (frames - 1) * video.speed / self._fps + 2 * one
        decoded = source(url(video.path), ss=f"{float(seek):.6f}", t=f"{float(length):.6f}")
        # From here on 0 is the first frame of the reel that is wanted. A frame is seen from half a
        # frame before its time to half a frame after it, so the nearest one is; the 32nd part
        # less makes it the earlier one of two that are as near.
        lead = one / 2 * Fraction(31, 32)
        into = wanted + info.start - seek + lead
        speed = video.speed or 1
        shifted = decoded.filter("settb", f"1/{_FINE}").filter(
            "setpts", f"(PTS-{round(into * _FINE)})*{speed.denominator}/{speed.numerator}"
        )
        fitted = _fitted(
            shifted.filter("fps", fps=_rate(self._fps), round="up", start_time=0),
            fit_of(info, self._size),
        )
        if not video.speed:
            return self._held(fitted, frames)
        return (
            fitted.filter("tpad", stop_mode="clone", stop=frames)
            .filter("trim", end_frame=frames)
            .filter("setsar", 1)
        )


def _fitted(stream: Any, fit: Fit) -> Any:
    for name, options in fit.filters:
        stream = stream.filter(name, **options)
    return stream


def _microseconds(seconds: Fraction) -> Fraction:
    """Rounded down to what ffmpeg takes on its command line."""
    return Fraction(math.floor(seconds * 1_000_000), 1_000_000)


def _rate(fps: Fraction) -> str:
    return f"{fps.numerator}/{fps.denominator}"
