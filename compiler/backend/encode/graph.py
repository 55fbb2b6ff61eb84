"""Spans as a filtergraph: the module that speaks ffmpeg-python, and encodes what it says."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from ....renderers.files.demuxers import demuxer_options
from ....renderers.files.open_media import url
from ...media.ffmpeg import output_args, run
from ...media.ffmpeg_watchdog import patience
from ...media.probe import MediaInfo
from ..segments.plan import ALONE_S, Encode
from ..segments.scratch import stand_in
from ..spans.content import (
    Bars,
    ColourContent,
    ImageContent,
    OverlayContent,
    Picture,
    SlateContent,
    TransitionContent,
    TransparentContent,
    VideoContent,
    mirrored,
)
from .arguments import compiled
from .codecs import device_args, upload_filter
from .encoder import TAGS, Encoding, video_args
from .graph_inputs import Materials
from .inputs import source
from .scale_crop import Fit, fit_of
from .transitions import BT709, TransitionPart, TransitionStyle, blend, in_a_row, plain

_FINE = 705_600_000
"""Ticks a second, whole numbers of which make the frames of every usual rate."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What all pieces of a reel share.

    Attributes:
        size: width and height of the reel, in pixels.
        fps: of the reel.
        encoding: of what is encoded.
        style: how transitions mix pictures.
        focus: the point of a file's picture that stays in sight where it is cut off, as shares of
            its width and height; its centre where none is named.
    """

    size: tuple[int, int]
    fps: Fraction
    encoding: Encoding = field(default_factory=Encoding)
    style: TransitionStyle = field(default_factory=TransitionStyle)
    focus: Mapping[Path, tuple[float, float]] = field(default_factory=dict)


def encode_piece(
    piece: Encode,
    path: Path,
    *,
    media: Mapping[Path, MediaInfo],
    look: Appearance,
    scratch: Path,
    captions: str = "",
    fonts: Path | None = None,
    on_frame: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Encode a piece to a file of exactly its frames.

    Args:
        piece: what to show.
        path: of the file.
        media: what is known of every file in it.
        look: what it shares with the rest of the reel.
        scratch: an empty folder, for what is made on the way.
        captions: an ASS file, drawn over all of it; its time 0 is the first frame.
        fonts: a folder with the fonts that they use.
        on_frame: called with the number of frames that are ready.
        stop: ends the work when it is set.

    Raises:
        InputError: a still cannot be read.
        FfmpegError: ffmpeg failed.
    """
    pictures = _Pictures(Materials(scratch, media, look.size, look.focus), look)
    shown = [pictures.stream(span.picture, span.frames) for span in piece.spans]
    stream = in_a_row(shown, look.fps)
    if captions:
        stream = _captioned(stream, captions, fonts, scratch)
    encoding, fps = look.encoding, look.fps
    upload = upload_filter(encoding.program)
    last = f"{TAGS},{upload}" if upload else TAGS
    run(
        [
            *device_args(encoding.program),
            *compiled(stream, encoding.kind.pixel_format, last),
            *("-map", "[out]", "-frames:v", str(piece.frames)),
            *("-r", _rate(fps), "-fps_mode", "cfr"),
            *video_args(encoding, fps),
            *output_args(path.absolute(), "-f", encoding.kind.suffix.removeprefix(".")),
        ],
        what=f"encoding frames {piece.spans[0].start} to {piece.spans[-1].end}",
        on_frame=on_frame,
        stop=stop,
        cwd=scratch,
        stall_s=patience(
            frames=piece.frames,
            pixels=look.size[0] * look.size[1],
            source_pixels=max(
                (info.video.width * info.video.height for info in media.values() if info.video),
                default=0,
            ),
        ),
    )


def _captioned(stream: Any, captions: str, fonts: Path | None, scratch: Path) -> Any:
    """A stream with captions over it. Both files go by plain names: no filter sees others."""
    (scratch / "captions.ass").write_text(captions, encoding="utf-8", newline="\n")
    where = {}
    if fonts is not None:
        stand_in(fonts, scratch / "fonts")
        where = {"fontsdir": "fonts"}
    # ffmpeg 7 draws in the colours that frames are tagged with, and forgets tags on the way here.
    tagged = stream.filter("setparams", **BT709)
    return tagged.filter("ass", filename="captions.ass", shaping="complex", **where)


