"""Warnings about an edit, before rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio

from ...renderers.fit.unsupported import PROMPT_ONLY
from ...renderers.image.open_image import image_file
from ..notices import Notice
from ..script.model import Script
from ..sync import edit
from ..timeline.item_label import label_of
from ..timeline.media import media_file_name
from ..timeline.metadata import own_metadata
from ..timeline.slots import slot_clips
from .platform_warnings import platform_warnings
from .read import ParsedScript
from .slot_needs import model_prompt, planner_notes

MOST_ENLARGED = 5
"""Scale factor of a still above which there is a warning."""
DIPS = ("fade_black", "fade_white")
DIPS_APART = Fraction(10)
"""Seconds between two different ones below which there is a warning."""
LONGEST_CUT_OFF = Fraction(1, 2)
"""Seconds of a sound cut off by the ends of the reel above which there is a warning."""
_ORIENTATION = 0x0112


def edit_warnings(
    parsed: ParsedScript, schedule: edit.Schedule, timeline: otio.schema.Timeline
) -> list[Notice]:
    """Return warnings about doubtful words and unmet requests of a script."""
    return [
        *parsed.speech.warnings,
        *_first_transition(parsed.script),
        *(Notice("transition", f"{one.scene}: {one.what}") for one in schedule.notices),
        *_two_dips(parsed.script, schedule),
        *_no_captions(parsed),
        *_small_stills(parsed.script),
        *_short_clips(timeline),
        *_sounds_cut_off(timeline),
        *platform_warnings(parsed.script, schedule, timeline),
        *_unsupported(parsed.script, timeline),
        *_unwritten(parsed.prompts.faults, timeline),
    ]


def _first_transition(script: Script) -> Iterator[Notice]:
    first = script.scenes[0]
    if first.transition.duration and "transition" in first.places:
        what = f"{first.id}: the first scene starts with a cut; its transition is left out"
        yield Notice("transition", what)


def _two_dips(script: Script, schedule: edit.Schedule) -> Iterator[Notice]:
    """Yield fades to white and to black that follow each other."""
    kinds = {scene.id: scene.transition.type for scene in script.scenes}
    dips = [one for one in schedule.transitions if kinds[one.scene] in DIPS]
    for before, after in pairwise(dips):
        apart = (after.cut - before.cut) / schedule.fps
        if kinds[before.scene] != kinds[after.scene] and apart < DIPS_APART:
            what = f"{kinds[after.scene]} comes {float(apart):.1f} s after {kinds[before.scene]}"
            hint = f"into {before.scene}; use one of them"
            yield Notice("transition", f"{after.scene}: {what} {hint}")


def _no_captions(parsed: ParsedScript) -> Iterator[Notice]:
    if parsed.script.captions.burn and not any(parsed.speech.words.values()):
        what = "captions.burn: there are no words; add a text to scenes, or a transcript"
        yield Notice("captions", what)


def _small_stills(script: Script) -> Iterator[Notice]:
    width, height = script.output.width, script.output.height
    checked = set()
    for scene in script.scenes:
        for image in (keyframe.image for keyframe in scene.keyframes):
            if image in checked:
                continue
            checked.add(image)
            with image_file(image) as still:
                across, down = still.size
                if still.getexif().get(_ORIENTATION, 1) >= 5:
                    across, down = down, across
            factor = max(width / across, height / down)
            if factor > MOST_ENLARGED:
                what = f"{image.name} is {across}x{down} and is enlarged {factor:.1f} times to fill"
                yield Notice("resolution", f"{scene.id}: {what} {width}x{height}")


def _short_clips(timeline: otio.schema.Timeline) -> Iterator[Notice]:
    for clip in timeline.find_clips():
        if own_metadata(clip).get("held") == "trim":
            held = clip.source_range.duration.to_seconds()
            name = media_file_name(clip.media_reference)
            what = f"{name} is too short by {held:.1f} s; its last frame is held"
            hint = "fit: hold allows that, loop plays it again, speed slows it down"
            yield Notice("range", f"{own_metadata(clip)['scene']}: {what}; {hint}")


def _sounds_cut_off(timeline: otio.schema.Timeline) -> Iterator[Notice]:
    for track in timeline.audio_tracks():
        if own_metadata(track).get("role") != "effects":
            continue
        for clip in track.find_clips():
            whole, heard = clip.available_range().duration, clip.source_range.duration
            lost = (whole - heard).to_seconds()
            if lost > LONGEST_CUT_OFF:
                what = f"{lost:.1f} s of this sound are cut off by the end of the reel"
                yield Notice("sound", f"{label_of(clip)}: {what}")


def _unsupported(script: Script, timeline: otio.schema.Timeline) -> Iterator[Notice]:
    """Yield unsupported settings, each once for all slots that have it."""
    cameras = {scene.id: scene.motion.camera for scene in script.scenes}
    asking: dict[str, list[str]] = {}
    for slot in slot_clips(timeline):
        for what in planner_notes(slot.recipe):
            if what.startswith("motion.camera ") and (
                cameras.get(slot.scene) == "auto" or what.endswith(PROMPT_ONLY)
            ):
                continue  # The move was chosen automatically, or goes into the prompt.
            asking.setdefault(f"{slot.renderer}: {what}", []).append(slot.name)
    for what, names in asking.items():
        yield Notice("unsupported", f"{_listed(names)}: {what}")


def _unwritten(faults: Mapping[str, str], timeline: otio.schema.Timeline) -> Iterator[Notice]:
    """Yield faults of prompts that language models wrote, each once for all slots."""
    found: dict[str, list[str]] = {}
    for slot in slot_clips(timeline) if faults else ():
        fault = faults.get(model_prompt(slot.recipe))
        if fault is not None:
            found.setdefault(f"{slot.renderer}: {fault}", []).append(slot.name)
    for what, names in found.items():
        yield Notice("prompt", f"{_listed(names)}: {what}")


def _listed(names: Sequence[str]) -> str:
    others = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{others}"
