"""Levels reach every editor format that has them, and come back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.editors.bake_levels import bake_levels
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.levels import clip_levels

from .levelled_cut import FPS, FRAMES, levelled_cut, windows

WRITTEN = {".fcpxml": None, ".xml": None, ".otio": "resolve"}
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
