"""A file for DaVinci Resolve has the shape of the files that Resolve writes."""

from __future__ import annotations

import json
import os
import wave
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.media.ffmpeg import run
from otio_gvideo.compiler.timeline.media import source_start
from otio_gvideo.compiler.timeline.rate import time_range

from .resolve import FPS
from .sample_cut import cut, media

CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))
OF_RESOLVE = [f for f in sorted(CORPUS.glob("ayon__*.otio")) if "Resolve_OTIO" in f.read_text()]

_ITEM = {"metadata", "name", "source_range", "effects", "markers", "enabled"}
SHAPES = {
    "Timeline.1": {"metadata", "name", "global_start_time", "tracks"},
    "Stack.1": _ITEM | {"children"},
    "Track.1": _ITEM | {"children", "kind"},
    "Clip.2": _ITEM | {"media_references", "active_media_reference_key"},
    "Gap.1": _ITEM,
    "Transition.1": {"metadata", "name", "in_offset", "out_offset", "transition_type"},
    "ExternalReference.1": {
        *("metadata", "name", "available_range", "available_image_bounds", "target_url"),
    },
    "LinearTimeWarp.1": {"metadata", "name", "effect_name", "time_scalar"},
    "Marker.2": {"metadata", "name", "color", "marked_range", "comment"},
    "TimeRange.1": {"start_time", "duration"},
    "RationalTime.1": {"rate", "value"},
}
"""The schemas of a timeline that Resolve 19 exported, and the keys of each."""
NEWER = {"color", "enabled"}
"""Keys of items and effects that a newer OpenTimelineIO writes."""
AUDIO_TRACK = {"Audio Type": "Mono", "Locked": False, "SoloOn": False}
CHANNELS = [{"Source Channel ID": 0, "Source Track ID": 0}]
"""Resolve's metadata of an audio track, and of a clip of one channel on it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut")
    media(folder, FPS)
    return folder


def exported(timeline: otio.schema.Timeline, folder: Path, editor: str = "resolve") -> Any:
    source = folder / "source.otio"
    timeline.to_json_file(str(source))
    path = export_timeline(source, folder / f"{editor}.otio", editor=editor).path
    return json.loads(path.read_text())


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a document, without those in metadata."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one)
    elif isinstance(value, dict):
        if "OTIO_SCHEMA" in value:
            yield value
        yield from objects([one for key, one in value.items() if key != "metadata"])


def of_schema(document: Any, name: str) -> list[dict[str, Any]]:
    return [one for one in objects(document) if one["OTIO_SCHEMA"] == name]


def own(item: dict[str, Any]) -> dict[str, Any]:
    return dict(item["metadata"]["Resolve_OTIO"])


def test_a_file_for_resolve_has_the_schemas_and_keys_of_its_own(folder: Path) -> None:
    document = exported(cut(folder), folder)
    seen = set()
    for one in objects(document):
        expected = SHAPES[one["OTIO_SCHEMA"]] | {"OTIO_SCHEMA"}
        assert expected <= set(one) <= expected | NEWER
        seen.add(one["OTIO_SCHEMA"])
    assert seen == set(SHAPES)
    assert own(document) == {"Resolve OTIO Meta Version": "1.0"}
    for clip in of_schema(document, "Clip.2"):
        (key, reference), *others = clip["media_references"].items()
        assert (key, others) == (clip["active_media_reference_key"], [])
        assert Path(reference["target_url"]).is_absolute()
        assert reference["name"] == Path(reference["target_url"]).name
        assert reference["available_range"] is not None


def test_sound_has_its_layout_and_its_channels(folder: Path) -> None:
    timeline = cut(folder)
    with wave.open(str(folder / "stereo.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0\0\0" * 16000)
    reference = otio.schema.ExternalReference(str(folder / "stereo.wav"), time_range(0, 48, FPS))
    track = otio.schema.Track("music", kind=otio.schema.TrackKind.Audio)
    track.append(otio.schema.Clip("bed", reference, time_range(0, 48, FPS)))
    timeline.tracks.append(track)
    tracks = exported(timeline, folder)["tracks"]["children"]
    pictures = [own(t) for t in tracks if t["kind"] == "Video"]
    assert pictures == [{"Locked": False}] * len(pictures)
    *mono, stereo = [t for t in tracks if t["kind"] == "Audio"]
    for one in mono:
        assert own(one) == AUDIO_TRACK
        assert all(own(clip)["Channels"] == CHANNELS for clip in of_schema(one, "Clip.2"))
    assert own(stereo) == AUDIO_TRACK | {"Audio Type": "Stereo"}
    (clip,) = of_schema(stereo, "Clip.2")
    second = {"Source Channel ID": 1, "Source Track ID": 0}
    assert own(clip)["Channels"] == [*CHANNELS, second]


def test_a_picture_is_linked_with_its_own_sound_alone(folder: Path) -> None:
    timeline = cut(folder)
    sound = otio.schema.Track("own", kind=otio.schema.TrackKind.Audio)
    first, *others = timeline.tracks[0].find_clips()
    sound.append(first.deepcopy())
    timeline.tracks.append(sound)
    tracks = exported(timeline, folder)["tracks"]["children"]
    linked = [c for t in tracks for c in of_schema(t, "Clip.2") if "Link Group ID" in own(c)]
    assert [(c["name"], own(c)["Link Group ID"]) for c in linked] == [("scene 0", 1)] * 2
    assert others


def first_frames(clip: dict[str, Any]) -> tuple[int, ...]:
    """Return the first frames of a clip's media, of the clip, and of its markers."""
    spans = [clip["media_references"]["DEFAULT_MEDIA"]["available_range"], clip["source_range"]]
    spans += [marker["marked_range"] for marker in clip["markers"]]
    return tuple(int(span["start_time"]["value"]) for span in spans)


