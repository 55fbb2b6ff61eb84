"""Levels reach every editor format that has them, and come back."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.editors.bake_levels import bake_levels
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.levels import clip_levels
from otio_gvideo.compiler.timeline.media import media_file_name
from otio_gvideo.compiler.timeline.metadata import own_metadata
from otio_gvideo.compiler.timeline.rate import time_range

from . import resolve
from .levelled_cut import FPS, FRAMES, levelled_cut, windows
from .sample_cut import cut, media

WRITTEN = {".fcpxml": None, ".xml": None, ".otio": "resolve", ".aaf": None}
"""Formats whose clips have levels, and the editor to write for."""


def levels_of(timeline: otio.schema.Timeline) -> list[list[float]]:
    """Return the level of each audio clip at each of its frames, in dB."""
    found = []
    for track in timeline.audio_tracks():
        for placed in lay_out(track, FPS):
            if isinstance(placed.item, otio.schema.Clip):
                levels, length = clip_levels(placed.item), placed.frames / FPS
                frames = range(placed.frames + 1)
                found.append([max(-48, levels.db_at(f / FPS, length)) for f in frames])
    return found


def heard(timeline: otio.schema.Timeline, folder: Path) -> np.ndarray:
    """Return the level of each tenth of a second of a timeline's mix, in dBFS."""
    mix = read_mix(timeline, folder, FRAMES / FPS)
    assert not mix.warnings
    return windows(np.concatenate(list(mix.blocks()))[:, 0])


@pytest.mark.parametrize("suffix", WRITTEN)
def test_levels_survive_a_round_trip_to_a_tenth_of_a_decibel(suffix: str, tmp_path: Path) -> None:
    made = levelled_cut(tmp_path)
    path = tmp_path / f"out{suffix}"
    exported = export_timeline(tmp_path / "cut.otio", path, editor=WRITTEN[suffix])
    assert exported.warnings == ()
    back = read_timeline(path)
    baked = read_timeline(tmp_path / "cut.otio")
    assert bake_levels(baked, tmp_path, FPS) == []
    for mine, theirs in zip(levels_of(baked), levels_of(back), strict=True):
        assert np.abs(np.subtract(mine, theirs)).max() < 0.1
    # A format of whole frames moves the corners of a curve by part of a frame.
    assert np.abs(heard(made, tmp_path) - heard(back, tmp_path)).max() < 0.5


def test_baked_levels_sound_like_those_of_tracks(tmp_path: Path) -> None:
    made = levelled_cut(tmp_path)
    before = heard(made, tmp_path)
    bake_levels(made, tmp_path, Fraction(24))
    assert made.tracks[1].metadata["otio_gvideo"] == {"role": "music"}
    assert np.abs(heard(made, tmp_path) - before).max() < 0.01


def test_final_cut_gets_fades_and_keyframes_in_the_clips_own_time(tmp_path: Path) -> None:
    levelled_cut(tmp_path)
    path = export_timeline(tmp_path / "cut.otio", tmp_path / "out.fcpxml").path
    volumes = list(ElementTree.parse(path).getroot().iter("adjust-volume"))
    assert len(volumes) == 4
    fades = [[(e.tag, e.get("type"), e.get("duration")) for e in v.iter() if e.tag[:4] == "fade"]
             for v in volumes]  # fmt: skip
    assert fades == [
        [("fadeIn", "linear", "1s")],
        [("fadeOut", "linear", "2s")],
        [("fadeIn", "easeIn", "1/4s"), ("fadeOut", "easeIn", "1/2s")],
        [],
    ]
    assert volumes[2].get("amount") == "-4dB"
    keyed = volumes[3].findall("param/keyframeAnimation/keyframe")
    # The clip starts half a second into its file.
    assert [(e.get("time"), e.get("value")) for e in keyed] == [
        ("1s", "2dB"), ("2s", "-10dB"), ("3s", "-4dB")
    ]  # fmt: skip


def test_levels_of_a_file_that_resolve_wrote_are_read() -> None:
    made = read_timeline(Path(__file__).parents[2] / "data" / "otio" / "effects.otio")
    stated = [clip_levels(clip) for track in made.audio_tracks() for clip in track.find_clips()]
    constant = {round(one.gain_db, 2) for one in stated if len(one.points) == 1}
    assert constant == {-17.0, -11.0, -8.6, -5.0, -4.31, -4.0, 11.41, 13.86}
    keyed = next(one for one in stated if len(one.points) > 1)
    assert [(float(at * 24), round(db, 2)) for at, db in keyed.points] == [
        (96, 0), (194, -2), (241, -29.54)
    ]  # fmt: skip


def compiled(folder: Path) -> otio.schema.Timeline:
    """Return the cut as a compiled timeline, ``reel.otio``, with a rendered slot on V1."""
    made = resolve.compiled(folder)
    levels = levelled_cut(folder / "sounds")
    made.metadata["otio_gvideo"]["words"] = levels.metadata["otio_gvideo"]["words"]
    for track in levels.audio_tracks():
        made.tracks.append(track.deepcopy())
    made.to_json_file(str(folder / "reel.otio"))
    return made


