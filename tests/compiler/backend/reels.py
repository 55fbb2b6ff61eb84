"""Timelines of stamped media, flattened at the size of a stamp."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
from otio_gvideo.compiler.backend.flatten import FlattenResult, flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from .frame_stamps import FAST, HEIGHT, WIDTH, write_stamped

FPS = Fraction(24)


@dataclass(frozen=True)
class Shown:
    """A clip of a test reel: 60 frames of media, a body from frame ``start`` on."""

    start: int
    frames: int
    transition: str = ""
    length: int = 0


def transition(name: str, length: int, fps: Fraction = FPS) -> otio.schema.Transition:
    kinds = otio.schema.TransitionTypes
    return otio.schema.Transition(
        transition_type=kinds.SMPTE_Dissolve if name == "dissolve" else kinds.Custom,
        in_offset=time(length // 2, fps),
        out_offset=time(length - length // 2, fps),
        metadata={"otio_gvideo": {"transition": name}},
    )


def clip(path: Path, start: int, frames: int, fps: Fraction = FPS) -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(str(path), time_range(0, 60, fps))
    return otio.schema.Clip(path.stem, reference, time_range(start, frames, fps))


def clip_of(path: Path, start: int, frames: int) -> otio.schema.Clip:
    """A clip of a file of unknown length."""
    reference = otio.schema.ExternalReference(str(path))
    return otio.schema.Clip(path.stem, reference, time_range(start, frames, FPS))


def dissolve(frames: int) -> otio.schema.Transition:
    return transition("dissolve", frames)


def of(*children: otio.core.Composable) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.extend(children)
    timeline.tracks.append(track)
    return timeline


def reel(folder: Path, clips: list[Shown], fps: Fraction = FPS) -> otio.schema.Timeline:
    children: list[otio.core.Composable] = []
    for index, shown in enumerate(clips):
        path = folder / f"clip{index}.mp4"
        write_stamped(path, index * 64, 60, fps, (shown.start, shown.start + shown.frames))
        if shown.transition and index:
            children.append(transition(shown.transition, shown.length, fps))
        children.append(clip(path, shown.start, shown.frames, fps))
    return of(*children)


def flat(timeline: otio.schema.Timeline, folder: Path) -> FlattenResult:
    return flatten(
        timeline,
        folder / "reel.mp4",
        media_root=folder,
        size=(WIDTH, HEIGHT),
        spec=OutputSpec(FAST),
    )


def flat_to(
    timeline: otio.schema.Timeline,
    output: Path,
    spec: OutputSpec = OutputSpec(FAST),  # noqa: B008 - frozen
    **options: Any,
) -> FlattenResult:
    return flatten(timeline, output, spec, **{"size": (WIDTH, HEIGHT), **options})


def stills(folder: Path, *colours: str) -> list[Path]:
    for colour in colours:
        Image.new("RGB", (90, 160), colour).save(folder / f"{colour}.png")
    return [folder / f"{colour}.png" for colour in colours]
