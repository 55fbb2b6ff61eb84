"""Reimport of each kind of edit, exact to the frame."""

from __future__ import annotations

import json
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.editors.reimport import ReimportedTimeline, reimport
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.compiler.timeline.slots import slot_of

from .resolve import FPS, SLOTS, START, clips, compiled, kinds, recipe_of, write_resolve

UNTOUCHED = [("stairs", 0, 40, 0, 46), ("storm", 40, 30, 6, 40), ("breath", 70, 20, 4, 24)]


class Edit:
    """A compiled timeline to edit, and to reimport from a file as Resolve writes it."""

    def __init__(self, folder: Path, *, rendered: bool = True):
        self.folder = folder
        self.timeline = compiled(folder, rendered=rendered)
        self.track = self.timeline.tracks[0]

    def clip(self, name: str) -> otio.schema.Clip:
        return next(c for c in self.track.find_clips() if c.name == name)

    def transition_into(self, name: str) -> otio.schema.Transition:
        return self.track[self.track.index(self.clip(name)) - 1]

    def cut_only(self) -> None:
        """Remove all transitions."""
        for item in [i for i in self.track if isinstance(i, otio.schema.Transition)]:
            self.track.remove(item)

    def back(self) -> ReimportedTimeline:
        return reimport(write_resolve(self.timeline, self.folder / "edited.otio"))


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    return Edit(tmp_path / "reel")


def kept(reimported: ReimportedTimeline) -> list[bool]:
    return [one.is_unchanged for one in reimported.rebuilt]


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


def test_foreign_clips_are_left_alone(edit: Edit, tmp_path: Path) -> None:
    own = tmp_path / "drone.mov"
    own.write_bytes(b"theirs")
    edit.cut_only()
    # A foreign clip with the name of a slot; its file decides.
    clip = otio.schema.Clip(
        "storm", otio.schema.ExternalReference(str(own), time_range(0, 99, FPS)),
        time_range(10, 25, FPS),
    )  # fmt: skip
    edit.track.append(clip)
    back = edit.back()
    assert back.foreign == ["storm"]
    last = back.timeline.tracks[0][-1]
    assert last.media_reference.target_url == str(own)
    assert last.source_range == time_range(10, 25, FPS)
    assert len(back.rebuilt) == 3


def test_media_that_begin_at_a_timecode_count_from_it(edit: Edit) -> None:
    edit.cut_only()
    storm = edit.clip("storm")
    storm.media_reference.available_range = time_range(START, 40, FPS)
    storm.source_range = time_range(START + 8, 20, FPS)
    assert clips(edit.back())[1] == ("storm", 40, 20, 8, 40)


@pytest.mark.parametrize("name", ["{stem}.mov", "{stem}_proxy.mp4", "/other/disk/{stem}.mp4"])
def test_media_are_matched_by_file_name_in_any_folder(edit: Edit, name: str) -> None:
    for clip in edit.track.find_clips():
        stem = Path(clip.media_reference.target_url).stem
        clip.media_reference.target_url = name.format(stem=stem)
        clip.name = "Clip"
    back = edit.back()
    assert clips(back) == UNTOUCHED
    assert kept(back) == [True] * 3
    for clip in back.timeline.tracks[0].find_clips():
        assert Path(clip.media_reference.target_url).is_file()


def test_clips_with_missing_media_are_matched_by_clip_name(edit: Edit) -> None:
    for clip in edit.track.find_clips():
        clip.media_reference.target_url = "/nowhere/proxy.mov"
    assert clips(edit.back()) == UNTOUCHED


def test_stills_are_matched_before_anything_is_rendered(tmp_path: Path) -> None:
    edit = Edit(tmp_path / "reel", rendered=False)
    edit.cut_only()
    # Editors start stills at any frame.
    edit.clip("storm").source_range = time_range(0, 34, FPS)
    edit.clip("storm").media_reference.available_range = time_range(0, 1, FPS)
    back = edit.back()
    assert clips(back) == [("stairs", 0, 40, 0, 46), ("storm", 40, 34, 0, 40),
                           ("breath", 74, 20, 4, 24)]  # fmt: skip
    assert kept(back) == [True] * 3


def test_without_the_compiled_timeline_the_sidecars_suffice(edit: Edit) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    (edit.folder / "reel.otio").unlink()
    back = reimport(path)
    assert back.known_slots.compiled is None
    assert clips(back) == UNTOUCHED
    assert kept(back) == [True] * 3


