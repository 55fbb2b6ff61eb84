"""Diff warns of an edit that moves pictures against the words of their scenes, with the offset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.timeline.rate import time, time_range

from .edit import Edit
from .resolve import FPS, write_resolve


def own_clip(edit: Edit, frames: int) -> otio.schema.Clip:
    (edit.folder / "my.mov").write_bytes(b"film")
    medium = otio.schema.ExternalReference(str(edit.folder / "my.mov"), time_range(0, 99, FPS))
    return otio.schema.Clip("my", medium, time_range(0, frames, FPS))


def inserted(edit: Edit) -> None:
    edit.cut_only()
    edit.track.insert(1, own_clip(edit, 12))


def overlaid(edit: Edit) -> None:
    # The word "storm" is at 2.2 s, frame 52.
    above = [otio.schema.Gap(source_range=time_range(0, 48, FPS)), own_clip(edit, 10)]
    edit.timeline.tracks.insert(1, otio.schema.Track("V2", above, kind="Video"))


def rippled(edit: Edit) -> None:
    edit.clip("stairs").source_range = time_range(0, 34, FPS)


def rippled_with_sound(edit: Edit) -> None:
    rippled(edit)
    voice = edit.timeline.tracks[1]
    voice[0].source_range = time_range(0, 34, FPS)
    rest = voice[0].deepcopy()
    rest.source_range = time_range(40, 50, FPS)
    voice.append(rest)


def rolled(edit: Edit) -> None:
    edit.clip("stairs").source_range = time_range(0, 43, FPS)
    edit.clip("storm").source_range = time_range(9, 27, FPS)
    edit.transition_into("storm").in_offset = time(3, FPS)


def slipped(edit: Edit) -> None:
    edit.clip("breath").source_range = time_range(2, 20, FPS)


def deleted(edit: Edit) -> None:
    edit.cut_only()
    edit.track.remove(edit.clip("storm"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            inserted,
            [
                "the words of breath now lie over storm, 12 frames early for their picture",
                "the words of storm are now 12 frames early for their picture",
            ],
        ),
        (overlaid, ["the words of storm now lie over my.mov"]),
        (rippled, ["the words of storm and breath are now 6 frames late for their pictures"]),
        (
            deleted,
            [
                "the words of storm now lie over breath",
                "the words of breath now lie over no picture, 30 frames late for their picture",
            ],
        ),
        (rippled_with_sound, []),
        (rolled, []),
        (slipped, []),
        (lambda edit: None, []),
    ],
)
def test_words_that_leave_their_pictures_are_named(
    change: Callable[[Edit], None], said: list[str], edit: Edit
) -> None:
    change(edit)
    path: Path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    diff = diff_timelines(edit.folder / "reel.otio", path)
    assert [str(one) for one in diff.warnings if one.code == "sync"] == said