@pytest.mark.parametrize("fps", [FPS, Fraction(24000, 1001)])
def test_clips_count_in_the_timecode_of_their_media(tmp_path: Path, fps: Fraction) -> None:
    media(tmp_path, fps)
    stamped = tmp_path / "stamped.mov"
    args = ["-i", str(tmp_path / "a 0.mp4"), "-c", "copy", "-timecode", "01:00:00:00"]
    run([*args, str(stamped)], what="stamp")
    timeline = cut(tmp_path, fps)
    clip = next(iter(timeline.tracks[0].find_clips()))
    start = int(clip.source_range.start_time.value)
    clip.media_reference.target_url = str(stamped)
    clip.markers.append(otio.schema.Marker("here", time_range(start + 3, 1, fps)))
    document = exported(timeline, tmp_path)
    first, second, *_ = of_schema(document, "Clip.2")
    assert first_frames(first) == (86400, 86400 + start, 86400 + start + 3)
    assert first_frames(second)[0] == 0
    back = read_timeline(tmp_path / "resolve.otio")
    assert source_start(next(iter(back.tracks[0].find_clips()))) == start / fps


def test_markers_have_their_notes(folder: Path) -> None:
    markers = of_schema(exported(cut(folder), folder)["tracks"]["markers"], "Marker.2")
    assert [own(m)["Note"] for m in markers] == ["about the first", "about the second"]
    assert all(own(m)["Keywords"] == [] for m in markers)


def test_a_transition_is_a_dissolve_unless_resolve_wrote_it(folder: Path) -> None:
    timeline = cut(folder)
    document = exported(timeline, folder)
    transitions = of_schema(document, "Transition.1")
    assert {t["transition_type"] for t in transitions} == {"SMPTE_Dissolve"}
    assert {t["name"] for t in transitions} == {"Cross Dissolve"}
    wipe = next(i for i in timeline.tracks[0] if isinstance(i, otio.schema.Transition))
    wipe.name, wipe.transition_type = "Edge Wipe", otio.schema.TransitionTypes.Custom
    wipe.metadata.clear()
    wipe.metadata["Resolve_OTIO"] = {"Transition Type": "Edge Wipe"}
    kept = of_schema(exported(timeline, folder), "Transition.1")[0]
    assert (kept["name"], kept["transition_type"]) == ("Edge Wipe", "Custom_Transition")
    assert own(kept) == {"Transition Type": "Edge Wipe"}


def test_the_packed_file_has_the_same_shape(folder: Path) -> None:
    cut(folder).to_json_file(str(folder / "source.otio"))
    path = export_timeline(folder / "source.otio", folder / "r.otioz", editor="resolve").path
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("content.otio"))
        names = archive.namelist()
    assert {one["OTIO_SCHEMA"] for one in objects(document)} == set(SHAPES)
    for reference in of_schema(document, "ExternalReference.1"):
        assert reference["target_url"] in names


def test_the_old_file_has_the_schemas_before_several_references(folder: Path) -> None:
    document = exported(cut(folder), folder, "resolve-18")
    assert not of_schema(document, "Clip.2")
    clips = of_schema(document, "Clip.1")
    assert all(c["media_reference"]["OTIO_SCHEMA"] == "ExternalReference.1" for c in clips)
    assert own(document) == {"Resolve OTIO Meta Version": "1.0"}


@pytest.mark.skipif(not OF_RESOLVE, reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
@pytest.mark.parametrize("file", OF_RESOLVE, ids=lambda file: file.stem)
def test_metadata_of_resolves_own_files_are_kept(file: Path, tmp_path: Path) -> None:
    stated = json.loads(file.read_text())
    for one in objects(stated):
        if one["OTIO_SCHEMA"] in SHAPES:
            assert set(one) - {"OTIO_SCHEMA"} == SHAPES[one["OTIO_SCHEMA"]]
    path = export_timeline(file, tmp_path / "again.otio", editor="resolve").path
    (clip,) = of_schema(json.loads(path.read_text()), "Clip.2")
    assert own(clip) == own(stated)
    assert [own(m) for m in clip["markers"]] == [own(m) for m in stated["markers"]]
    ours, theirs = ([e for e in c["effects"] if e["metadata"]] for c in (clip, stated))
    assert [own(e) for e in ours] == [own(e) for e in theirs]
    (ours,), (theirs,) = (list(c["media_references"].values()) for c in (clip, stated))
    assert (ours["OTIO_SCHEMA"], ours["name"]) == (theirs["OTIO_SCHEMA"], theirs["name"])
