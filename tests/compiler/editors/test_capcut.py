"""CapCut drafts, read back with pyCapCut: cuts, levels, captions, the list of media."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pycapcut
import pytest
from otio_gvideo.compiler.api.export import Exported, export_timeline
from otio_gvideo.compiler.backend.audio.ducking import duck_envelope
from otio_gvideo.compiler.backend.audio.mix import AudioTrack
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import HEIGHT, WIDTH, read_stamps
from .levelled_cut import levelled_cut
from .sample_cut import cut, media

FPS = Fraction(24)
FRAME = Fraction(1_000_000, 24)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the media once."""
    folder = tmp_path_factory.mktemp("material")
    media(folder, FPS)
    return folder


@pytest.fixture(autouse=True)
def _linked(material: Path, tmp_path: Path) -> None:
    """Link the media into every test's project."""
    for file in material.iterdir():
        (tmp_path / file.name).hardlink_to(file)


def _export(tmp_path: Path, timeline: otio.schema.Timeline, name: str = "cut.capcut") -> Exported:
    path = tmp_path / "cut.otio"
    otio.adapters.write_to_file(timeline, str(path))
    return export_timeline(path, tmp_path / name, editor="capcut")


def _draft(folder: Path) -> Any:
    """Return a draft as pyCapCut reads it, and equal for Windows and macOS."""
    assert (folder / "draft_content.json").read_bytes() == (folder / "draft_info.json").read_bytes()
    return pycapcut.ScriptFile.load_template(str(folder / "draft_content.json"))


def _segments(draft: Any, kind: str) -> list[list[dict[str, Any]]]:
    return [track["segments"] for track in draft.content["tracks"] if track["type"] == kind]


def _frames(span: dict[str, int]) -> tuple[int, int]:
    return round(span["start"] / FRAME), round((span["start"] + span["duration"]) / FRAME)


def _material(draft: Any, kind: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in draft.content["materials"][kind] if one["id"] == name)
    return dict(found)


def _transition(draft: Any, segment: dict[str, Any]) -> dict[str, Any] | None:
    found = [
        one
        for one in draft.content["materials"]["transitions"]
        if one["id"] in segment["extra_material_refs"]
    ]
    return found[0] if found else None


def test_cuts_and_frames_of_media_are_those_of_the_timeline(tmp_path: Path) -> None:
    exported = _export(tmp_path, cut(tmp_path))
    draft = _draft(exported.path)
    assert (draft.width, draft.height, draft.fps) == (WIDTH, HEIGHT, 24)
    pictures, over = _segments(draft, "video")
    spans = [_frames(segment["target_timerange"]) for segment in pictures]
    assert spans == [(0, 40), (40, 71), (71, 80), (80, 110), (110, 135), (135, 165)]
    assert [_frames(s["source_timerange"])[0] for s in pictures] == [0, 12, 0, 10, 8, 8]
    slow = pictures[3]
    assert (slow["speed"], _frames(slow["source_timerange"])) == (0.5, (10, 25))
    assert [_frames(segment["target_timerange"]) for segment in over] == [(50, 61)]
    assert draft.duration == 165 * FRAME
    blends = [_transition(draft, segment) for segment in pictures]
    shown = [(index, one["name"], one["duration"]) for index, one in enumerate(blends) if one]
    assert shown == [(0, "Dissolve", 500_000), (4, "Wipe Left", round(10 * FRAME))]


def test_a_gap_of_the_lowest_track_is_black_since_capcut_closes_gaps(tmp_path: Path) -> None:
    draft = _draft(_export(tmp_path, cut(tmp_path)).path)
    gap = _material(draft, "videos", _segments(draft, "video")[0][2]["material_id"])
    assert gap["type"] == "photo"
    assert Path(gap["path"]).name == "black.png"
    assert draft.content["config"]["maintrack_adsorb"] is False


def test_an_uneven_transition_keeps_its_frames(tmp_path: Path) -> None:
    timeline = cut(tmp_path)
    blend = timeline.tracks[0][1]
    blend.in_offset, blend.out_offset = time(2, FPS), time(10, FPS)
    draft = _draft(_export(tmp_path, timeline).path)
    first, second = _segments(draft, "video")[0][:2]
    assert _frames(first["target_timerange"]) == (0, 44)
    assert _frames(second["target_timerange"]) == (44, 71)
    assert _frames(second["source_timerange"])[0] == 12 + 4


