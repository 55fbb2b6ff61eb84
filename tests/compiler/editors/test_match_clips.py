"""Clips from an editor are matched to slots by media, stills or names."""

from __future__ import annotations

import json
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.timeline.rate import time_range

from .edit import UNTOUCHED, Edit, kept
from .resolve import FPS, START, clips, write_resolve


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
    back = edit.back()
    assert clips(back) == UNTOUCHED
    what = "/nowhere/proxy.mov does not exist; the slot of that name is shown"
    assert back.warnings == [f"{name}: {what}" for name in ("stairs", "storm", "breath")]


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
