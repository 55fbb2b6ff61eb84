"""Speeds of clips in AAF: what the file states, and what is read of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import aaf2
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.editors.formats import aaf
from otio_gvideo.compiler.timeline.effects import speed_of
from otio_gvideo.compiler.timeline.rate import time, time_range

FPS = Fraction(24)
CLIPS = {"a": (4, 20, "1"), "b": (10, 24, "2"), "c": (5, 24, "1/2"), "d": (30, 24, "0"),
         "e": (20, 24, "3/2")}  # fmt: skip
"""First frame, length and speed; a dissolve of 4 frames before the cut and 6 after leads to e."""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    timeline = otio.schema.Timeline("cut", global_start_time=time(0, FPS))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for name, (start, frames, speed) in CLIPS.items():
        media = otio.schema.ExternalReference(str(tmp_path / "a.mov"), time_range(0, 96, FPS))
        clip = otio.schema.Clip(name, media, time_range(start, frames, FPS))
        if speed == "0":
            clip.effects.append(otio.schema.FreezeFrame())
        elif speed != "1":
            clip.effects.append(otio.schema.LinearTimeWarp("", float(Fraction(speed))))
        track.append(clip)
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    track.insert(4, otio.schema.Transition("dissolve", kind, time(4, FPS), time(6, FPS)))
    assert not aaf.write(timeline, tmp_path / "cut.aaf")
    return tmp_path / "cut.aaf"


def test_a_speed_is_a_motion_effect_around_the_frames_that_it_shows(written: Path) -> None:
    """By the specification: the ratio is that of the lengths of output and input."""
    with aaf2.open(str(written)) as file:
        slots = next(file.content.compositionmobs()).slots
        (shown,) = [slot.segment for slot in slots if slot.media_kind == "Picture"]
        groups = [one for one in shown.components if type(one).__name__ == "OperationGroup"]
        found = [
            (
                group.operation.name,
                group.length,
                Fraction(str(group.parameters.value[0].value)),
                group.segments[0].start,
                group.segments[0].length,
            )
            for group in groups
        ]
    assert found == [
        ("Motion Control", 24, Fraction(1, 2), 10, 48),
        ("Motion Control", 24, Fraction(2), 5, 12),
        ("Motion Control", 30, Fraction(30), 30, 1),
        ("Motion Control", 28, Fraction(2, 3), 14, 42),
    ]


def test_speeds_come_back(written: Path) -> None:
    back = aaf.read(written, None)
    assert isinstance(back, otio.schema.Timeline)
    assert {
        clip.name: (
            clip.source_range.start_time.value,
            clip.source_range.duration.value,
            str(speed_of(clip)),
        )
        for clip in back.find_clips()
    } == CLIPS