def test_a_frozen_frame_is_a_still_of_it(tmp_path: Path) -> None:
    timeline = cut(tmp_path, plain=True)
    frozen = timeline.tracks[0][-1]
    frozen.effects.append(otio.schema.FreezeFrame())
    draft = _draft(_export(tmp_path, timeline).path)
    material = _material(draft, "videos", _segments(draft, "video")[0][-1]["material_id"])
    assert material["type"] == "photo"
    assert read_stamps(Path(material["path"])) == [400 + 8]


def test_what_a_draft_cannot_hold_is_named(tmp_path: Path) -> None:
    timeline = cut(tmp_path)
    timeline.tracks[0][4].effects[:] = [otio.schema.LinearTimeWarp(time_scalar=-1)]
    timeline.tracks[0][-2].metadata["otio_gvideo"]["transition"] = "circle_open"
    lines = _export(tmp_path, timeline).warnings
    assert "scene 2: plays backwards; written forwards" in lines
    assert "circle_open: written as a dissolve" in lines
    assert "markers of the timeline are left out" in lines


def test_every_medium_is_in_the_draft_and_in_its_list(tmp_path: Path) -> None:
    folder = _export(tmp_path, cut(tmp_path)).path
    draft = _draft(folder)
    listed = json.loads((folder / "draft_meta_info.json").read_text())["draft_materials"]
    known = {one["id"]: one for one in listed[0]["value"]}
    for kind in ("videos", "audios"):
        for material in draft.content["materials"][kind]:
            entry = known[material["local_material_id"]]
            assert entry["file_Path"] == material["path"]
            assert Path(material["path"]).is_relative_to(folder / "assets")
            assert Path(material["path"]).is_file()
    assert {one["metetype"] for one in known.values()} == {"video", "photo", "music"}


def test_a_missing_medium_keeps_its_path(tmp_path: Path) -> None:
    (tmp_path / "b 1.mp4").unlink()
    exported = _export(tmp_path, cut(tmp_path))
    assert any(notice.code == "missing" for notice in exported.warnings)
    draft = _draft(exported.path)
    segment = _segments(draft, "video")[0][1]
    material = _material(draft, "videos", segment["material_id"])
    assert material["path"] == str(tmp_path / "b 1.mp4")
    assert _frames(segment["target_timerange"]) == (40, 71)


def test_a_missing_sound_is_left_out_and_reported_once(tmp_path: Path) -> None:
    (tmp_path / "voice.wav").unlink()
    exported = _export(tmp_path, cut(tmp_path))
    told = [str(notice) for notice in exported.warnings if "voice" in str(notice)]
    assert told == [f"voice: its sound {tmp_path / 'voice.wav'} does not exist: left out"]
    assert not _segments(_draft(exported.path), "audio")


def test_levels_fades_and_ducking_are_those_of_the_mix(tmp_path: Path) -> None:
    timeline = cut(tmp_path, plain=True)
    words = [{"text": "one", "start": 1.0, "end": 1.4}, {"text": "two", "start": 5.0, "end": 5.3}]
    timeline.metadata["otio_gvideo"]["words"] = words
    track = otio.schema.Track("music", kind=otio.schema.TrackKind.Audio)
    reference = otio.schema.ExternalReference(str(tmp_path / "voice.wav"), time_range(0, 200, FPS))
    track.append(otio.schema.Clip("music", reference, time_range(6, 160, FPS)))
    track.metadata["otio_gvideo"] = {
        **{"role": "music", "gain_db": -5.0, "duck_db": 8.0},
        **{"fade_in": 1.0, "fade_out": 2.0},
    }
    timeline.tracks.append(track)
    draft = _draft(_export(tmp_path, timeline).path)
    ((segment,),) = (one["segments"] for one in draft.content["tracks"] if one["name"] == "music")
    assert _frames(segment["source_timerange"]) == (6, 166)
    assert segment["volume"] == pytest.approx(10 ** (-5 / 20), abs=1e-5)
    (fade,) = (
        one
        for one in draft.content["materials"]["audio_fades"]
        if one["id"] in segment["extra_material_refs"]
    )
    assert (fade["fade_in_duration"], fade["fade_out_duration"]) == (1_000_000, 2_000_000)
    (volume,) = segment["common_keyframes"]
    assert volume["property_type"] == "KFTypeVolume"
    points = [(one["time_offset"] / 1e6, one["values"][0]) for one in volume["keyframe_list"]]
    at = np.arange(0, 160 / 24, 0.01)
    written = 20 * np.log10(np.interp(at, *zip(*points, strict=True)))
    envelope = duck_envelope([(one["start"], one["end"]) for one in words])
    gain = AudioTrack((), gain_db=-5.0, duck_db=8.0).gain(
        np.round(at * SAMPLE_RATE).astype(np.int64), envelope
    )
    assert np.abs(written - 20 * np.log10(gain)).max() < 0.3


