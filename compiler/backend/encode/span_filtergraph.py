"""Build the filtergraph of a segment with ffmpeg-python, and encode it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from ....renderers.files.demuxers import demuxer_options
from ....renderers.files.open_media import url
from ...media.ffmpeg import output_args, run
from ...media.ffmpeg_watchdog import patience
from ...media.media_info import MediaInfo, VideoInfo
from ..captions.burn import RangeCaptions
from ..output_spec import OutputSpec
from ..segments.plan import ALONE_S, Encode
from ..segments.scratch import stand_in
from ..spans.frame_content import (
    Bars,
    ColourContent,
    ImageContent,
    OverlayContent,
    Picture,
    SlateContent,
    TransitionContent,
    TransparentContent,
    VideoContent,
    reversed_content,
)
from .codecs import device_args, upload_filter
from .encoder_settings import BT709, TAGS, video_args
from .ffmpeg_stream import graph_args, ratio, source
from .graph_inputs import GraphInputs
from .scale_crop import Canvas, Filters, backdrop_filters, contain_size, fit_filters
from .transitions import TransitionPart, TransitionStyle, blend, concatenate, plain

_EMOJI = "emoji.mov"
_FINE = 705_600_000
"""Ticks a second that divide into whole ticks a frame at every common rate."""


def encode_segment(
    segment: Encode,
    path: Path,
    *,
    media: Mapping[Path, MediaInfo],
    spec: OutputSpec,
    canvas: Canvas,
    scratch: Path,
    captions: RangeCaptions | None = None,
    fonts: Path | None = None,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Encode a segment to a file of exactly its frames.

    Args:
        segment: the spans.
        path: of the file.
        media: headers of all files in them.
        spec: encoding and transition style.
        canvas: the frame of the reel.
        scratch: an empty folder for temporary files.
        captions: to burn in; their time 0 is the first frame.
        fonts: a folder with the fonts of the captions.
        on_frame: called with the number of encoded frames.
        stop: stops the work when set.

    Raises:
        InputError: a still cannot be read.
        FfmpegError: ffmpeg failed.
    """
    pictures = _GraphBuilder(GraphInputs(scratch, media, canvas), canvas, spec.transitions)
    streams = [pictures.stream(span.picture, span.frames) for span in segment.spans]
    stream = concatenate(streams, canvas.fps)
    if captions is not None and captions.text:
        stream = _captioned(stream, captions.text, fonts, scratch)
        if captions.emoji is not None:
            place = captions.emoji.write(scratch / _EMOJI, segment.frames, canvas.fps)
            stream = _with_emoji(stream, place)
    encoding, fps = spec.encoding, canvas.fps
    videos = [info.video for info in media.values() if info.video]
    upload = upload_filter(encoding.program)
    last = f"{TAGS},{upload}" if upload else TAGS
    run(
        [
            *device_args(encoding.program),
            *graph_args(stream, encoding.details.pixel_format, last),
            *("-map", "[out]", "-frames:v", str(segment.frames)),
            *("-r", ratio(fps), "-fps_mode", "cfr"),
            *video_args(encoding, fps, transitions=segment.transitions),
            *output_args(path.absolute(), "-f", encoding.details.suffix.removeprefix(".")),
        ],
        what=segment.task,
        on_frame=on_frame,
        stop=stop,
        cwd=scratch,
        stall_s=patience(
            frames=segment.frames,
            pixels=canvas.size[0] * canvas.size[1],
            source_pixels=max((video.width * video.height for video in videos), default=0),
        ),
    )


def _captioned(stream: Any, captions: str, fonts: Path | None, scratch: Path) -> Any:
    """Burn captions in. Files get plain names, since no user's name may reach a filter."""
    (scratch / "captions.ass").write_text(captions, encoding="utf-8", newline="\n")
    where = {}
    if fonts is not None:
        stand_in(fonts, scratch / "fonts")
        where = {"fontsdir": "fonts"}
    # ffmpeg 7 draws in the colours of the frames' tags, which are lost by here.
    tagged = stream.filter("setparams", **BT709)
    return tagged.filter("ass", filename="captions.ass", shaping="complex", **where)