def louder(path: Path) -> None:
    """Raise the last clip's level by 3 dB, as an editor does."""
    text = path.read_text()
    if path.suffix == ".otio":
        document = json.loads(text)
        sounds = [t for t in document["tracks"]["children"] if t["kind"] == "Audio"]
        clips = [c for c in sounds[-1]["children"] if c["OTIO_SCHEMA"].startswith("Clip")]
        stated = clips[-1]["effects"][-1]["metadata"]["Resolve_OTIO"]["Parameters"][0]
        for keyframe in stated["Key Frames"].values():
            keyframe["Value"] += 3
        path.write_text(json.dumps(document))
        return
    root = ElementTree.fromstring(text)
    if path.suffix == ".fcpxml":
        for keyframe in list(root.iter("adjust-volume"))[-1].iter("keyframe"):
            keyframe.set("value", f"{float((keyframe.get('value') or '')[:-2]) + 3}dB")
    else:
        effects = [e for e in root.iter("effect") if e.findtext("effectid") == "audiolevels"]
        for value in effects[-1].iterfind("parameter/keyframe/value"):
            value.text = str(float(value.text or 0) * 10 ** (3 / 20))
    path.write_text(ElementTree.tostring(root, "unicode"))


def forget(path: Path) -> None:
    """Remove our metadata from an OpenTimelineIO file, as Resolve does."""
    if path.suffix == ".otio":
        made = otio.adapters.read_from_file(str(path))
        for item in (made, *made.tracks, *made.find_children()):
            item.metadata.pop("otio_gvideo", None)
        made.to_json_file(str(path))


@pytest.mark.parametrize("suffix", WRITTEN)
def test_unchanged_levels_come_back_as_those_of_their_tracks(suffix: str, tmp_path: Path) -> None:
    made = compiled(tmp_path)
    path = tmp_path / f"edited{suffix}"
    export_timeline(tmp_path / "reel.otio", path, editor=WRITTEN[suffix])
    forget(path)
    back = reimport(path).timeline
    for before, after in zip(made.audio_tracks(), back.audio_tracks(), strict=True):
        assert own_metadata(after) == own_metadata(before)
        for mine, theirs in zip(before.find_clips(), after.find_clips(), strict=True):
            assert clip_levels(mine) == clip_levels(theirs)
    assert diff_timelines(tmp_path / "reel.otio", path).changes == []


@pytest.mark.parametrize("suffix", [suffix for suffix in WRITTEN if suffix != ".aaf"])
def test_a_changed_level_is_told_and_played(suffix: str, tmp_path: Path) -> None:
    made = compiled(tmp_path)
    path = tmp_path / f"edited{suffix}"
    export_timeline(tmp_path / "reel.otio", path, editor=WRITTEN[suffix])
    forget(path)
    louder(path)
    changes = diff_timelines(tmp_path / "reel.otio", path).changes
    assert [line for change in changes for line in change.lines()] == [
        "thunder is 3 dB louder from 4 s to 7 s"
    ]
    back = reimport(path).timeline
    change = heard(back, tmp_path) - heard(made, tmp_path)
    alone = heard(made, tmp_path) > -35
    # The music plays on under the clip, at a third of its level or less.
    assert np.abs(change[:38]).max() < 0.5
    assert change[alone][42:44].min() > 1
    assert own_metadata(back.audio_tracks()[1])["duck_db"] == 8


def test_a_file_without_levels_has_those_of_the_compiled_timeline(tmp_path: Path) -> None:
    made = compiled(tmp_path)
    path = export_timeline(tmp_path / "reel.otio", tmp_path / "edited.fcpxml").path
    root = ElementTree.parse(path).getroot()
    for element in root.iter():
        for volume in element.findall("adjust-volume"):
            element.remove(volume)
    path.write_text(ElementTree.tostring(root, "unicode"))
    reimported = reimport(path)
    assert "no sound levels; those of the compiled timeline" in str(reimported.warnings)
    assert np.abs(heard(reimported.timeline, tmp_path) - heard(made, tmp_path)).max() < 0.01


def test_the_sound_of_a_video_stays_sound_in_final_cut(tmp_path: Path) -> None:
    media(tmp_path, FPS)
    made = cut(tmp_path)
    video = made.tracks[0].find_clips()[0]
    own = otio.schema.Track("Own", kind=otio.schema.TrackKind.Audio)
    own.append(otio.schema.Clip("own", video.media_reference.deepcopy(), video.source_range))
    made.tracks.append(own)
    made.to_json_file(str(tmp_path / "cut.otio"))
    path = export_timeline(tmp_path / "cut.otio", tmp_path / "out.fcpxml").path
    back = read_timeline(path)
    assert [track.kind for track in back.tracks] == [track.kind for track in made.tracks]
    assert [clip.name for clip in back.audio_tracks()[-1].find_clips()] == ["own"]