def test_keyframes_of_a_clips_level_are_kept(tmp_path: Path) -> None:
    levelled_cut(tmp_path)
    exported = export_timeline(tmp_path / "cut.otio", tmp_path / "cut.capcut", editor="capcut")
    draft = _draft(exported.path)
    segment = _segments(draft, "audio")[-1][-1]
    (volume,) = segment["common_keyframes"]
    points = {one["time_offset"]: one["values"][0] for one in volume["keyframe_list"]}
    decibels = {at: 20 * np.log10(points[at]) for at in (0, 500_000, 1_500_000, 2_500_000)}
    wanted = {0: 2, 500_000: 2, 1_500_000: -10, 2_500_000: -4}
    assert decibels == pytest.approx(wanted, abs=0.01)


def test_the_sound_of_a_picture_is_heard_once(tmp_path: Path) -> None:
    timeline = levelled_cut(tmp_path)
    movie = tmp_path / "movie.mp4"
    picture = [*input_args(tmp_path / "still.png", "-loop", "1"), *input_args(tmp_path / "bed.wav")]
    run([*picture, "-t", "10", "-pix_fmt", "yuv420p", *output_args(movie)], what="a movie")
    reference = otio.schema.ExternalReference(str(movie), time_range(0, 240, FPS))
    clip = otio.schema.Clip("movie", reference, time_range(0, 240, FPS))
    clip.metadata["otio_gvideo"] = {"sound_gain_db": -6.0}
    timeline.tracks[0][:] = [clip]
    draft = _draft(_export(tmp_path, timeline).path)
    ((shown,),) = _segments(draft, "video")
    assert shown["volume"] == 0.0
    (heard,) = _segments(draft, "audio")[-1]
    assert heard["volume"] == pytest.approx(10 ** (-6 / 20), abs=1e-5)
    assert Path(_material(draft, "audios", heard["material_id"])["path"]).name == "movie.mp4"


def test_crossfades_of_sound_go_to_two_tracks(tmp_path: Path) -> None:
    draft = _draft(_export(tmp_path, cut(tmp_path)).path)
    tracks = _segments(draft, "audio")
    for segments in tracks:
        ends = [_frames(segment["target_timerange"]) for segment in segments]
        assert all(one[1] <= other[0] for one, other in pairwise(ends))
    assert [[_frames(s["target_timerange"]) for s in track] for track in tracks] == [
        [(0, 70), (90, 165)],
        [(0, 84)],
        [(76, 165)],
    ]


def test_captions_are_texts_at_their_frames(tmp_path: Path) -> None:
    timeline = cut(tmp_path, plain=True)
    ours = timeline.metadata["otio_gvideo"]
    ours["words"] = [
        {"text": "Smile", "start": 1.0, "end": 1.4},
        {"text": "😀.", "start": 1.4, "end": 2.5},
        {"text": "Then", "start": 4.0, "end": 4.3},
        {"text": "go.", "start": 4.3, "end": 5.2},
    ]
    ours["captions"] = {"colour": "#ff0000"}
    draft = _draft(_export(tmp_path, timeline).path)
    (segments,) = _segments(draft, "text")
    assert [_frames(segment["target_timerange"]) for segment in segments] == [(24, 60), (96, 125)]
    material = _material(draft, "texts", segments[0]["material_id"])
    content = json.loads(material["content"])
    assert content["text"] == "Smile 😀."
    (style,) = content["styles"]
    assert style["range"] == [0, 9]  # Code units of UTF-16.
    assert style["fill"]["content"]["solid"]["color"] == [1.0, 0.0, 0.0]
    assert -1 < segments[0]["clip"]["transform"]["y"] < 0


