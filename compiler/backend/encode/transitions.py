"""Every transition by name, as a filtergraph of two streams of equal length.

``_left``, ``_right``, ``_up`` and ``_down`` name the way the new picture travels, so
``wipe_left`` uncovers it from the right edge towards the left.

==================  ===============================================================================
cut                 none: the new picture is there at once (offsets are ignored)
dissolve            the one fades into the other
fade_black, _white  the old picture fades to the colour, then the new one out of it
wipe_*              an edge crosses the frame, and neither picture moves
slide_*             the new picture comes in over the old one, which stands still
push_*              the new picture comes in and pushes the old one out: both move
circle_open         a circle grows from the middle, the new picture in it
circle_close        a circle shrinks to the middle, the old picture in it
pixelize            both dissolve into large blocks, and out of them
zoom_in             the old picture comes closer, and dissolves into the new one
blur                both smear sideways, and dissolve
==================  ===============================================================================

Any other name is one of ffmpeg's ``xfade`` (https://ffmpeg.org/ffmpeg-filters.html#xfade).

Of a transition of ``n`` frames, frame ``k`` shows it at ``(k + 1) / (n + 1)``: its first frame has
begun already and its last one has not quite arrived, so neither repeats its neighbour outside.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import ffmpeg

from ...media.ffmpeg import run
from ...media.ffmpeg_log import FfmpegError, StoppedError
from ...media.find_ffmpeg import ffmpeg_path, filter_values, setpts_keeps_rate
from .arguments import compiled
from .inputs import source

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
"""Our names for what ffmpeg's ``xfade`` does under another; its ``dissolve`` is a noisy one."""

SLIDES = {
    "slide_left": ("W*(1-{p})", "0"),
    "slide_right": ("-W*(1-{p})", "0"),
    "slide_up": ("0", "H*(1-{p})"),
    "slide_down": ("0", "-H*(1-{p})"),
}
"""Where the new picture's top left corner is at progress ``p``, for ffmpeg's ``overlay``."""

DIPS = {"fade_black": "black", "fade_white": "white"}
"""Fades through a colour. ``xfade``'s own leave the legal range, and black after a fifth."""

ZOOM = 2.5
"""How much larger the old picture is at the end of ``zoom_in``."""

LONGEST_S = 59
"""Seconds that ``xfade`` can take at a time."""
BT709 = {
    "range": "tv",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "colorspace": "bt709",
}
ENDLESS = ("while", "taylor", "root", "print")
"""Functions that no custom expression may call: the first may never end, the next two evaluate
theirs a thousand times for every sample, and the last writes a line for it."""
TRIAL_S = 30.0
"""Seconds that the trial of a custom expression may take; it has 1152 samples."""
_FINE = "1/705600000"
"""A time base that halves of frames of any usual rate are whole numbers in."""


@dataclass(frozen=True, slots=True)
class TransitionStyle:
    """How pictures are mixed.

    Attributes:
        expressions: transitions of one's own, by name, in the language of ``xfade``'s ``expr``
            (https://ffmpeg.org/ffmpeg-filters.html#xfade): ``A`` and ``B`` are the old and the new
            picture's value, ``X Y W H`` place and size, ``P`` goes from 1 to 0.
        linear_light: whether values are mixed as light adds up, and not as they are encoded.
    """

    expressions: Mapping[str, str] = field(default_factory=dict)
    linear_light: bool = False


def transition_names(program: str) -> frozenset[str]:
    """Every name that `blend` takes, with a given ffmpeg."""
    own = {*XFADE_NAMES, *SLIDES, *DIPS, "cut"}
    return (filter_values(program, "xfade", "transition") - {"custom"}) | own


