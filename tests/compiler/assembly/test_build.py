"""Timelines are on whole frames, complete, and readable by any OTIO program."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.timeline.rate import exact_rate, whole_frames

from .reels import reel, timeline

RATES = [Fraction(24), Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)]
POLICIES = ["hold", "gap", "tighten"]


def picture(tl: otio.schema.Timeline) -> otio.schema.Track:
    return tl.video_tracks()[0]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_track_is_as_long_as_the_reel(fps: Fraction, policy: str) -> None:
    _, schedule = reel(fps, policy)
    for track in timeline(fps, policy).tracks:
        assert whole_frames(track.duration(), fps) == schedule.frames


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("policy", POLICIES)
def test_clips_lie_on_their_scheduled_frames(fps: Fraction, policy: str) -> None:
    _, schedule = reel(fps, policy)
    track = picture(timeline(fps, policy))
    ranges = track.range_of_all_children()
    found = {
        clip.name: (
            whole_frames(ranges[clip].start_time, fps),
            whole_frames(ranges[clip].end_time_exclusive(), fps),
        )
        for clip in track.find_clips()
    }
    expected = {s.name: (s.start, s.end) for scene in schedule.scenes for s in scene.slots}
    assert found == expected


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_time_is_a_whole_frame_at_one_rate(fps: Fraction, policy: str) -> None:
    tl = timeline(fps, policy)
    times = []
    for item in tl.tracks.find_children():
        if isinstance(item, otio.schema.Transition):
            times += [item.in_offset, item.out_offset]
        elif item.source_range is not None:
            times += [item.source_range.start_time, item.source_range.duration]
    assert times
    assert {value.rate for value in times} == {float(fps)}
    assert all(value.value == int(value.value) for value in times)


@pytest.mark.parametrize("policy", POLICIES)
def test_available_ranges_cover_bodies_and_handles(policy: str) -> None:
    for track in timeline(policy=policy).tracks:
        for item in track:
            if isinstance(item, otio.schema.Clip):
                before, after = neighbours(track, item)
                for key, reference in item.media_references().items():
                    available = reference.available_range
                    needed = otio.opentime.TimeRange.range_from_start_end_time(
                        item.source_range.start_time - before,
                        item.source_range.end_time_exclusive() + after,
                    )
                    assert available.start_time <= needed.start_time, (item.name, key)
                    assert available.end_time_exclusive() >= needed.end_time_exclusive()


def neighbours(
    track: otio.schema.Track, clip: otio.schema.Clip
) -> tuple[otio.opentime.RationalTime, otio.opentime.RationalTime]:
    """Return the frames before and after a clip that its transitions use."""
    zero = otio.opentime.RationalTime(0, clip.source_range.duration.rate)
    before, after = otio.schema.Track.neighbors_of(track, clip)
    return (
        before.in_offset if isinstance(before, otio.schema.Transition) else zero,
        after.out_offset if isinstance(after, otio.schema.Transition) else zero,
    )


def test_a_long_scene_is_several_slots_of_one_span() -> None:
    clips = [c for c in picture(timeline()).find_clips() if c.name.startswith("long")]
    assert [clip.name for clip in clips] == ["long", "long.2", "long.3"]
    recipes = [clip.media_references()["generator"].parameters for clip in clips]
    assert {recipe["span"] for recipe in recipes} == {sum(r["frames"] for r in recipes)}
    for before, after in pairwise(recipes):
        assert after["start"] == before["start"] + before["frames"]


def test_a_keyframe_at_a_word_is_at_its_start() -> None:
    _, schedule = reel()
    clip = next(c for c in picture(timeline()).find_clips() if c.name == "long")
    second = clip.media_references()["generator"].parameters["keyframes"][1]
    scene = schedule.scenes[3]
    said = round(float(scene.words[1].start) * 24) - scene.start
    assert abs(second["frame"] - scene.slots[0].head - said) <= 1


def test_words_and_markers_are_in_reel_time() -> None:
    _, schedule = reel()
    tl = timeline()
    words = tl.metadata["otio_gvideo"]["words"]
    assert [w["text"] for w in words] == [w.text for s in schedule.scenes for w in s.words]
    assert words[-1]["end"] == pytest.approx(24.5 + 1.5)
    markers = {m.name: m for m in tl.tracks.markers}
    assert list(markers) == [scene.id for scene in schedule.scenes]
    assert markers["storm"].marked_range.start_time.value == schedule.scenes[1].start


def test_the_narration_pauses_during_a_beat() -> None:
    voice = next(t for t in timeline().audio_tracks() if t.name == "A1")
    kinds = [type(item).__name__ for item in voice]
    assert kinds == ["Clip", "Gap", "Clip"]
    assert voice[1].source_range.duration.value == 36
    assert voice[2].source_range.start_time == voice[0].source_range.end_time_exclusive()


def test_a_tightened_pause_is_joined_by_a_crossfade() -> None:
    voice = next(t for t in timeline(policy="tighten").audio_tracks() if t.name == "A1")
    kinds = [type(item).__name__ for item in voice]
    assert kinds[:3] == ["Clip", "Transition", "Clip"]
    for item in voice:
        if isinstance(item, otio.schema.Transition):
            assert item.in_offset.value == item.out_offset.value == 1


def test_short_music_is_looped_over_its_seams() -> None:
    bed = next(t for t in timeline().audio_tracks() if t.name == "A2")
    assert sum(isinstance(item, otio.schema.Transition) for item in bed) >= 2


def test_otioconvert_reads_the_timeline(tmp_path: Path) -> None:
    source, copy = tmp_path / "reel.otio", tmp_path / "copy.otio"
    otio.adapters.write_to_file(timeline(), str(source))
    convert = Path(sys.executable).parent / "otioconvert"
    subprocess.run([convert, "-i", source, "-o", copy], check=True, timeout=60)
    assert otio.adapters.read_from_file(str(copy)).is_equivalent_to(timeline())


@pytest.mark.parametrize("fps", RATES)
def test_rates_survive_floating_point(fps: Fraction) -> None:
    assert exact_rate(float(fps)) == fps
    assert exact_rate(round(float(fps), 3)) == fps
