"""A cut of small stamped media with everything that a format may keep or lose."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import HEIGHT, WIDTH, write_stamped

START = 24 * 3600


def media(folder: Path, fps: Fraction) -> None:
    """Write clips ``a`` to ``e`` of 60 frames, stamped from 0, 100, 200, ..., and silent audio."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate("abcde"):
        write_stamped(folder / f"{name} {index}.mp4", 100 * index, 60, fps)
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * int(8000 * 200 / fps))


def cut(folder: Path, fps: Fraction = Fraction(24), *, plain: bool = False) -> otio.schema.Timeline:
    """Return the cut; with ``plain``, without features that melt renders differently."""

    def clip(index: int, start: int, frames: int) -> otio.schema.Clip:
        file = folder / f"{'abcde'[index]} {index}.mp4"
        reference = otio.schema.ExternalReference(str(file), time_range(0, 60, fps))
        return otio.schema.Clip(f"scene {index}", reference, time_range(start, frames, fps))

    def sound(start: int, frames: int) -> otio.schema.Clip:
        reference = otio.schema.ExternalReference(
            str(folder / "voice.wav"), time_range(0, 200, fps)
        )
        return otio.schema.Clip("voice", reference, time_range(start, frames, fps))

    def blend(kind: str, before: int, after: int) -> otio.schema.Transition:
        kinds = otio.schema.TransitionTypes
        return otio.schema.Transition(
            kind,
            kinds.SMPTE_Dissolve if kind == "dissolve" else kinds.Custom,
            time(before, fps),
            time(after, fps),
            metadata={"otio_gvideo": {"transition": kind}},
        )

    def gap(frames: int) -> otio.schema.Gap:
        return otio.schema.Gap(source_range=time_range(0, frames, fps))

    timeline = otio.schema.Timeline("A cut & more")
    timeline.global_start_time = time(START, fps)
    timeline.metadata["otio_gvideo"] = {
        "output": {
            "width": WIDTH, "height": HEIGHT, "fps": f"{fps.numerator}/{fps.denominator}"
        }
    }  # fmt: skip
    picture = otio.schema.Track("Pictures", kind=otio.schema.TrackKind.Video)
    slow = clip(2, 10, 30)
    slow.effects.append(otio.schema.LinearTimeWarp(time_scalar=0.5))
    picture.extend(
        [
            clip(0, 0, 40),
            blend("dissolve", 6, 6),
            clip(1, 12, 31),
            gap(9),
            slow,
            clip(3, 8, 25),
            blend("wipe_left", 5, 5),
            clip(4, 8, 30),
        ]
    )
    timeline.tracks.append(picture)
    if not plain:
        over = otio.schema.Track("Over", kind=otio.schema.TrackKind.Video)
        over.extend([gap(50), clip(0, 20, 11)])
        timeline.tracks.append(over)
    voice = otio.schema.Track("Voice", kind=otio.schema.TrackKind.Audio)
    voice.extend([sound(0, 70), gap(20), sound(70, 75)])
    bed = otio.schema.Track("Bed", kind=otio.schema.TrackKind.Audio)
    bed.extend([sound(0, 80), blend("dissolve", 4, 4), sound(20, 85)])
    timeline.tracks.extend([voice, bed])
    for name, at in (("first", 0), ("second", 45)):
        timeline.tracks.markers.append(
            otio.schema.Marker(name, time_range(at, 1, fps), comment=f"about the {name}")
        )
    return timeline