def test_the_compiled_timeline_may_be_given(edit: Edit, tmp_path: Path) -> None:
    elsewhere = tmp_path / "downloads"
    elsewhere.mkdir()
    path = write_resolve(edit.timeline, elsewhere / "edited.otio")
    document = path.read_text().replace(json.dumps(str(edit.folder))[1:-1], "/not/here")
    path.write_text(document)
    assert reimport(path).rebuilt == []
    back = reimport(path, compiled=edit.folder / "reel.otio")
    assert clips(back) == UNTOUCHED


def test_words_are_retimed_with_the_narration(edit: Edit) -> None:
    voice = edit.timeline.tracks[1]
    whole = voice[0]
    tail = whole.deepcopy()
    # The narration from 1.5 s to 3 s is cut: "storm" is dropped, "hush" is 36 frames earlier.
    whole.source_range, tail.source_range = time_range(0, 36, FPS), time_range(72, 18, FPS)
    voice.append(tail)
    back = edit.back()
    words = back.timeline.metadata["otio_gvideo"]["words"]
    assert [(word["text"], word["start"]) for word in words] == [("Up", 0.5), ("hush", 1.7)]


def test_words_that_are_retimed_already_stay(edit: Edit) -> None:
    edit.timeline.metadata["otio_gvideo"]["words"] = [
        {"scene": "stairs", "text": "Up", "start": 0.1, "end": 0.2}
    ]
    voice = edit.timeline.tracks[1][0]
    voice.source_range = time_range(30, 60, FPS)
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    back = reimport(edit.folder / "edited.otio")
    assert [word["start"] for word in back.timeline.metadata["otio_gvideo"]["words"]] == [0.1]


def test_a_dissolve_with_metadata_stays_a_dissolve(edit: Edit) -> None:
    into = edit.transition_into("breath")
    into.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
    into.metadata["otio_gvideo"]["transition"] = "dissolve"
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    assert kinds(reimport(edit.folder / "edited.otio"))[1] == ("dissolve", 4, 4)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Edge Wipe", "wipe_left"), ("Dip To Color Dissolve", "fade_black"), ("Push", "push_left")],
)
def test_transitions_of_editors_become_ours(edit: Edit, name: str, kind: str) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    document = json.loads(path.read_text())
    transition = document["tracks"]["children"][0]["children"][1]
    transition |= {"name": name, "transition_type": "Custom_Transition"}
    path.write_text(json.dumps(document))
    back = reimport(path)
    assert kinds(back)[0] == (kind, 6, 6)
    assert back.warnings == []


def test_an_unknown_transition_is_reported_and_becomes_a_dissolve(edit: Edit) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    document = json.loads(path.read_text())
    transition = document["tracks"]["children"][0]["children"][1]
    transition |= {"name": "Venetian Blinds", "transition_type": "Custom_Transition"}
    path.write_text(json.dumps(document))
    back = reimport(path)
    assert kinds(back)[0] == ("dissolve", 6, 6)
    assert back.warnings == ["storm: unknown transition 'Venetian Blinds'; replaced by a dissolve"]
    assert back.timeline.tracks[0][1].name == "Venetian Blinds"


def test_an_edl_as_resolve_writes_it(edit: Edit) -> None:
    names = [Path(c.media_reference.target_url).name for c in edit.track.find_clips()]
    lines = [
        "TITLE: Timeline 1",
        "FCM: NON-DROP FRAME",
        "",
        "001  AX       V     C        00:00:00:00 00:00:01:16 01:00:00:00 01:00:01:16  ",
        f"* FROM CLIP NAME: {names[0]}",
        "",
        "002  AX       V     C        00:00:00:10 00:00:01:06 01:00:01:16 01:00:02:12  ",
        f"* FROM CLIP NAME: {names[1]}",
    ]
    path = edit.folder / "Timeline 1.edl"
    path.write_text("\n".join(lines) + "\n")
    back = reimport(path)
    assert clips(back) == [("stairs", 0, 40, 0, 46), ("storm", 40, 20, 10, 40)]
    assert [track.kind for track in back.timeline.tracks] == ["Video", "Audio"]


FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.10">
  <resources>
    <format id="r0" name="FFVideoFormatRateUndefined" width="96" height="160"
            frameDuration="1/24s"/>
    <asset id="r1" name="storm" start="0/1s" duration="40/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://localhost{storm}"/>
    </asset>
    <asset id="r2" name="stairs" start="0/1s" duration="46/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{stairs}"/>
    </asset>
    <asset id="r3" name="voice" start="0/1s" duration="90/24s" hasAudio="1">
      <media-rep kind="original-media" src="file://{voice}"/>
    </asset>
    <effect id="r4" name="Basic Title" uid=".../Basic Title"/>
  </resources>
  <library><event name="Timeline 1"><project name="Timeline 1">
    <sequence format="r0" duration="100/24s" tcStart="3600/1s" tcFormat="NDF">
      <spine>
        <asset-clip ref="r1" name="storm" offset="3600/1s" start="8/24s" duration="20/24s"
                    format="r0">
          <asset-clip ref="r3" name="voice" lane="-1" offset="8/24s" start="0s"
                      duration="90/24s"/>
          <title ref="r4" name="A title" lane="1" offset="12/24s" duration="10/24s"/>
        </asset-clip>
        <transition name="Cross Dissolve" offset="86416/24s" duration="8/24s"/>
        <asset-clip ref="r2" name="stairs" offset="86420/24s" start="4/24s" duration="30/24s"
                    format="r0">
          <timeMap>
            <timept time="0s" value="0s" interp="linear"/>
            <timept time="92/24s" value="46/24s" interp="linear"/>
          </timeMap>
        </asset-clip>
        <gap name="Gap" offset="86450/24s" start="3600s" duration="50/24s"/>
      </spine>
    </sequence>
  </project></event></library>
