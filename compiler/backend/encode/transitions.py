"""Every transition by name, as a filtergraph of two streams of equal length.

``_left``, ``_right``, ``_up`` and ``_down`` name the way the new picture travels: ``wipe_left``
uncovers it from the right edge towards the left.

==================  ===============================================================================
cut                 none: the new picture appears at once (offsets are ignored)
dissolve            crossfade
fade_black, _white  dip to colour: the old picture fades to it, then the new one from it
wipe_*              an edge crosses the frame; neither picture moves
slide_*             the new picture moves in over the old one, which stands still
push_*              the new picture moves in and pushes the old one out
circle_open         a circle with the new picture grows from the centre
circle_close        a circle with the old picture shrinks to the centre
pixelize            both dissolve into large blocks, and out of them
zoom_in             the old picture zooms in and dissolves into the new one
blur                both smear sideways, and dissolve
==================  ===============================================================================

Any other name is one of ffmpeg's ``xfade`` (https://ffmpeg.org/ffmpeg-filters.html#xfade).

Frame ``k`` of a transition of ``n`` frames shows progress ``(k + 1) / (n + 1)``: neither its first
nor its last frame repeats a frame outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import ffmpeg

from ...media.find_ffmpeg import ffmpeg_path, filter_values, setpts_keeps_rate
from .encoder_settings import BT709
from .ffmpeg_stream import ratio, source

XFADE_NAMES = {
    "dissolve": "fade",
    "wipe_left": "wipeleft",
    "wipe_right": "wiperight",
    "wipe_up": "wipeup",
    "wipe_down": "wipedown",
    "push_left": "slideleft",
    "push_right": "slideright",
    "push_up": "slideup",
    "push_down": "slidedown",
    "circle_open": "circleopen",
    "circle_close": "circleclose",
    "pixelize": "pixelize",
    "zoom_in": "fade",
    "blur": "hblur",
}
"""Our names of ``xfade``'s transitions; its own ``dissolve`` is a noisy one."""

SLIDES = {
    "slide_left": ("W*(1-{p})", "0"),
    "slide_right": ("-W*(1-{p})", "0"),
    "slide_up": ("0", "H*(1-{p})"),
    "slide_down": ("0", "-H*(1-{p})"),
}
"""Top left corner of the new picture at progress ``p``, for ffmpeg's ``overlay``."""

DIPS = {"fade_black": "black", "fade_white": "white"}
"""Dips to a colour. ``xfade``'s own leave the legal range, and leave black after a fifth."""

ZOOM = 2.5
"""Zoom factor of the old picture at the end of ``zoom_in``."""

MAX_XFADE_S = 59
"""Longest ``xfade``, in seconds."""
_FINE = "1/705600000"
"""A time base in which half a frame of every common rate is a whole number."""


@dataclass(frozen=True, slots=True)
class TransitionStyle:
    """How pictures are mixed.

    Attributes:
        expressions: custom transitions by name, in the language of ``xfade``'s ``expr``
            (https://ffmpeg.org/ffmpeg-filters.html#xfade): ``A`` and ``B`` are the values of the
            old and the new picture, ``X Y W H`` position and size, ``P`` goes from 1 to 0.
        linear_light: whether linear light is mixed instead of gamma-encoded values.
    """

    expressions: Mapping[str, str] = field(default_factory=dict)
    linear_light: bool = False


def transition_names(program: str) -> frozenset[str]:
    """Return every name that `blend` takes with a given ffmpeg."""
    own = {*XFADE_NAMES, *SLIDES, *DIPS, "cut"}
    return (filter_values(program, "xfade", "transition") - {"custom"}) | own


@dataclass(frozen=True, slots=True)
class TransitionPart:
    """A part of a transition.

    Attributes:
        whole: frames of the whole transition.
        done: frames of it before this part.
        rate: frames of it that pass in one frame of the part; more than 0.
        frames: of the part.
        size: width and height in pixels.
        fps: frames a second.
    """

    whole: int
    done: Fraction
    rate: Fraction
    frames: int
    size: tuple[int, int]
    fps: Fraction

    @property
    def length(self) -> Fraction:
        """Frames of the part in which progress goes from 0 to 1."""
        return (self.whole + 1) / self.rate

    @property
    def begun(self) -> Fraction:
        """Frames of the part since progress was 0."""
        return (self.done + 1) / self.rate