def test_an_aaf_comes_back_without_effects(tmp_path: Path) -> None:
    levelled_cut(tmp_path)
    path = export_timeline(tmp_path / "cut.otio", tmp_path / "out.aaf").path
    back = read_timeline(path)
    items = (item for item in back.find_children() if isinstance(item, otio.core.Item))
    assert [effect.name for item in items for effect in item.effects] == []


CORPUS = Path(os.environ.get("OTIO_GVIDEO_CORPUS", "no corpus"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="OTIO_GVIDEO_CORPUS names no folder of timelines")
def test_levels_of_other_programs_are_read() -> None:
    """A clip gain of Avid within its volume, and fades and keyframes of Final Cut."""
    stated = {}
    for name in (
        "aaf__normalclip_sourceclip_references_compositionmob_has_also_mastermob_usercomments.aaf",
        "fcpk__TimelineWithSecondaryStorylineWithAudioKeyframes.fcpxml",
    ):
        for clip in read_timeline(CORPUS / name).find_clips():
            if clip_levels(clip).points:
                stated[str(clip.name)] = clip_levels(clip)
    assert stated["composition_and_master_md"].gain_db == pytest.approx(20, abs=0.01)
    music = stated["El_Huaynazo"]
    assert [round(level) for _, level in music.points] == [-3, -37, -37, -15, -15, -37]
    assert float(music.points[0][0]) == pytest.approx(6408403 / 720000)
    assert float(music.fade_out) == pytest.approx(6112587 / 720000)


OWN_SOUND = """<fcpxml version="1.10"><resources>
  <format id="r0" width="96" height="160" frameDuration="1/24s"/>
  <asset id="r1" name="drone" start="0s" duration="8s" hasVideo="1" hasAudio="1" format="r0">
    <media-rep kind="original-media" src="file:///drone.mp4"/></asset>
</resources><library><event><project name="cut"><sequence format="r0" duration="6s"><spine>
  <asset-clip ref="r1" name="heard" offset="0s" start="1s" duration="2s">
    <adjust-volume amount="-6dB"/></asset-clip>
  <asset-clip ref="r1" name="muted" offset="2s" duration="2s">
    <adjust-volume amount="-96dB"/></asset-clip>
  <asset-clip ref="r1" name="silent" offset="4s" srcEnable="video" duration="2s"/>
</spine></sequence></project></event></library></fcpxml>"""


def test_the_own_sound_of_pictures_is_played_as_final_cut_does(tmp_path: Path) -> None:
    path = tmp_path / "cut.fcpxml"
    path.write_text(OWN_SOUND)
    made = read_timeline(path)
    assert [clip.name for clip in made.video_tracks()[0].find_clips()] == [
        "heard", "muted", "silent"
    ]  # fmt: skip
    sounds = made.audio_tracks()[0].find_clips()
    assert [(clip.name, clip_levels(clip).gain_db) for clip in sounds] == [("heard", -6)]
    assert not [effect for clip in made.find_clips() for effect in clip.effects]


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml"])
def test_a_level_above_that_of_a_format_is_told(suffix: str, tmp_path: Path) -> None:
    made = levelled_cut(tmp_path)
    loud = made.tracks[2].find_clips()[0]
    loud.metadata["otio_gvideo"] = {"gain_db": 15.0}
    made.to_json_file(str(tmp_path / "cut.otio"))
    exported = export_timeline(tmp_path / "cut.otio", tmp_path / f"out{suffix}")
    told = f"thunder: its level of 15 dB becomes 12 dB, the highest level in {suffix}"
    assert exported.warnings == (told,)
    back = read_timeline(exported.path).audio_tracks()[1].find_clips()[0]
    assert clip_levels(back).gain_db == pytest.approx(12, abs=0.01)


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml"])
def test_the_sound_of_a_picture_clip_gets_an_audio_track(suffix: str, tmp_path: Path) -> None:
    made = levelled_cut(tmp_path)
    film = tmp_path / "film.mp4"
    still, sound = tmp_path / "still.png", tmp_path / "thunder.wav"
    inputs = ["-loop", "1", "-framerate", "24", "-i", str(still), "-i", str(sound), "-t", "2"]
    run([*inputs, "-shortest", *output_args(film)], what="making a film")
    shown = made.tracks[0][0]
    shown.media_reference = otio.schema.ExternalReference(str(film), time_range(0, 48, FPS))
    shown.source_range = time_range(0, 40, FPS)
    shown.metadata["otio_gvideo"] = {"sound_gain_db": -9.0}
    made.to_json_file(str(tmp_path / "cut.otio"))
    back = read_timeline(export_timeline(tmp_path / "cut.otio", tmp_path / f"out{suffix}").path)
    assert len(back.video_tracks()) == 1
    played = [
        (round(clip.duration().value), round(clip_levels(clip).gain_db, 2))
        for track in back.audio_tracks()
        for clip in track.find_clips()
        if media_file_name(clip.media_reference) == "film.mp4"
    ]
    assert played == [(40, -9.0)]
