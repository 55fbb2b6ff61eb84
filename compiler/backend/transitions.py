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

from fractions import Fraction
from typing import Any

import ffmpeg

from .ffmpeg import filter_values
from .sources import source

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

LONGEST_S = 60
"""Seconds that ``xfade`` can take."""
_FINE = "1/705600000"
"""A time base that halves of frames of any usual rate are whole numbers in."""


def transition_names(program: str) -> frozenset[str]:
    """Every name that `blend` takes, with a given ffmpeg."""
    own = {*XFADE_NAMES, *SLIDES, *DIPS, "cut"}
    return (filter_values(program, "xfade", "transition") - {"custom"}) | own


def blend(
    outgoing: Any,
    incoming: Any,
    name: str,
    *,
    whole: int,
    done: int,
    frames: int,
    size: tuple[int, int],
    fps: Fraction,
) -> Any:
    """The stream that turns one picture into the other.

    Args:
        outgoing, incoming: ffmpeg-python streams of exactly ``frames`` frames each, of one size.
        name: one of `transition_names`.
        whole: frames of the whole transition.
        done: frames of it before these.
        frames: to make.
        size: width and height in pixels.
        fps: frames a second.
    """
    if name in SLIDES:
        # By the time, since its count of frames begins with 1.
        now = f"((t*{fps.numerator}/{fps.denominator}+{done + 1})/{whole + 1})"
        x, y = (place.format(p=now) for place in SLIDES[name])
        return ffmpeg.filter(
            [outgoing, incoming], "overlay", x=x, y=y, eval="frame", shortest=1, format="yuv420"
        )
    if name in DIPS:
        return _dip(outgoing, incoming, DIPS[name], whole, done, frames, size, fps)
    if name == "zoom_in":
        outgoing = _zoomed(outgoing, whole, done, size, fps)
    length = Fraction(whole + 1)
    known = XFADE_NAMES.get(name)
    mixed = _xfade(outgoing, incoming, known or name, length, Fraction(done + 1), fps)
    # Those that we don't know may fill with black and white beyond the limited range.
    return mixed if known else mixed.filter("limiter", min=16, max=235, planes=1)


def _zoomed(stream: Any, whole: int, done: int, size: tuple[int, int], fps: Fraction) -> Any:
    """A picture that comes closer, ever faster. ``xfade``'s own goes down to a single pixel."""
    return stream.filter(
        "zoompan",
        z=f"1+{ZOOM - 1}*pow((on+{done + 1})/{whole + 1},2)",
        x="iw/2-iw/zoom/2",
        y="ih/2-ih/zoom/2",
        d=1,
        s=f"{size[0]}x{size[1]}",
        fps=f"{fps.numerator}/{fps.denominator}",
    )


def _xfade(
    outgoing: Any, incoming: Any, name: str, length: Fraction, begun: Fraction, fps: Fraction
) -> Any:
    """A transition ``length`` frames long that has begun some frames before the streams."""
    return ffmpeg.filter(
        [outgoing.filter("settb", _FINE), incoming.filter("settb", _FINE)],
        "xfade",
        transition=name,
        duration=f"{float(length / fps):.6f}",
        offset=f"{float(-begun / fps):.6f}",
    )


def _dip(
    outgoing: Any,
    incoming: Any,
    colour: str,
    whole: int,
    done: int,
    frames: int,
    size: tuple[int, int],
    fps: Fraction,
) -> Any:
    """Two dissolves, the one to a colour and the other from it, that meet in the middle."""
    half = Fraction(whole + 1, 2)
    first = max(0, min(frames, int(half) - done))
    rest = frames - first
    parts = []
    if first:
        old = outgoing.filter("trim", end_frame=first) if rest else outgoing
        flat = plain(colour, first, size, fps)
        parts.append(_xfade(old, flat, "fade", half, Fraction(done + 1), fps))
    if rest:
        new = incoming
        if first:
            new = incoming.filter("trim", start_frame=first).filter("setpts", "PTS-STARTPTS")
        begun = done + first + 1 - half
        flat = plain(colour, rest, size, fps)
        parts.append(_xfade(flat, new, "fade", half, begun, fps))
    return parts[0] if len(parts) == 1 else ffmpeg.concat(*parts, v=1, a=0)


def plain(colour: str, frames: int, size: tuple[int, int], fps: Fraction) -> Any:
    """A stream of one colour, of exactly some frames."""
    rate = f"{fps.numerator}/{fps.denominator}"
    flat = source(f"color=c={colour}:s={size[0]}x{size[1]}:r={rate}", f="lavfi")
    return flat.filter("trim", end_frame=frames).filter("format", "yuv420p").filter("setsar", 1)
