"""Every transition by name, as a filtergraph of two streams of equal length.

``_left``, ``_right``, ``_up`` and ``_down`` name the way the new picture travels: ``wipe_left``
uncovers it from the right edge towards the left. A *slide* moves the new picture over the old one,
which stands still; a *push* moves both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ffmpeg

XFADE_NAMES = {
    "dissolve": "fade",
    "fade_black": "fadeblack",
    "fade_white": "fadewhite",
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
    "zoom_in": "zoomin",
    "blur": "hblur",
}
"""Our names for what ffmpeg's ``xfade`` does under another."""

SLIDES = {
    "slide_left": ("W*(1-{p})", "0"),
    "slide_right": ("-W*(1-{p})", "0"),
    "slide_up": ("0", "H*(1-{p})"),
    "slide_down": ("0", "-H*(1-{p})"),
}
"""Where the new picture's top left corner is at progress ``p``, for ffmpeg's ``overlay``."""


def blend(outgoing: Any, incoming: Any, name: str, frames: int, fps: Fraction) -> Any:
    """The stream that turns one picture into the other over ``frames`` frames.

    Frame ``k`` of the transition shows it at ``(k + 1) / (frames + 1)``, so its first frame has
    begun already and its last has not quite arrived: neither repeats its neighbour outside.

    Args:
        outgoing, incoming: ffmpeg-python streams of exactly ``frames`` frames each, of one size.
        name: one of ours, or one of ``xfade``'s own.
        frames: length of the transition.
        fps: frames a second.
    """
    if name in SLIDES:
        x, y = (place.format(p=f"((n+1)/{frames + 1})") for place in SLIDES[name])
        return ffmpeg.filter(
            [outgoing, incoming], "overlay", x=x, y=y, eval="frame", shortest=1, format="yuv420"
        )
    duration = (frames + 1) / fps
    return ffmpeg.filter(
        [outgoing, incoming],
        "xfade",
        transition=XFADE_NAMES.get(name, name),
        duration=f"{float(duration):.9f}",
        offset=f"{-float(1 / fps):.9f}",
    )