@dataclass(frozen=True, slots=True)
class TransitionPart:
    """The part of a transition that is to be made.

    Attributes:
        whole: frames of the whole transition.
        done: frames of it before these.
        rate: frames of it that pass in one of these; more than 0.
        frames: to make.
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
        """Frames over which progress goes from 0 to 1."""
        return (self.whole + 1) / self.rate

    @property
    def begun(self) -> Fraction:
        """Frames since progress was 0."""
        return (self.done + 1) / self.rate


def blend(
    outgoing: Any,
    incoming: Any,
    name: str,
    passage: TransitionPart,
    *,
    style: TransitionStyle,
) -> Any:
    """The stream that turns one picture into the other.

    Args:
        outgoing, incoming: ffmpeg-python streams of exactly ``passage.frames`` frames each, of
            one size.
        name: one of `transition_names`, or of the expressions of ``style``.
        passage: which part of it, and of what size.
        style: how pictures are mixed.
    """
    fps = passage.fps
    if name in SLIDES:
        # By the time, since its count of frames begins with 1.
        begun, length = passage.begun, passage.length
        now = f"((t*{_exact(fps)}+{_exact(begun)})/({_exact(length)}))"
        x, y = (place.format(p=now) for place in SLIDES[name])
        return ffmpeg.filter(
            [outgoing, incoming], "overlay", x=x, y=y, eval="frame", shortest=1, format="yuv420"
        )
    if name in DIPS:
        return _dip(outgoing, incoming, DIPS[name], passage, style)
    if name == "zoom_in":
        outgoing = _zoomed(outgoing, passage)
    how = {"transition": XFADE_NAMES.get(name, name)}
    if name in style.expressions:
        how = {"transition": "custom", "expr": style.expressions[name]}
    mixed = _xfade(outgoing, incoming, how, passage.length, passage.begun, fps, style)
    # Those that we don't know may fill with black and white beyond the limited range.
    return mixed if name in XFADE_NAMES else mixed.filter("limiter", min=16, max=235, planes=1)


def _zoomed(stream: Any, passage: TransitionPart) -> Any:
    """A picture that comes closer, ever faster. ``xfade``'s own goes down to a single pixel."""
    width, height = passage.size
    now = f"(on+{_exact(passage.begun)})/({_exact(passage.length)})"
    return stream.filter(
        "zoompan",
        z=f"1+{ZOOM - 1}*pow({now},2)",
        x="iw/2-iw/zoom/2",
        y="ih/2-ih/zoom/2",
        d=1,
        s=f"{width}x{height}",
        fps=_exact(passage.fps),
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
    """A transition ``length`` frames long that has begun some frames before the streams."""
    # A longer one than it can take is made in a time that runs faster.
    haste = -(-length // (LONGEST_S * fps))
    sides = [_ready(side, haste, fps, style.linear_light) for side in (outgoing, incoming)]
    mixed = ffmpeg.filter(
        sides,
        "xfade",
        **how,
        duration=f"{float(length / fps / haste):.6f}",
        offset=f"{float(-begun / fps / haste):.6f}",
    )
    if haste > 1:
        mixed = mixed.filter("setpts", f"PTS*{haste}")
    return _from_linear(mixed) if style.linear_light else mixed


def _ready(stream: Any, haste: int, fps: Fraction, linear: bool) -> Any:
    fine = stream.filter("settb", _FINE)
    if haste > 1:
        fine = fine.filter("setpts", f"PTS/{haste}")
    if not setpts_keeps_rate(ffmpeg_path()):
        # xfade refuses a stream without a frame rate. The frames stay the same.
        fine = fine.filter("fps", fps=_exact(fps * haste)).filter("settb", _FINE)
    if not linear:
        return fine
    # 16 bits hold what 8 bits of gamma-encoded light do, also in the dark.
    tagged = fine.filter("setparams", **BT709)
    lit = tagged.filter("zscale", transfer="linear", matrix="gbr", range="pc")
    return lit.filter("format", "gbrp16le")


def _from_linear(stream: Any) -> Any:
    out = {"matrix": "709", "transfer": "709", "primaries": "709", "range": "tv"}
    return stream.filter("zscale", transferin="linear", **out).filter("format", "yuv420p")


def _dip(
    outgoing: Any, incoming: Any, colour: str, passage: TransitionPart, style: TransitionStyle
) -> Any:
    """Two dissolves, the one to a colour and the other from it, that meet in the middle."""
    half, frames, fps = passage.length / 2, passage.frames, passage.fps
    first = max(0, min(frames, math.ceil(half - passage.begun)))
    rest = frames - first
    fade = {"transition": "fade"}
    parts = []
    if first:
        old = outgoing.filter("trim", end_frame=first) if rest else outgoing
        flat = plain(colour, first, passage.size, fps)
        parts.append(_xfade(old, flat, fade, half, passage.begun, fps, style))
    if rest:
        new = incoming
        if first:
            new = incoming.filter("trim", start_frame=first).filter("setpts", "PTS-STARTPTS")
        begun = passage.begun + first - half
        flat = plain(colour, rest, passage.size, fps)
        parts.append(_xfade(flat, new, fade, half, begun, fps, style))
    return in_a_row(parts, fps)


def plain(colour: str, frames: int, size: tuple[int, int], fps: Fraction) -> Any:
    """A stream of one colour, of exactly some frames."""
    flat = source(f"color=c={colour}:s={size[0]}x{size[1]}:r={_exact(fps)}", f="lavfi")
    return flat.filter("trim", end_frame=frames).filter("format", "yuv420p").filter("setsar", 1)


def in_a_row(streams: Sequence[Any], fps: Fraction) -> Any:
    """Streams one after another.

    Frames are numbered anew: ``concat`` does not know how long a stream of a single frame is, and
    would lay the next one over it.
    """
    if len(streams) == 1:
        return streams[0]
    row = ffmpeg.concat(*streams, v=1, a=0)
    return row.filter("settb", f"{fps.denominator}/{fps.numerator}").filter("setpts", "N")


def check_expression(expression: str) -> str:
    """Why a custom expression is not taken; empty where it is.

    It is tried on two small pictures, since only ``xfade`` itself knows what it can evaluate.
    """
    # ffmpeg drops white space, and reads a name up to the first character that cannot be in one.
    # None of these names is part of another function's.
    written = "".join(expression.split())
    called = next((name for name in ENDLESS if name in written), "")
    if called:
        return f"it calls {called}(), which may take for ever; write it without"
    black, white = (plain(colour, 3, (16, 16), Fraction(24)) for colour in ("black", "white"))
    style = TransitionStyle({"tried": expression})
    passage = TransitionPart(3, Fraction(0), Fraction(1), 3, (16, 16), Fraction(24))
    tried = blend(black, white, "tried", passage, style=style)
    stop = threading.Event()
    timer = threading.Timer(TRIAL_S, stop.set)
    timer.start()
    args = [*compiled(tried), "-map", "[out]", "-f", "null", "-"]
    try:
        run(args, what="trying an expression", stop=stop)
    except StoppedError:
        return f"it takes more than {TRIAL_S:.0f} s for a picture of 16x16"
    except FfmpegError as error:
        words = str(error).partition(": ")[2]
        told = re.search(r"(Undefined constant[^;]*|Missing[^;]*|Invalid chars[^;]*|"
                         r"Unknown function[^;]*|[^;]*expression[^;]*)", words)  # fmt: skip
        said = re.sub(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*", "", told[0] if told else words).strip()
        return f"ffmpeg does not take it: {said}"
    finally:
        timer.cancel()
    return ""


def _exact(number: Fraction) -> str:
    return f"{number.numerator}/{number.denominator}"
