"""Reimport of each kind of edit, exact to the frame."""

from __future__ import annotations

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.compiler.timeline.slots import slot_of

from .edit import UNTOUCHED, Edit, kept
from .resolve import FPS, START, clips, kinds, write_resolve


def test_an_unedited_timeline_comes_back_unchanged(edit: Edit) -> None:
    back = edit.back()
    assert clips(back) == UNTOUCHED
    assert kept(back) == [True] * 3
    assert back.foreign == []
    # The wipe was exported to Resolve as a dissolve.
    assert kinds(back) == [("dissolve", 6, 6), ("wipe_left", 4, 4)]
    before = {c.name: slot_of(c).recipe for c in edit.track.find_clips()}  # type: ignore[union-attr]
    after = {c.name: slot_of(c).recipe for c in back.timeline.tracks[0].find_clips()}  # type: ignore[union-attr]
    assert before == after
    stated = back.timeline.metadata["otio_gvideo"]
    assert stated["output"]["width"] == 96
    assert [word["text"] for word in stated["words"]] == ["Up", "storm", "hush"]


def test_metadata_of_resolve_are_kept(edit: Edit) -> None:
    back = edit.back().timeline
    assert back.global_start_time == time(START, FPS)
    assert back.metadata["Resolve_OTIO"]["Resolve OTIO Meta Version"] == "1.0"
    assert all("Resolve_OTIO" in track.metadata for track in back.tracks)
    for item in back.tracks[0]:
        assert "Resolve_OTIO" in item.metadata
        if isinstance(item, otio.schema.Clip):
            assert item.effects[0].metadata["Resolve_OTIO"]["Effect Name"] == "Transform"


def test_a_moved_cut_takes_frames_from_the_handles(edit: Edit) -> None:
    edit.cut_only()
    edit.clip("stairs").source_range = time_range(0, 44, FPS)
    edit.clip("storm").source_range = time_range(10, 26, FPS)
    back = edit.back()
    assert clips(back) == [
        ("stairs", 0, 44, 0, 46), ("storm", 44, 26, 10, 40), ("breath", 70, 20, 4, 24)
    ]  # fmt: skip
    assert kept(back) == [True] * 3


def test_a_trimmed_clip_keeps_its_media(edit: Edit) -> None:
    edit.clip("storm").source_range = time_range(11, 20, FPS)
    back = edit.back()
    assert clips(back)[1] == ("storm", 40, 20, 11, 40)
    assert kept(back) == [True] * 3


def test_pieces_of_a_split_clip_share_one_file(edit: Edit) -> None:
    storm = edit.clip("storm")
    rest = storm.deepcopy()
    storm.source_range, rest.source_range = time_range(6, 12, FPS), time_range(18, 18, FPS)
    edit.track.insert(edit.track.index(storm) + 1, rest)
    back = edit.back()
    assert clips(back)[1:3] == [("storm", 40, 12, 6, 40), ("storm", 52, 18, 18, 40)]
    assert kept(back) == [True] * 4


def test_pieces_of_a_split_clip_share_extended_media(edit: Edit) -> None:
    edit.cut_only()
    storm = edit.clip("storm")
    rest = storm.deepcopy()
    storm.source_range, rest.source_range = time_range(6, 12, FPS), time_range(18, 40, FPS)
    edit.track.insert(edit.track.index(storm) + 1, rest)
    back = edit.back()
    first, second = back.rebuilt[1:3]
    assert first.recipe == second.recipe
    assert clips(back)[1:3] == [("storm", 40, 12, 6, 58), ("storm", 52, 40, 18, 58)]
    assert kept(back) == [True, False, False, True]


def test_a_duplicate_shows_the_same_file(edit: Edit) -> None:
    edit.cut_only()
    edit.track.append(edit.clip("storm").deepcopy())
    back = edit.back()
    assert clips(back)[3] == ("storm", 90, 30, 6, 40)
    assert kept(back) == [True] * 4


def test_a_longer_duplicate_leaves_the_first_alone(edit: Edit) -> None:
    edit.cut_only()
    copy = edit.clip("storm").deepcopy()
    copy.source_range = time_range(6, 50, FPS)
    edit.track.append(copy)
    back = edit.back()
    assert clips(back)[3] == ("storm", 90, 50, 6, 56)
    assert kept(back) == [True, True, True, False]


def test_swapped_clips_change_places(edit: Edit) -> None:
    edit.cut_only()
    edit.track.append(edit.track.pop(0))
    back = edit.back()
    assert [clip[:2] for clip in clips(back)] == [("storm", 0), ("breath", 30), ("stairs", 50)]
    assert kept(back) == [True] * 3