def blend(
    outgoing: Any,
    incoming: Any,
    name: str,
    part: TransitionPart,
    *,
    style: TransitionStyle,
) -> Any:
    """Return the stream that turns one picture into the other.

    Args:
        outgoing, incoming: ffmpeg-python streams of exactly ``part.frames`` frames, of one size.
        name: one of `transition_names`, or of the expressions of ``style``.
        part: the part to make.
        style: how pictures are mixed.
    """
    fps = part.fps
    if name in SLIDES:
        # By time, since its frame count starts at 1.
        begun, length = part.begun, part.length
        now = f"((t*{ratio(fps)}+{ratio(begun)})/({ratio(length)}))"
        x, y = (place.format(p=now) for place in SLIDES[name])
        return ffmpeg.filter(
            [outgoing, incoming], "overlay", x=x, y=y, eval="frame", shortest=1, format="yuv420"
        )
    if name in DIPS:
        return _dip(outgoing, incoming, DIPS[name], part, style)
    if name == "zoom_in":
        outgoing = _zoomed(outgoing, part)
    how = {"transition": XFADE_NAMES.get(name, name)}
    if name in style.expressions:
        how = {"transition": "custom", "expr": style.expressions[name]}
    mixed = _xfade(outgoing, incoming, how, part.length, part.begun, fps, style)
    # Others may fill with black and white beyond the limited range.
    return mixed if name in XFADE_NAMES else mixed.filter("limiter", min=16, max=235, planes=1)


def _zoomed(stream: Any, part: TransitionPart) -> Any:
    """Zoom in, ever faster. ``xfade``'s own zooms to a single pixel."""
    width, height = part.size
    now = f"(on+{ratio(part.begun)})/({ratio(part.length)})"
    return stream.filter(
        "zoompan",
        z=f"1+{ZOOM - 1}*pow({now},2)",
        x="iw/2-iw/zoom/2",
        y="ih/2-ih/zoom/2",
        d=1,
        s=f"{width}x{height}",
        fps=ratio(part.fps),
    )


def _xfade(
    outgoing: Any,
    incoming: Any,
    how: Mapping[str, str],
    length: Fraction,
    begun: Fraction,
    fps: Fraction,
    style: TransitionStyle,
) -> Any:
    """Return a transition of ``length`` frames that began ``begun`` frames before the streams."""
    # A transition that is too long for xfade is made in compressed time.
    speedup = -(-length // (MAX_XFADE_S * fps))
    sides = [_ready(side, speedup, fps, style.linear_light) for side in (outgoing, incoming)]
    mixed = ffmpeg.filter(
        sides,
        "xfade",
        **how,
        duration=f"{float(length / fps / speedup):.6f}",
        offset=f"{float(-begun / fps / speedup):.6f}",
    )
    if speedup > 1:
        mixed = mixed.filter("setpts", f"PTS*{speedup}")
    return _from_linear(mixed) if style.linear_light else mixed


def _ready(stream: Any, speedup: int, fps: Fraction, linear: bool) -> Any:
    fine = stream.filter("settb", _FINE)
    if speedup > 1:
        fine = fine.filter("setpts", f"PTS/{speedup}")
    if not setpts_keeps_rate(ffmpeg_path()):
        # xfade rejects a stream without a frame rate. The frames stay the same.
        fine = fine.filter("fps", fps=ratio(fps * speedup)).filter("settb", _FINE)
    if not linear:
        return fine
    # 16 bits of linear light keep the precision of 8 gamma-encoded bits, also in the dark.
    tagged = fine.filter("setparams", **BT709)
    lit = tagged.filter("zscale", transfer="linear", matrix="gbr", range="pc")
    return lit.filter("format", "gbrp16le")


def _from_linear(stream: Any) -> Any:
    out = {"matrix": "709", "transfer": "709", "primaries": "709", "range": "tv"}
    return stream.filter("zscale", transferin="linear", **out).filter("format", "yuv420p")


def _dip(
    outgoing: Any, incoming: Any, colour: str, part: TransitionPart, style: TransitionStyle
) -> Any:
    """Return two dissolves, to a colour and from it, that meet in the middle."""
    half, frames, fps = part.length / 2, part.frames, part.fps
    first = max(0, min(frames, math.ceil(half - part.begun)))
    rest = frames - first
    fade = {"transition": "fade"}
    parts = []
    if first:
        old = outgoing.filter("trim", end_frame=first) if rest else outgoing
        flat = plain(colour, first, part.size, fps)
        parts.append(_xfade(old, flat, fade, half, part.begun, fps, style))
    if rest:
        new = incoming
        if first:
            new = incoming.filter("trim", start_frame=first).filter("setpts", "PTS-STARTPTS")
        begun = part.begun + first - half
        flat = plain(colour, rest, part.size, fps)
        parts.append(_xfade(flat, new, fade, half, begun, fps, style))
    return concatenate(parts, fps)


def plain(colour: str, frames: int, size: tuple[int, int], fps: Fraction) -> Any:
    """Return a stream of one colour, of exactly ``frames`` frames."""
    flat = source(f"color=c={colour}:s={size[0]}x{size[1]}:r={ratio(fps)}", f="lavfi")
    return flat.filter("trim", end_frame=frames).filter("format", "yuv420p").filter("setsar", 1)


def concatenate(streams: Sequence[Any], fps: Fraction) -> Any:
    """Return streams one after another.

    Frames are renumbered: ``concat`` does not know the length of a stream of one frame, and would
    overlap it with the next.
    """
    if len(streams) == 1:
        return streams[0]
    row = ffmpeg.concat(*streams, v=1, a=0)
    return row.filter("settb", f"{fps.denominator}/{fps.numerator}").filter("setpts", "N")
