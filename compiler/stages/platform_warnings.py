"""Warnings about a reel that does not suit its platform."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...renderers.registry import STILL_RENDERERS
from ..inspection.frame_measures import (
    NEARLY_BLACK,
    is_black,
    is_dark,
    is_flat,
    is_plain,
    source_frame,
)
from ..media.probe import probe
from ..notices import Notice
from ..script.model import Script
from ..script.platforms import platforms
from ..sync import edit
from ..timeline.media import media_path, source_start
from ..timeline.metadata import own_metadata
from ..timeline.slots import slot_of

_TALL = Fraction(16, 9)
_LEAST_COVERED = 0.03
"""Least share of the picture's height of heads under an overlay to report."""
_LEAST_MOVE = 0.001
"""Amount of a camera move in a second, below which a photograph stands still."""


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
    yield from _opening(timeline, script.scenes[0].id)


def _opening(timeline: otio.schema.Timeline, scene: str) -> Iterator[Notice]:
    """Yield the faults of the first picture: a still, or a video of the user's own."""
    first = next(iter(timeline.video_tracks()[0].find_clips()), None)
    if first is None:
        return
    slot = slot_of(first)
    if slot is None:
        path = media_path(first.media_reference, Path())
        media = None if path is None else probe(path)
        fps = media.video.fps if media is not None and media.video is not None else Fraction(0)
        luma = source_frame(media, round(source_start(first) * fps)) if media is not None else None
        is_dim = luma is not None and is_dark(luma, NEARLY_BLACK)
        is_empty = luma is not None and is_flat(luma)
    else:
        shot = slot.recipe.shot
        is_dim = is_black(shot.keyframes[0].image, NEARLY_BLACK)
        is_empty = is_plain(shot.keyframes[0].image)
        amount = 0.0 if shot.motion.camera == "static" else shot.motion.amount
        only_camera_moves = len(shot.keyframes) == 1 and slot.recipe.renderer in STILL_RENDERERS
        if only_camera_moves and amount < _LEAST_MOVE * shot.span / shot.fps:
            what = f"{scene}: the reel opens on a picture that stands still; give it a move"
            yield Notice("platform", what)
    if is_dim:
        what = f"{scene}: the reel opens on black, or nearly so; begin with a brighter picture"
        yield Notice("platform", what)
    elif is_empty:
        what = f"{scene}: the reel opens on a single colour; begin with a picture"
        yield Notice("platform", what)


def _covered(scene: str, name: str, side: str) -> Notice:
    what = f"{scene}: heads are under what {name} shows at the {side}; set motion.focus, or fit"
    return Notice("platform", what)