def _with_emoji(stream: Any, place: tuple[int, int]) -> Any:
    """Draw emoji over a stream; the last picture stays to its end."""
    emoji = from_rgb(source(f"file:{_EMOJI}", f="mov"), opaque=False)
    x, y = place
    return ffmpeg.filter([stream, emoji], "overlay", x=x, y=y, format="yuv420")


class _GraphBuilder:
    """Turns span contents into streams of the reel's size and rate."""

    def __init__(self, inputs: GraphInputs, canvas: Canvas, transitions: TransitionStyle):
        self._inputs, self._transitions = inputs, transitions
        self._size, self._fps = canvas.size, canvas.fps

    def stream(self, picture: Picture, frames: int) -> Any:
        """Return a stream of exactly ``frames`` frames."""
        match picture:
            case TransparentContent() | ColourContent() | Bars():
                return self._generated(picture, frames)
            case ImageContent() | SlateContent():
                return self._still(picture, frames)
            case VideoContent():
                return self._video(picture, frames)
            case OverlayContent():
                sides = [self.stream(side, frames) for side in (picture.lower, picture.upper)]
                return ffmpeg.filter(sides, "overlay", format="yuv420", shortest=1)
            case TransitionContent():
                return self._blend(picture, frames)

    def _blend(self, content: TransitionContent, frames: int) -> Any:
        if content.rate < 0:
            turned = reversed_content(content, frames, self._fps)
            return self.stream(turned, frames).filter("reverse")
        if content.rate == 0:
            return self._held(self.stream(replace(content, rate=1), 1), frames)
        part = TransitionPart(
            whole=content.frames,
            done=Fraction(content.done),
            rate=Fraction(content.rate),
            frames=frames,
            size=self._size,
            fps=self._fps,
        )
        return blend(
            self.stream(content.outgoing, frames),
            self.stream(content.incoming, frames),
            content.name,
            part,
            style=self._transitions,
        )

    def _generated(self, picture: TransparentContent | ColourContent | Bars, frames: int) -> Any:
        if isinstance(picture, TransparentContent):
            return plain("black", frames, self._size, self._fps)
        shape = f"s={self._size[0]}x{self._size[1]}:r={ratio(self._fps)}"
        if isinstance(picture, Bars):
            name = {"smpte": "smptehdbars", "ebu": "pal75bars"}[picture.standard]
            return self._held(source(f"{name}={shape}", f="lavfi"), frames)
        red, green, blue, alpha = picture.rgba
        colour = f"0x{red:02x}{green:02x}{blue:02x}@{alpha / 255:.4f}"
        flat = source(f"color=c={colour}:{shape},format=rgba", f="lavfi")
        return self._held(from_rgb(flat, alpha == 255), frames)

    def _still(self, still: ImageContent | SlateContent, frames: int) -> Any:
        name = self._inputs.image(still)
        image = source(f"file:{name}", f="pam_pipe", framerate=ratio(self._fps))
        return self._held(from_rgb(image, isinstance(still, SlateContent) or still.opaque), frames)

    def _held(self, stream: Any, frames: int) -> Any:
        """Hold the first frame of a stream."""
        return (
            stream.filter("trim", end_frame=1)
            .filter("loop", loop=frames - 1, size=1)
            .filter("settb", f"{self._fps.denominator}/{self._fps.numerator}")
            .filter("setpts", "N")
            .filter("setsar", 1)
        )

    def _video(self, video: VideoContent, frames: int) -> Any:
        if video.speed < 0:
            turned = reversed_content(video, frames, self._fps)
            return self.stream(turned, frames).filter("reverse")
        known = self._inputs.media[video.path]
        info = known.video
        assert info is not None
        one = 1 / info.fps
        start = video.start
        if not video.speed and info.is_constant:
            start = math.ceil(video.start / one - Fraction(1, 2)) * one
        place = min(max(start / one, Fraction(0)), Fraction(info.frames - 1))
        first = math.ceil(place - Fraction(1, 2))
        if known.images:
            zero = first * one
            count = math.ceil((frames - 1) * video.speed / self._fps / one) + 3
            decoded = source(
                f"file:{self._inputs.sequence(video, first, count)}",
                f="image2",
                framerate=ratio(info.fps),
                start_number=str(first),
            )
        else:
            # Seek exactly if time stamps are exact, so that decoding starts at the frame if it is
            # an IDR frame; else two frames early, so that rounding never skips it: whole frames,
            # since ffmpeg rounds the place to ticks of the stream, which are frames in MXF.
            early = info.lead or (0 if info.steady else one * 2)
            # A seek to the start of an FLV finds nothing.
            before = first * one - early
            seek = _microseconds(info.start + before) if before > 0 else Fraction(0)
            zero = seek or info.zero
            # Threads take longer to start and fill than a short segment takes to decode.
            threads = {"threads": "1"} if frames < ALONE_S * self._fps else {}
            # At a variable rate the frame before the place may be on screen there. An exact seek
            # drops it; without one a length counts from the key frame before.
            limits: dict[str, str | None] = {"noaccurate_seek": None}
            if info.steady:
                length = first * one + info.start - zero
                length += (frames - 1) * video.speed / self._fps + 2 * one
                limits = {"t": f"{float(length):.6f}"}
            limits |= {"c:v": info.decoder} if info.decoder else {}
            if seek:
                limits["ss"] = f"{float(seek):.6f}"
            decoded = source(url(video.path), **limits, **threads, **demuxer_options(video.path))
        # From here on 0 is the first frame of the span. A source frame is shown from half a frame
        # before its time to half a frame after it: the nearest one wins. The 32nd part less makes
        # the earlier one win a tie. At a variable rate, half of an average frame may be several of
        # the reel's frames.
        shown = one if info.is_constant else min(one, 1 / self._fps)
        lead = shown / 2 * Fraction(31, 32)
        into = start + info.start - zero + lead
        speed = video.speed or 1
        shifted = decoded.filter("settb", f"1/{_FINE}").filter(
            "setpts", f"(PTS-{round(into * _FINE)})*{speed.denominator}/{speed.numerator}"
        )
        timed = shifted.filter("fps", fps=ratio(self._fps), round="up", start_time=0)
        fitted = self._fitted(timed, video, info)
        if not video.speed:
            return self._held(fitted, frames)
        return (
            fitted.filter("tpad", stop_mode="clone", stop=frames)
            .filter("trim", end_frame=frames)
            .filter("setsar", 1)
        )

    def _fitted(self, stream: Any, video: VideoContent, info: VideoInfo) -> Any:
        """Fit the frames of a video into the frame of the reel."""
        size = self._size
        if video.fit == "cover" or contain_size(info.display_size, size) == size:
            focus = video.focus or self._inputs.canvas.focus_of(video.path)
            return _filtered(stream, fit_filters(info, size, focus))
        letterbox = fit_filters(info, size, crops=False)
        if video.fit == "contain":
            where = {"x": "(ow-iw)/2", "y": "(oh-ih)/2"}
            return _filtered(stream, letterbox).filter("pad", w=size[0], h=size[1], **where)
        both = stream.filter_multi_output("split")
        sides = [
            _filtered(both[0], backdrop_filters(info, size)),
            _filtered(both[1], letterbox),
        ]
        return ffmpeg.filter(sides, "overlay", x="(W-w)/2", y="(H-h)/2", format="yuv420")


def from_rgb(stream: Any, opaque: bool) -> Any:
    """Return a stream of RGB as planar YUV in BT.709, with its transparency if it has any."""
    return stream.filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags="bicubic+accurate_rnd"
    ).filter("format", "yuv420p" if opaque else "yuva420p")


def _filtered(stream: Any, filters: Filters) -> Any:
    for name, options in filters:
        stream = stream.filter(name, **options)
    return stream


def _microseconds(seconds: Fraction) -> Fraction:
    """Round down to the microseconds of ffmpeg's command line."""
    return Fraction(math.floor(seconds * 1_000_000), 1_000_000)
