"""Dissolves beside gaps, and equal clips in several places, in formats of Final Cut."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.timeline.layout import lay_out
from otio_gvideo.compiler.timeline.rate import time, time_range

from .sample_cut import media

FPS = Fraction(24)


def clip(path: Path) -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(str(path), time_range(0, 60, FPS))
    return otio.schema.Clip(path.stem, reference, time_range(10, 20, FPS))


def gap(frames: int) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, FPS))


def dissolve() -> otio.schema.Transition:
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    return otio.schema.Transition("dissolve", kind, time(4, FPS), time(6, FPS))


def there_and_back(folder: Path, suffix: str, *tracks: otio.schema.Track) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("gaps")
    timeline.tracks.extend(tracks)
    timeline.metadata["otio_gvideo"] = {"output": {"width": 96, "height": 160, "fps": "24/1"}}
    timeline.to_json_file(str(folder / "cut.otio"))
    return read_timeline(export_timeline(folder / "cut.otio", folder / f"out{suffix}").path)


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".aaf"])
def test_dissolves_from_and_to_gaps_keep_their_frames(suffix: str, tmp_path: Path) -> None:
    media(tmp_path, FPS)
    video, voice = tmp_path / "a 0.mp4", tmp_path / "voice.wav"
    tracks = []
    for kind, file in (("Video", video), ("Video", video), ("Audio", voice)):
        items = [clip(file), dissolve(), gap(20), dissolve(), clip(file)]
        tracks.append(otio.schema.Track(kind, items, kind=kind))
    back = there_and_back(tmp_path, suffix, *tracks)
    assert [track.kind for track in back.tracks] == ["Video", "Video", "Audio"]
    for track in back.tracks:
        placed = lay_out(track, FPS)
        spans = [(p.end - p.out.before, p.end + p.out.after) for p in placed if p.out is not None]
        assert spans == [(16, 26), (36, 46)]
        # The frame of the media that a clip shows at frame 0 of the reel.
        clips = [p for p in placed if p.is_clip]
        assert [p.media_start - p.start for p in clips] == [10, -30]


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".aaf"])
def test_equal_clips_stay_in_their_places(suffix: str, tmp_path: Path) -> None:
    media(tmp_path, FPS)
    voice = tmp_path / "voice.wav"
    picture = otio.schema.Track("V", [clip(tmp_path / "a 0.mp4")], kind="Video")
    sound = otio.schema.Track("A", [clip(voice), gap(10), clip(voice)], kind="Audio")
    back = there_and_back(tmp_path, suffix, picture, sound)
    found = [(p.start, p.frames) for p in lay_out(back.audio_tracks()[0], FPS) if p.is_clip]
    assert found == [(0, 20), (30, 20)]
