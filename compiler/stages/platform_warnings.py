"""Warnings about a reel that does not suit its platform."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import opentimelineio as otio

from ..inspection.frame_measures import NEARLY_BLACK, is_black
from ..notices import Notice
from ..script.model import Script
from ..script.platforms import platforms
from ..sync import edit
from ..timeline.metadata import own_metadata
from ..timeline.slots import slot_clips

_TALL = Fraction(16, 9)
_LEAST_COVERED = 0.03
"""Share of the picture's height by which heads reach under an overlay before it is said."""


def platform_warnings(
    script: Script, schedule: edit.Schedule, timeline: otio.schema.Timeline
) -> Iterator[Notice]:
    """Yield what does not suit the script's platform; nothing if it names none."""
    if not script.output.platform:
        return
    platform, output = platforms()[script.output.platform], script.output
    name = platform.name
    seconds = float(schedule.frames / schedule.fps)
    if seconds > platform.longest_s:
        longest = f"{name} takes reels of at most {platform.longest_s:g} s"
        yield Notice("platform", f"the reel lasts {seconds:.1f} s; {longest}")
    if Fraction(output.height, output.width) != _TALL:
        what = f"the reel is {output.width}x{output.height}; {name} shows 1080x1920 full-screen"
        yield Notice("platform", what)
    low, high = platform.safe_area["top"] / 100, 1 - platform.safe_area["bottom"] / 100
    for scene in own_metadata(timeline)["scenes"]:
        if "heads" not in scene:
            continue
        top, bottom = scene["heads"]
        if top < low - _LEAST_COVERED and bottom < low + (bottom - top) / 2:
            yield _covered(scene["scene"], name, "top")
        elif bottom > high + _LEAST_COVERED:
            yield _covered(scene["scene"], name, "bottom")
    first = next(slot_clips(timeline), None)
    if first is None:
        return
    shot = first.recipe.shot
    if shot.motion.camera == "static" or not shot.motion.amount:
        what = f"{first.scene}: the reel opens on a picture that stands still; give it a move"
        yield Notice("platform", what)
    if is_black(shot.keyframes[0].image, NEARLY_BLACK):
        what = f"{first.scene}: the reel opens on black, or nearly so; begin with a brighter still"
        yield Notice("platform", what)


def _covered(scene: str, name: str, side: str) -> Notice:
    what = f"{scene}: heads are under what {name} shows at the {side}; set motion.focus, or fit"
    return Notice("platform", what)