def test_a_deleted_clip_is_gone_and_its_gap_stays(edit: Edit) -> None:
    edit.cut_only()
    edit.track[1] = otio.schema.Gap(source_range=time_range(0, 30, FPS))
    back = edit.back()
    assert clips(back) == [UNTOUCHED[0], UNTOUCHED[2]]


def test_a_longer_clip_is_rendered_again_and_the_others_are_not(edit: Edit) -> None:
    edit.cut_only()
    edit.clip("breath").source_range = time_range(4, 48, FPS)
    back = edit.back()
    assert kept(back) == [True, True, False]
    shot = back.rebuilt[2].recipe.shot
    assert (shot.frames, shot.span, shot.start) == (52, 52, 0)
    assert (shot.head, shot.tail) == (4, 0)
    assert clips(back)[2] == ("breath", 70, 48, 4, 52)


def test_a_clip_that_begins_before_its_media_is_extended_at_the_front(edit: Edit) -> None:
    edit.cut_only()
    edit.clip("storm").source_range = time_range(-10, 46, FPS)
    back = edit.back()
    shot = back.rebuilt[1].recipe.shot
    assert (shot.frames, shot.span, shot.head, shot.tail) == (50, 50, 0, 4)
    assert clips(back)[1] == ("storm", 40, 46, 0, 50)


def test_a_longer_dissolve_extends_both_sides(edit: Edit) -> None:
    into = edit.transition_into("storm")
    into.in_offset = into.out_offset = time(10, FPS)
    back = edit.back()
    assert kinds(back)[0] == ("dissolve", 10, 10)
    assert kept(back) == [False, False, True]
    stairs, storm = (one.recipe for one in back.rebuilt[:2])
    assert (stairs.shot.frames, stairs.shot.tail) == (50, 10)
    assert (storm.shot.frames, storm.shot.head) == (44, 10)
    # The cut stays, and IDR frames allow a copy of the body without its transitions.
    assert clips(back)[1] == ("storm", 40, 30, 10, 44)
    assert {0, 10, 20} <= set(storm.idr)


def test_a_shorter_dissolve_changes_no_media(edit: Edit) -> None:
    into = edit.transition_into("storm")
    into.in_offset, into.out_offset = time(3, FPS), time(2, FPS)
    back = edit.back()
    assert kinds(back)[0] == ("dissolve", 3, 2)
    assert kept(back) == [True] * 3


def test_a_new_transition_needs_handles(edit: Edit) -> None:
    edit.cut_only()
    new = otio.schema.Transition("Cross Dissolve", "SMPTE_Dissolve", time(5, FPS), time(5, FPS))
    edit.track.insert(2, new)
    back = edit.back()
    assert kinds(back) == [("wipe_left", 5, 5)]
    assert kept(back) == [True, False, False]
    assert back.rebuilt[1].recipe.shot.tail == 5


def test_a_removed_transition_leaves_the_media(edit: Edit) -> None:
    edit.track.remove(edit.transition_into("storm"))
    back = edit.back()
    assert kinds(back) == [("wipe_left", 4, 4)]
    assert clips(back) == UNTOUCHED
    assert kept(back) == [True] * 3


@pytest.mark.parametrize(
    ("speed", "frames", "media"),
    [(2.0, 15, 40), (0.5, 60, 40), (2.0, 30, 65), (0.0, 100, 40)],
)
def test_a_retimed_clip_needs_the_frames_that_it_shows(
    edit: Edit, speed: float, frames: int, media: int
) -> None:
    edit.cut_only()
    storm = edit.clip("storm")
    warp = otio.schema.LinearTimeWarp(time_scalar=speed) if speed else otio.schema.FreezeFrame()
    storm.effects.append(warp)
    storm.source_range = time_range(6, frames, FPS)
    back = edit.back()
    assert clips(back)[1] == ("storm", 40, frames, 6, media)
    assert kept(back)[1] == (media == 40)
    assert back.timeline.tracks[0][1].effects[0].time_scalar == speed


def test_a_slipped_clip_shows_other_frames(edit: Edit) -> None:
    edit.cut_only()
    edit.clip("storm").source_range = time_range(9, 30, FPS)
    back = edit.back()
    assert clips(back)[1] == ("storm", 40, 30, 9, 40)
    assert kept(back) == [True] * 3


def test_a_file_in_older_schemas_is_read(edit: Edit) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    written = otio.adapters.read_from_file(str(path))
    versions = otio.versioning.fetch_map("OTIO_CORE", "0.14.0")
    otio.adapters.write_to_file(written, str(path), target_schema_versions=versions)
    assert '"Clip.1"' in path.read_text()
    again = reimport(path)
    assert clips(again) == UNTOUCHED
    text = again.timeline.to_json_string()
    assert otio.adapters.read_from_string(text, "otio_json").is_equivalent_to(again.timeline)