</fcpxml>
"""


def test_fcpxml_as_resolve_and_final_cut_write_it(edit: Edit) -> None:
    files = {c.name: c.media_reference.target_url for c in edit.track.find_clips()}
    path = edit.folder / "Timeline 1.fcpxml"
    path.write_text(FCPXML.format(**files, voice=edit.folder / "voice.wav"))
    back = reimport(path)
    assert clips(back) == [("storm", 0, 20, 8, 40), ("stairs", 20, 30, 2, 46)]
    assert kinds(back) == [("dissolve", 4, 4)]
    assert back.timeline.tracks[0][2].effects[0].time_scalar == 0.5
    assert [track.name for track in back.timeline.tracks] == ["V1", "V2", "A1"]
    assert back.timeline.tracks[1].range_of_child_at_index(1).start_time == time(4, FPS)
    assert back.timeline.audio_tracks()[0].metadata["otio_gvideo"]["role"] == "narration"
    assert back.timeline.global_start_time == time(START, FPS)


def test_a_slot_that_follows_another_follows_its_new_media(edit: Edit) -> None:
    from otio_gvideo.renderers.run.recipe import recipe_key

    stairs, storm = edit.clip("stairs"), edit.clip("storm")
    references = storm.media_references()
    recipe = slot_of(storm).stated | {"follows": recipe_key(slot_of(stairs).recipe)}  # type: ignore[union-attr]
    references["generator"].parameters.update(recipe)
    storm.set_media_references(references, "DEFAULT_MEDIA")
    edit.cut_only()
    stairs.source_range = time_range(0, 60, FPS)
    edit.timeline.to_json_file(str(edit.folder / "edited.otio"))
    back = reimport(edit.folder / "edited.otio")
    assert back.rebuilt[1].recipe.follows == recipe_key(back.rebuilt[0].recipe)
    assert kept(back) == [False, False, True]


def long_scene(
    folder: Path, first: tuple[int, int], second: tuple[int, int], gap: int
) -> ReimportedTimeline:
    """Reimport an edited scene of two parts, 50 frames each of a span of 100.

    Args:
        folder: for the files.
        first, second: first media frame and length of each part.
        gap: frames between them.
    """
    compiled(folder)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for part, (begin, frames) in enumerate((first, second)):
        recipe = recipe_of("stairs", folder) | {
            "start": 50 * part, "span": 100, "frames": 50, "head": 0, "tail": 0, "idr": [0],
        }  # fmt: skip
        image = recipe["keyframes"][0]["image"]
        recipe["keyframes"] = [{"image": image, "frame": frame} for frame in (0, 30, 99)]
        media = time_range(0, 50, FPS)
        clip = otio.schema.Clip(f"gale{part}", source_range=time_range(begin, frames, FPS))
        clip.set_media_references(
            {
                "DEFAULT_MEDIA": otio.schema.ExternalReference(image, media),
                "generator": otio.schema.GeneratorReference(
                    f"gale{part}", "otio_gvideo.shot", media, recipe
                ),
            },
            "DEFAULT_MEDIA",
        )
        if part and gap:
            track.append(otio.schema.Gap(source_range=time_range(0, gap, FPS)))
        track.append(clip)
    timeline = otio.schema.Timeline("long")
    timeline.tracks.append(track)
    timeline.to_json_file(str(folder / "long.otio"))
    return reimport(folder / "long.otio")


def test_a_moved_cut_within_a_scene_changes_no_timing(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (0, 56), (6, 44), 0)
    assert kept(back) == [False, True]
    shot = back.rebuilt[0].recipe.shot
    assert (shot.start, shot.frames, shot.span) == (0, 56, 100)
    assert [k.frame for k in shot.keyframes] == [0, 30, 99]


def test_parts_that_continue_each_other_are_timed_anew_together(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (-5, 55), (0, 60), 0)
    assert kept(back) == [False, False]
    first, second = (one.recipe for one in back.rebuilt)
    assert first.shot.span == second.shot.span == 115
    assert (first.shot.start, first.shot.frames) == (0, 55)
    assert (second.shot.start, second.shot.frames) == (55, 60)
    # Keyframes at the ends stay there; others keep their time.
    assert [k.frame for k in first.shot.keyframes] == [0, 35, 114]
    assert first.shot.keyframes == second.shot.keyframes


def test_separated_parts_are_extended_separately(tmp_path: Path) -> None:
    back = long_scene(tmp_path / "x", (0, 50), (0, 60), 12)
    assert kept(back) == [True, False]
    assert back.rebuilt[1].recipe.shot.span == 110


offsets = st.integers(0, 8)


@given(
    order=st.permutations(list(SLOTS)),
    starts=st.lists(st.integers(-12, 30), min_size=3, max_size=3),
    lengths=st.lists(st.integers(17, 60), min_size=3, max_size=3),
    around=st.lists(st.tuples(offsets, offsets), min_size=2, max_size=2),
)
def test_media_hold_all_frames_that_an_edit_shows(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[str],
    starts: list[int],
    lengths: list[int],
    around: list[tuple[int, int]],
) -> None:
    edit = Edit(tmp_path_factory.mktemp("any") / "reel")
    edit.cut_only()
    named = {clip.name: clip for clip in edit.track.find_clips()}
    edit.track[:] = []
    position = 0
    wanted = []
    for index, name in enumerate(order):
        clip = named[name]
        clip.source_range = time_range(starts[index], lengths[index], FPS)
        if index and sum(around[index - 1]):
            before, after = around[index - 1]
            edit.track.append(
                otio.schema.Transition(
                    "Cross Dissolve", "SMPTE_Dissolve", time(before, FPS), time(after, FPS)
                )
            )
        edit.track.append(clip)
        wanted.append((name, position, lengths[index]))
        position += lengths[index]
    back = edit.back()
    assert [clip[:3] for clip in clips(back)] == wanted
    for index, (one, (_, _, frames, begin, media)) in enumerate(
        zip(back.rebuilt, clips(back), strict=True)
    ):
        head = around[index - 1][0] if index else 0
        tail = around[index][1] if index < 2 else 0
        # Every visible frame is in the media, and is the same frame of the picture as before.
        assert begin - head >= 0
        assert begin + frames + tail <= media == one.recipe.shot.frames
        assert one.recipe.shot.start + media <= one.recipe.shot.span
        moved = one.recipe.shot.span - one.use.slot.recipe.shot.span
        assert moved >= 0
        needed = starts[index] - head >= 0 and (
            starts[index] + frames + tail <= one.use.slot.recipe.shot.frames
        )
        assert one.is_unchanged == needed
        assert all(0 <= place < media for place in one.recipe.idr)


def test_the_file_is_valid_for_old_and_new_readers(edit: Edit) -> None:
    path = write_resolve(edit.timeline, edit.folder / "edited.otio")
    assert (
        json.loads(path.read_text())["tracks"]["children"][0]["children"][0]["OTIO_SCHEMA"]
        == "Clip.1"
    )
    again = reimport(path).timeline
    text = again.to_json_string()
    assert otio.adapters.read_from_string(text, "otio_json").is_equivalent_to(again)