def _store(folder: Path, *, platform: dict[str, Any] | None = None) -> Path:
    """Make CapCut's project folder with a project in it."""
    (folder / "0101").mkdir(parents=True)
    index = {"all_draft_store": [{"draft_name": "0101", "draft_fold_path": "/0101"}], "root": 1}
    (folder / "root_meta_info.json").write_text(json.dumps(index))
    if platform is not None:
        draft = {
            "platform": platform,
            "last_modified_platform": platform,
            "new_version": "183.0.0",
            "version": 360000,
        }
        (folder / "0101" / "draft_info.json").write_text(json.dumps(draft))
    return folder


def test_a_draft_in_capcuts_folder_is_listed_and_marked_as_its_neighbours(tmp_path: Path) -> None:
    platform = {"app_source": "cc", "app_version": "9.2.8", "os": "mac"}
    store = _store(tmp_path / "com.lveditor.draft", platform=platform)
    exported = _export(tmp_path, cut(tmp_path), "com.lveditor.draft/My reel v1.2")
    assert not [notice for notice in exported.warnings if "project folder" in notice]
    draft = _draft(store / "My reel v1.2")
    assert draft.content["platform"] == platform
    assert draft.content["new_version"] == "183.0.0"
    index = json.loads((store / "root_meta_info.json").read_text())
    assert index["root"] == 1
    assert [one["draft_name"] for one in index["all_draft_store"]] == ["My reel v1.2", "0101"]
    _export(tmp_path, cut(tmp_path), "com.lveditor.draft/My reel v1.2")
    again = json.loads((store / "root_meta_info.json").read_text())
    assert [one["draft_name"] for one in again["all_draft_store"]] == ["My reel v1.2", "0101"]


def test_encrypted_neighbours_are_a_warning(tmp_path: Path) -> None:
    store = _store(tmp_path / "com.lveditor.draft")
    (store / "0101" / "draft_content.json").write_bytes(b"\x9f\x01encrypted")
    exported = _export(tmp_path, cut(tmp_path), "com.lveditor.draft/reel")
    assert any("encrypted, as JianYing 6" in notice for notice in exported.warnings)


@pytest.mark.parametrize("changed", ["draft_info.json", "template-2.tmp"])
def test_a_draft_that_capcut_changed_is_never_replaced(tmp_path: Path, changed: str) -> None:
    folder = _export(tmp_path, cut(tmp_path)).path
    _export(tmp_path, cut(tmp_path))  # Unchanged: replaced.
    (folder / changed).write_text("{}")
    with pytest.raises(InputError, match="was changed since it was exported"):
        _export(tmp_path, cut(tmp_path))
    assert (folder / changed).read_text() == "{}"


def test_a_draft_takes_no_files_from_outside_the_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for file in tmp_path.iterdir():
        if file.is_file():
            file.rename(tmp_path / "elsewhere" / file.name)
    project = tmp_path / "project"
    project.mkdir()
    path = project / "cut.otio"
    otio.adapters.write_to_file(cut(tmp_path / "elsewhere"), str(path))
    assert main(["export", str(path), "--for", "capcut"]) == 2
    assert "allow it with --allow-outside" in capsys.readouterr().err
    assert not (project / "cut.capcut").exists()
    assert main(["export", str(path), "--for", "capcut", "--allow-outside"]) == 0
    assert capsys.readouterr().out.strip() == str(project / "cut.capcut")
    shutil.rmtree(tmp_path / "elsewhere")
    assert all(
        Path(material["path"]).is_file()
        for material in _draft(project / "cut.capcut").content["materials"]["videos"]
    )