class _Pictures:
    """Pictures as streams of the reel's size and rate."""

    def __init__(self, materials: Materials, look: Appearance):
        self._materials, self._look = materials, look
        self._size, self._fps = look.size, look.fps

    def stream(self, picture: Picture, frames: int) -> Any:
        """A picture as a stream of exactly some frames."""
        match picture:
            case TransparentContent() | ColourContent() | Bars():
                return self._drawn(picture, frames)
            case ImageContent() | SlateContent():
                return self._still(picture, frames)
            case VideoContent():
                return self._video(picture, frames)
            case OverlayContent():
                sides = [self.stream(side, frames) for side in (picture.lower, picture.upper)]
                return ffmpeg.filter(sides, "overlay", format="yuv420", shortest=1)
            case TransitionContent():
                return self._blend(picture, frames)

    def _blend(self, part: TransitionContent, frames: int) -> Any:
        if part.rate < 0:
            turned = mirrored(part, frames, self._fps)
            return self.stream(turned, frames).filter("reverse")
        if part.rate == 0:
            return self._held(self.stream(replace(part, rate=1), 1), frames)
        passage = TransitionPart(
            part.frames, Fraction(part.done), Fraction(part.rate), frames, self._size, self._fps
        )
        return blend(
            self.stream(part.outgoing, frames),
            self.stream(part.incoming, frames),
            part.name,
            passage,
            style=self._look.style,
        )

    def _drawn(self, picture: TransparentContent | ColourContent | Bars, frames: int) -> Any:
        if isinstance(picture, TransparentContent):
            return plain("black", frames, self._size, self._fps)
        shape = f"s={self._size[0]}x{self._size[1]}:r={_rate(self._fps)}"
        if isinstance(picture, Bars):
            name = {"smpte": "smptehdbars", "ebu": "pal75bars"}[picture.standard]
            return self._held(source(f"{name}={shape}", f="lavfi"), frames)
        red, green, blue, alpha = picture.rgba
        colour = f"0x{red:02x}{green:02x}{blue:02x}@{alpha / 255:.4f}"
        flat = source(f"color=c={colour}:{shape},format=rgba", f="lavfi")
        return self._held(self._from_rgb(flat, alpha == 255), frames)

    def _still(self, still: ImageContent | SlateContent, frames: int) -> Any:
        name = self._materials.image(still)
        image = source(f"file:{name}", f="pam_pipe", framerate=_rate(self._fps))
        return self._held(
            self._from_rgb(image, isinstance(still, SlateContent) or still.opaque), frames
        )

    @staticmethod
    def _from_rgb(stream: Any, opaque: bool) -> Any:
        return stream.filter(
            "scale", out_color_matrix="bt709", out_range="tv", flags="bicubic+accurate_rnd"
        ).filter("format", "yuv420p" if opaque else "yuva420p")

    def _held(self, stream: Any, frames: int) -> Any:
        """The first frame of a stream, as often as it is wanted."""
        return (
            stream.filter("trim", end_frame=1)
            .filter("loop", loop=frames - 1, size=1)
            .filter("settb", f"{self._fps.denominator}/{self._fps.numerator}")
            .filter("setpts", "N")
            .filter("setsar", 1)
        )

    def _video(self, video: VideoContent, frames: int) -> Any:
        if video.speed < 0:
            turned = mirrored(video, frames, self._fps)
            return self.stream(turned, frames).filter("reverse")
        known = self._materials.media[video.path]
        info = known.video
        assert info is not None
        one = 1 / info.fps
        wanted = video.start
        if not video.speed:
            wanted = math.ceil(video.start / one - Fraction(1, 2)) * one
        place = min(max(wanted / one, Fraction(0)), Fraction(info.frames - 1))
        first = math.ceil(place - Fraction(1, 2))
        if known.images:
            seek = first * one
            count = math.ceil((frames - 1) * video.speed / self._fps / one) + 3
            decoded = source(
                f"file:{self._materials.sequence(video, first, count)}",
                f="image2",
                framerate=_rate(info.fps),
                start_number=str(first),
            )
        else:
            # Where times are exact, straight to the frame, so that decoding starts there if it is
            # an IDR frame; else a frame and a half early, so that no rounding loses it.
            early = 0 if info.steady else one * 3 / 2
            seek = _microseconds(max(Fraction(0), first * one + info.start - early))
            length = first * one + info.start - seek
            length += (frames - 1) * video.speed / self._fps + 2 * one
            # More threads than one are started and filled for longer than a short piece takes.
            threads = {"threads": "1"} if frames < ALONE_S * self._fps else {}
            decoded = source(
                url(video.path),
                ss=f"{float(seek):.6f}",
                t=f"{float(length):.6f}",
                **threads,
                **demuxer_options(video.path),
            )
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
            fit_of(info, self._size, self._materials.focus_of(video.path)),
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
