"""Edits as an editor makes them, on the compiled timeline of `Edit`."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
from otio_gvideo.compiler.editors.formats.base import time_warp
from otio_gvideo.compiler.timeline.rate import time, time_range

from .edit import Edit
from .resolve import FPS


def own_clip(edit: Edit, frames: int, name: str = "drone") -> otio.schema.Clip:
    """Return a clip of the editor's own, from the 11th frame of its file on."""
    (edit.folder / f"{name}.mov").write_bytes(b"film")
    medium = otio.schema.ExternalReference(str(edit.folder / f"{name}.mov"), time_range(0, 99, FPS))
    return otio.schema.Clip(name, medium, time_range(10, frames, FPS))


def trim_head(edit: Edit) -> None:
    edit.clip("stairs").source_range = time_range(5, 35, FPS)


def trim_tail(edit: Edit) -> None:
    edit.clip("breath").source_range = time_range(4, 15, FPS)


def ripple(edit: Edit) -> None:
    """Shorten storm; picture and sound after it follow."""
    edit.clip("storm").source_range = time_range(6, 24, FPS)
    voice = edit.timeline.tracks[1]
    voice[0].source_range = time_range(0, 64, FPS)
    rest = voice[0].deepcopy()
    rest.source_range = time_range(70, 20, FPS)
    voice.append(rest)


def roll(edit: Edit) -> None:
    """Move the cut into storm 3 frames later, with its dissolve."""
    edit.clip("stairs").source_range = time_range(0, 43, FPS)
    edit.clip("storm").source_range = time_range(9, 27, FPS)
    into = edit.transition_into("storm")
    into.in_offset = into.out_offset = time(3, FPS)


def slip(edit: Edit) -> None:
    edit.cut_only()
    edit.clip("breath").source_range = time_range(2, 20, FPS)


def slide(edit: Edit) -> None:
    """Move storm 2 frames earlier between its neighbours."""
    edit.cut_only()
    edit.clip("stairs").source_range = time_range(0, 38, FPS)
    edit.clip("breath").source_range = time_range(2, 22, FPS)


def split(edit: Edit) -> None:
    storm = edit.clip("storm")
    rest = storm.deepcopy()
    storm.source_range, rest.source_range = time_range(6, 12, FPS), time_range(18, 18, FPS)
    edit.track.insert(edit.track.index(storm) + 1, rest)


def delete(edit: Edit) -> None:
    edit.cut_only()
    edit.track.remove(edit.clip("storm"))


def lift(edit: Edit) -> None:
    edit.cut_only()
    place = edit.track.index(edit.clip("storm"))
    edit.track[place] = otio.schema.Gap(source_range=time_range(0, 30, FPS))


def swap(edit: Edit) -> None:
    edit.cut_only()
    stairs, storm = edit.track[0].deepcopy(), edit.track[1].deepcopy()
    edit.track[0], edit.track[1] = storm, stairs


def insert(edit: Edit) -> None:
    edit.cut_only()
    edit.track.insert(1, own_clip(edit, 12))


def overlay(edit: Edit) -> None:
    gap = otio.schema.Gap(source_range=time_range(0, 48, FPS))
    track = otio.schema.Track("V2", [gap, own_clip(edit, 12)], kind="Video")
    edit.timeline.tracks.insert(1, track)


def replace(edit: Edit) -> None:
    edit.cut_only()
    edit.track[1] = own_clip(edit, 30)


def retime(edit: Edit, speed: Fraction, frames: int) -> None:
    edit.cut_only()
    storm = edit.clip("storm")
    storm.source_range = time_range(6, frames, FPS)
    storm.effects.append(time_warp(speed))


def double_speed(edit: Edit) -> None:
    retime(edit, Fraction(2), 15)


def half_speed(edit: Edit) -> None:
    retime(edit, Fraction(1, 2), 60)


def reverse(edit: Edit) -> None:
    retime(edit, Fraction(-1), 30)


def freeze(edit: Edit) -> None:
    retime(edit, Fraction(0), 30)


def ramp(edit: Edit) -> None:
    """Play the first half of storm at half speed."""
    split(edit)
    edit.cut_only()
    first, _ = (clip for clip in edit.track.find_clips() if clip.name == "storm")
    first.source_range = time_range(6, 24, FPS)
    first.effects.append(time_warp(Fraction(1, 2)))


def add_dissolve(edit: Edit) -> None:
    """Cut storm in two, and dissolve between the pieces."""
    split(edit)
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    dissolve = otio.schema.Transition("Cross Dissolve", kind, time(4, FPS), time(4, FPS))
    edit.track.insert(3, dissolve)


def remove_dissolve(edit: Edit) -> None:
    edit.track.remove(edit.transition_into("storm"))


def lengthen_dissolve(edit: Edit) -> None:
    into = edit.transition_into("storm")
    into.in_offset = into.out_offset = time(10, FPS)


def fade_out(edit: Edit) -> None:
    """Fade the last picture to black."""
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    edit.track.append(otio.schema.Transition("Cross Dissolve", kind, time(8, FPS), time(0, FPS)))


def disable(edit: Edit) -> None:
    edit.clip("storm").enabled = False


def mark(edit: Edit) -> None:
    marker = otio.schema.Marker("retake", time_range(50, 1, FPS))
    edit.timeline.tracks.markers.append(marker)


def zoom(edit: Edit) -> None:
    """Scale storm by half as much again, as Resolve states it."""
    scale = {"Parameter ID": "zoomX", "Parameter Value": 1.5, "Default Parameter Value": 1.0}
    stated = {"Effect Name": "Transform", "Enabled": True, "Parameters": [scale], "Type": 2}
    effect = otio.schema.Effect("", "Resolve Effect", {"Resolve_OTIO": stated})
    edit.clip("storm").effects.append(effect)


def nest(edit: Edit) -> None:
    """Put stairs and storm into a compound clip."""
    inside = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for item in list(edit.track)[:3]:
        edit.track.remove(item)
        inside.append(item)
    edit.track.insert(0, otio.schema.Stack("Compound 1", [inside], time_range(0, 70, FPS)))


def cut_sound(edit: Edit) -> None:
    """Take the second half of the narration away."""
    edit.timeline.tracks[1][0].source_range = time_range(0, 45, FPS)


def mute(edit: Edit) -> None:
    edit.timeline.tracks[1][0].enabled = False
