"""Sounds start at their places; looped music keeps its beat across every seam."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.assembly.audio_tracks import Sound, effect_tracks, music_track
from otio_gvideo.compiler.assembly.music_bars import Beat, MusicLoop, last_bar_line, loop_on_bars
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.samples import SAMPLE_RATE
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.sync import edit

from .reels import reel

FPS = Fraction(24)
DOOR, THUNDER = Path("/sounds/door.wav"), Path("/sounds/thunder.wav")
LENGTHS = {DOOR: Fraction(1, 2), THUNDER: Fraction(4)}
AT = model.ScenePlace


def laid(**sounds: list[model.SoundEffect]) -> tuple[edit.Schedule, list[otio.schema.Track]]:
    script, schedule = reel()
    scenes = tuple(replace(s, sounds=tuple(sounds.get(s.id, ()))) for s in script.scenes)
    return schedule, effect_tracks(replace(script, scenes=scenes), schedule, LENGTHS)


def placed(track: otio.schema.Track) -> list[tuple[str, int, int]]:
    ranges = track.range_of_all_children()
    return [
        (clip.name, int(ranges[clip].start_time.value), int(ranges[clip].duration.value))
        for clip in track.find_clips()
    ]


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (AT("start"), lambda scene: scene.start),
        (AT("seconds", Fraction(3, 4)), lambda scene: scene.start + 18),
        (AT("fraction", Fraction(2, 5)), lambda s: s.start + round((s.end - s.start - 1) * 0.4)),
        (AT("word", word="storm"), lambda _: round(4.3 * 24)),
        (AT("end"), lambda scene: scene.end - 12),
        (AT("seconds", Fraction(500)), lambda scene: scene.end - 1),
    ],
)
def test_a_sound_starts_at_its_place(at: model.ScenePlace, wanted: object) -> None:
    schedule, (track,) = laid(storm=[model.SoundEffect(DOOR, at, gain_db=-3.0)])
    scene = next(scene for scene in schedule.scenes if scene.id == "storm")
    assert placed(track) == [("door", wanted(scene), 12)]  # type: ignore[operator]
    assert track.duration().value == schedule.frames
    (clip,) = track.find_clips()
    assert clip.metadata["otio_gvideo"]["gain_db"] == -3.0
    assert clip.metadata["otio_gvideo"]["scene"] == "storm"


def test_overlapping_sounds_are_on_separate_tracks() -> None:
    start = AT("start")
    schedule, tracks = laid(
        stairs=[model.SoundEffect(THUNDER, start), model.SoundEffect(DOOR, start)],
        storm=[model.SoundEffect(DOOR, AT("seconds", Fraction(2)))],
    )
    assert [track.name for track in tracks] == ["A3", "A4"]
    assert [len(placed(track)) for track in tracks] == [2, 1]
    assert all(track.duration().value == schedule.frames for track in tracks)


def test_sounds_are_trimmed_to_the_reel() -> None:
    schedule, (track,) = laid(long=[model.SoundEffect(THUNDER, AT("seconds", Fraction(15)))])
    ((_, start, frames),) = placed(track)
    assert start + frames == schedule.frames
    first = replace(reel()[1].scenes[0], end=48)
    script, schedule = reel()
    scenes = (replace(script.scenes[0], sounds=(model.SoundEffect(THUNDER, AT("end")),)),)
    short = replace(schedule, scenes=(first,))
    (track,) = effect_tracks(replace(script, scenes=scenes), short, LENGTHS)
    (clip,) = track.find_clips()
    assert placed(track) == [("thunder", 0, 48)]
    assert clip.source_range.start_time.value == 48  # its first two seconds would be too early


def test_without_sounds_no_track_is_built() -> None:
    assert laid()[1] == []


seconds = st.integers(1, 60_000).map(lambda n: Fraction(n, 1000))


@given(
    length=seconds,
    first=st.integers(0, 5000).map(lambda n: Fraction(n, 1000)),
    bar=st.integers(200, 9000).map(lambda n: Fraction(n, 1000)),
    total=seconds,
)
def test_the_beat_continues_across_every_seam(
    length: Fraction, first: Fraction, bar: Fraction, total: Fraction
) -> None:
    beat, margin = Beat(first, bar), Fraction(1, 12)
    stretches = loop_on_bars(length, beat, total, margin)
    assert stretches[0].start == 0
    for before, after in pairwise(stretches):
        assert before.end == after.start
        bars = (before.source + before.end - before.start - after.source) / bar
        assert bars == floor(bars) >= 1
        assert after.source >= min(margin, bar)
    for stretch in stretches:
        assert stretch.source + stretch.end - stretch.start <= length
    looped = length - first >= 2 * bar or (first >= margin and length - first >= bar)
    assert stretches[-1].end == (total if looped else min(length, total))
    line = last_bar_line(stretches, beat)
    assert 0 < line <= stretches[-1].end


def test_the_last_bar_line_is_where_a_bar_ends() -> None:
    beat = Beat(Fraction(1, 2), Fraction(2))
    stretches = [MusicLoop(Fraction(0), Fraction(9), Fraction(0))]
    assert last_bar_line(stretches, beat) == Fraction(17, 2)
    short = [MusicLoop(Fraction(0), Fraction(1, 4), Fraction(0))]
    assert last_bar_line(short, beat) == Fraction(1, 4)


def clicks(path: Path, bpm: int, first: float, length: float) -> Sound:
    """Return clicks on every beat, higher on every fourth."""
    beat = 60 / bpm
    place = f"(t-{first})"
    click = f"between(mod({place},{beat}),0,0.004)*gte({place},0)"
    pitch = f"(1000+1500*lt(mod({place},{4 * beat}),{beat / 2}))"
    source = f"aevalsrc='0.8*{click}*sin(2*PI*{pitch}*mod({place},{beat}))':s=48000:d={length}"
    run(["-f", "lavfi", "-i", source, *output_args(path)], what="making clicks")
    return Sound(path, Fraction(length).limit_denominator(1000))


@pytest.mark.parametrize(("first", "length"), [(0.0, 60 / 97 * 8), (0.31, 60 / 97 * 8 + 1)])
def test_looped_clicks_stay_on_the_beat_to_the_sample(
    first: float, length: float, tmp_path: Path
) -> None:
    bed = clicks(tmp_path / "clicks.wav", 97, first, length)
    music = model.Music(
        bed.path, 0.0, 0.0, fade_in=Fraction(0), fade_out=Fraction(0),
        bpm=Fraction(97), first_beat=Fraction(first).limit_denominator(1000),
    )  # fmt: skip
    _, schedule = reel()
    timeline = otio.schema.Timeline("t")
    timeline.tracks.append(music_track(music, bed, schedule))
    heard = np.concatenate(list(read_mix(timeline, tmp_path, schedule.frames / FPS).blocks()))
    beat = 60 / 97 * SAMPLE_RATE
    loud = np.flatnonzero(np.abs(heard[:, 0]) > 0.03)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-10_000) > 2000)]
    numbers = (starts - first * SAMPLE_RATE) / beat
    assert len(starts) == floor((schedule.frames / 24 - first) / (60 / 97) - 1e-9) + 1
    assert np.abs(numbers - np.round(numbers)).max() * beat < 4
    # Every fourth click is high, also after a seam.
    for start in starts[:-1]:
        click = heard[start : start + 190, 0]
        crossings = int((np.diff(np.signbit(click)) != 0).sum())
        bar = round((start - first * SAMPLE_RATE) / beat) % 4
        assert (crossings > 12) == (bar == 0), start


def test_music_may_end_on_a_bar(tmp_path: Path) -> None:
    _, schedule = reel()
    music = model.Music(Path("/bed.flac"), bpm=Fraction(120), end_on="bar")
    track = music_track(music, Sound(music.audio, Fraction(7)), schedule)
    clips = list(track.find_clips())
    end = track.range_of_all_children()[clips[-1]].end_time_exclusive().value / 24
    # 120 beats a minute make bars of two seconds; the reel is 26.5 s long.
    assert schedule.frames / 24 == 26.5
    assert end == 26.0
    assert track.duration().value == schedule.frames


def test_attack_and_release_reach_the_track() -> None:
    _, schedule = reel()
    music = model.Music(Path("/bed.flac"), attack=Fraction(1, 10), release=Fraction(2))
    track = music_track(music, Sound(music.audio, Fraction(7)), schedule)
    stated = track.metadata["otio_gvideo"]
    assert (stated["attack"], stated["release"]) == (0.1, 2.0)
