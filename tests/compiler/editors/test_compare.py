"""Each kind of edit becomes a change record with text in an editor's words, and no other."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors.changes import (
    ClipAdded,
    ClipMoved,
    ClipRemoved,
    ClipReordered,
    ClipSplit,
    ClipTrimmed,
    LengthChanged,
    RateChanged,
    TransitionChanged,
    TransitionTiming,
)
from otio_gvideo.compiler.editors.compare import compare
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.rate import time, time_range

from .edit import Edit
from .edits import split
from .resolve import FPS, write_resolve

CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))
FILES = sorted(CORPUS.glob("*.*")) if CORPUS.is_dir() else []


def cut_later(edit: Edit) -> None:
    edit.clip("stairs").source_range = time_range(0, 43, FPS)
    edit.clip("storm").source_range = time_range(9, 27, FPS)
    edit.transition_into("storm").in_offset = time(3, FPS)
    edit.transition_into("storm").out_offset = time(3, FPS)


def longer(edit: Edit) -> None:
    edit.clip("stairs").source_range = time_range(0, 46, FPS)


def longer_dissolve(edit: Edit) -> None:
    into = edit.transition_into("storm")
    into.in_offset = into.out_offset = time(10, FPS)


def swapped(edit: Edit) -> None:
    stairs, storm = edit.clip("stairs"), edit.clip("storm")
    first, second = edit.track.index(stairs), edit.track.index(storm)
    edit.track[first], edit.track[second] = otio.schema.Gap(), otio.schema.Gap()
    edit.track[first], edit.track[second] = storm, stairs


def dropped(edit: Edit) -> None:
    edit.track.remove(edit.clip("storm"))
    edit.track.remove(edit.track[2])


def slipped(edit: Edit) -> None:
    edit.clip("breath").source_range = time_range(2, 20, FPS)
    edit.transition_into("breath").in_offset = time(2, FPS)


def retimed(edit: Edit) -> None:
    edit.clip("breath").effects.append(otio.schema.LinearTimeWarp(time_scalar=0.5))


def unblended(edit: Edit) -> None:
    edit.track.remove(edit.transition_into("breath"))


def untouched(edit: Edit) -> None:
    pass


def own_clip(edit: Edit) -> None:
    own = edit.folder / "drone.mov"
    own.write_bytes(b"theirs")
    reference = otio.schema.ExternalReference(str(own), time_range(0, 99, FPS))
    edit.track.append(otio.schema.Clip("drone", reference, time_range(0, 25, FPS)))


REUSED = "reused: 3 slots"


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (untouched, ["nothing changed", REUSED]),
        (
            longer,
            [
                "stairs ends 6 frames later in its picture",
                "stairs is 6 frames longer: 40 to 46 frames",
                "the reel is 6 frames longer: 90 to 96 frames",
                "to render: stairs, 52 frames (its media hold 46)",
                "reused: 2 slots",
            ],
        ),
        (
            cut_later,
            [
                "stairs ends 3 frames later in its picture",
                "stairs is 3 frames longer: 40 to 43 frames",
                "storm begins 3 frames later in its picture",
                "storm is 3 frames shorter: 30 to 27 frames",
                "storm starts 3 frames later",
                "dissolve into storm 12 to 6 frames",
                REUSED,
            ],
        ),
        (
            longer_dissolve,
            [
                "dissolve into storm 12 to 20 frames",
                "to render: stairs, 50 frames (its media hold 46)",
                "to render: storm, 44 frames (its media hold 40)",
                "reused: 1 slot",
            ],
        ),
        (
            dropped,
            ["storm removed"],
        ),
        (split, ["storm split after 12 frames", REUSED]),
        (
            slipped,
            [
                "breath slipped by 2 frames, to earlier frames of its picture",
                "wipe_left into breath 8 to 6 frames",
                REUSED,
            ],
        ),
        (retimed, ["breath plays at 50 % instead of 100 %", REUSED]),
        (unblended, ["wipe_left into breath removed", REUSED]),
        (
            own_clip,
            [
                "drone added at frame 90, 25 frames",
                "the reel is 25 frames longer: 90 to 115 frames",
                REUSED,
            ],
        ),
    ],
)
def test_each_kind_of_edit_is_reported(
    tmp_path: Path, change: Callable[[Edit], None], lines: list[str]
) -> None:
    edit = Edit(tmp_path / "reel")
    change(edit)
    edited = write_resolve(edit.timeline, edit.folder / "edited.otio")
    found = diff_timelines(edit.folder / "reel.otio", edited).lines()
    if change is dropped:
        found = [line for line in found if "into" not in line and "render" not in line]
        lines = [*lines, found[-1]]
    assert found == lines


Cut = list[tuple[str, int, int]]


def timeline_of(cut: Cut) -> otio.schema.Timeline:
    """Return clips, by name, in point and frames, one after the other."""
    timeline = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.extend(
        otio.schema.Clip(name, source_range=time_range(start, frames, FPS))
        for name, start, frames in cut
    )
    timeline.tracks.append(track)
    return timeline


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (  # a clip whose name begins like the text about another
            [("storm", 0, 30), ("storm is over", 0, 10), ("storm added", 0, 20)],
            [("storm", 0, 12), ("storm", 12, 18), ("storm added", 0, 25)],
            [
                "storm is over removed",
                "storm added ends 5 frames later in its picture",
                "storm added is 5 frames longer: 20 to 25 frames",
                "storm split after 12 frames",
                "the reel is 5 frames shorter: 60 to 55 frames",
            ],
        ),
        (  # three pieces
            [("storm", 0, 30)],
            [("storm", 0, 12), ("storm", 12, 8), ("storm", 20, 10)],
            ["storm split after 12 frames", "storm split after 20 frames"],
        ),
        (  # one of two clips of the same name is split
            [("storm", 0, 30), ("calm", 0, 5), ("storm", 50, 20)],
            [("storm", 0, 30), ("calm", 0, 5), ("storm", 50, 12), ("storm", 62, 8)],
            ["storm split after 12 frames"],
        ),
        (  # the second piece moved
            [("storm", 0, 30), ("calm", 0, 5)],
            [("storm", 0, 12), ("calm", 0, 5), ("storm", 12, 18)],
            ["storm split after 12 frames, the second piece at frame 17"],
        ),
        (  # a clip that was split and trimmed
            [("storm", 0, 30)],
            [("storm", 0, 12), ("storm", 14, 16)],
            [
                "storm added at frame 12, 16 frames",
                "storm ends 18 frames earlier in its picture",
                "storm is 18 frames shorter: 30 to 12 frames",
                "the reel is 2 frames shorter: 30 to 28 frames",
            ],
        ),
        (
            [("a", 0, 5), ("b", 0, 5), ("c", 0, 5)],
            [("c", 0, 5), ("a", 0, 5), ("b", 0, 5)],
            ["c moved to the front"],
        ),
    ],
)
def test_changes_of_different_clips_do_not_suppress_each_other(
    before: Cut, after: Cut, lines: list[str]
) -> None:
    changes = compare(timeline_of(before), timeline_of(after), FPS, FPS)
    assert [line for change in changes for line in change.lines()] == lines


NAMES = st.sampled_from(["storm", "storm is over", "storm added", "storm ends", "calm"])
CUTS = st.lists(st.tuples(NAMES, st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8)


@given(CUTS, CUTS)
@example(  # two clips that could both have been split into the same pieces
    [("storm", 0, 10), ("storm", 0, 10)], [("storm", 0, 4), ("storm", 4, 6), ("storm", 0, 4)]
)
def test_every_clip_is_kept_removed_added_or_a_piece(before: Cut, after: Cut) -> None:
    changes = compare(timeline_of(before), timeline_of(after), FPS, FPS)
    clips, new_clips = (Counter(name for name, _, _ in cut) for cut in (before, after))
    found = {kind: Counter[str]() for kind in (ClipRemoved, ClipAdded, ClipSplit)}
    for change in changes:
        if isinstance(change, ClipRemoved | ClipAdded | ClipSplit):
            found[type(change)][change.clip] += 1
    assert found[ClipRemoved] == clips - new_clips
    assert found[ClipAdded] + found[ClipSplit] == new_clips - clips
    assert (changes == []) == (before == after)


def test_a_url_and_a_path_of_one_file_are_the_same() -> None:
    cuts = [timeline_of([("drone", 0, 9)]) for _ in range(2)]
    for cut, url in zip(cuts, ("file:///x/my%20clip.mov", "/x/my clip.mov"), strict=True):
        cut.tracks[0][0].media_reference = otio.schema.ExternalReference(url)
        audio = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
        audio.append(cut.tracks[0][0].deepcopy())
        cut.tracks.append(audio)
    assert compare(*cuts, FPS, FPS) == []


def test_changes_are_typed_records(tmp_path: Path) -> None:
    edit = Edit(tmp_path / "reel")
    cut_later(edit)
    edited = write_resolve(edit.timeline, edit.folder / "edited.otio")
    diff = diff_timelines(edit.folder / "reel.otio", edited)
    assert diff.changes == [
        ClipTrimmed("stairs", 0, 3, 40, 43),
        ClipTrimmed("storm", 3, 0, 30, 27),
        ClipMoved("storm", 3),
        TransitionChanged(
            "storm", TransitionTiming("dissolve", 6, 6), TransitionTiming("dissolve", 3, 3)
        ),
    ]


def test_json_has_kind_fields_and_text_of_each_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = Edit(tmp_path / "reel")
    longer(edit)
    edited = write_resolve(edit.timeline, edit.folder / "edited.otio")
    assert main(["diff", str(edit.folder / "reel.otio"), str(edited), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["changes"][1] == {
        "kind": "length_changed", "before": 90, "after": 96,
        "text": ["the reel is 6 frames longer: 90 to 96 frames"],
    }  # fmt: skip
    assert found["to_render"] == [{"slot": "stairs", "frames": 52, "media_frames": 46}]
    assert found["reused"] == 2


def test_a_swap_is_reported_once(tmp_path: Path) -> None:
    edit = Edit(tmp_path / "reel")
    edit.cut_only()
    before = edit.folder / "cuts.otio"
    edit.timeline.to_json_file(str(before))
    swapped(edit)
    edited = write_resolve(edit.timeline, edit.folder / "edited.otio")
    lines = diff_timelines(before, edited).lines()
    assert lines == ["stairs and storm swapped", REUSED]


def test_several_picture_tracks_are_in_order_as_they_are() -> None:
    def stacked(*cuts: Cut) -> otio.schema.Timeline:
        timeline = otio.schema.Timeline("reel")
        for number, cut in enumerate(cuts, 1):
            (track,) = timeline_of(cut).tracks
            track.name = f"V{number}"
            timeline.tracks.append(track.deepcopy())
        return timeline

    low, high = [("a", 0, 30), ("b", 0, 30)], [("c", 0, 9), ("d", 0, 40), ("e", 0, 5)]
    before = stacked(low, high)
    assert compare(before, before.deepcopy(), FPS, FPS) == []
    after = stacked(low, [high[2], *high[:2]])
    assert compare(before, after, FPS, FPS) == [ClipReordered("e on V2", None)]


def test_each_timeline_is_counted_at_its_own_rate(tmp_path: Path) -> None:
    paths = tmp_path / "24.otio", tmp_path / "30.otio"
    for path, fps in zip(paths, (24, 30), strict=True):
        timeline = timeline_of([("storm", 0, 0)])
        timeline.tracks[0][0].source_range = time_range(12, 48, Fraction(fps))
        timeline.to_json_file(str(path))
    assert diff_timelines(*paths).lines() == ["rate: 24 to 30 fps", "reused: 0 slots"]
    assert diff_timelines(*paths[::-1]).changes == [RateChanged(30, 24)]


def test_only_a_speed_that_shows_is_another() -> None:
    def played(speed: float) -> otio.schema.Timeline:
        timeline = timeline_of([("storm", 0, 30)])
        timeline.tracks[0][0].effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
        return timeline

    assert compare(played(2.2744101), played(2.2744102), FPS, FPS) == []
    (change,) = compare(played(2.27441), played(2.27442), FPS, FPS)
    assert change.lines() == ["storm plays at 227.442 % instead of 227.441 %"]


def test_the_length_is_that_of_the_timeline() -> None:
    def sounding(frames: int) -> otio.schema.Timeline:
        timeline = timeline_of([("storm", 0, 30)])
        track = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
        track.append(otio.schema.Gap(source_range=time_range(0, frames, FPS)))
        timeline.tracks.append(track)
        return timeline

    changes = compare(sounding(40), sounding(50), FPS, FPS)
    assert changes == [LengthChanged(40, 50)]
    assert changes[0].lines() == ["the reel is 10 frames longer: 40 to 50 frames"]


@pytest.mark.skipif(not FILES, reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_changes_from_a_timeline_of_another_program_to_itself(file: Path) -> None:
    try:
        diff = diff_timelines(file, file)
    except InputError:
        return  # Not a timeline, or one that its reader rejects.
    assert diff.changes == []
