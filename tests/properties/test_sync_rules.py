"""The rules of sync (``docs/sync.md``), one property or more for each."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from otio_gvideo.compiler.sync.cuts import LEAD, cut_in_pause
from otio_gvideo.compiler.sync.edit import SceneInput, Schedule, SilencePolicy, VoiceSource
from otio_gvideo.compiler.sync.schedule import HOLD, lay_end_to_end, make_schedule
from otio_gvideo.compiler.sync.split import split_scene
from otio_gvideo.compiler.sync.transitions import fit_transitions, frames_after, frames_before
from otio_gvideo.compiler.sync.types import Interval, Word

from .strategies import RATES, Reel, rates, reels, seconds, silences

TEN_HOURS = Fraction(36000)


def scheduled(reel: Reel, policy: SilencePolicy = HOLD) -> Schedule:
    return make_schedule(reel.scenes, reel.sources, reel.fps, policy)


def numbers(value: object) -> list[object]:
    """Every leaf of nested dataclasses and tuples."""
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in numbers(item)]
    names = getattr(value, "__slots__", None)
    if names and not isinstance(value, Fraction):
        return [leaf for name in names for leaf in numbers(getattr(value, name))]
    return [value]


@given(reels(), silences())
def test_rule_1_times_are_fractions_and_frames_are_ints(reel: Reel, policy: SilencePolicy) -> None:
    assert not [leaf for leaf in numbers(scheduled(reel, policy)) if isinstance(leaf, float)]


@given(seconds(0, 36_000_000), seconds(0, 5000), rates)
@example(Fraction(1), Fraction(1, 50), Fraction(24))
def test_rule_2_a_cut_lies_in_its_pause_as_close_to_the_lead_as_possible(
    start: Fraction, length: Fraction, fps: Fraction
) -> None:
    pause = Interval(start, start + length)
    cut = cut_in_pause(pause, fps)
    assert pause.start <= cut.time <= pause.end or length < 1 / fps
    frames = range(math.ceil(pause.start * fps), math.floor(pause.end * fps) + 1)
    target = max(pause.start, pause.end - LEAD)
    if frames:
        distance = abs(Fraction(cut.frame) / fps - target)
        assert cut.frame in frames
        assert distance == min(abs(Fraction(frame) / fps - target) for frame in frames)
    else:
        assert length < 1 / fps


@given(reels(beats=False, timed=False))
def test_rule_2_cuts_between_spoken_scenes_lie_in_the_pause_between_them(reel: Reel) -> None:
    schedule = scheduled(reel)
    for before, after in pairwise(schedule.scenes):
        pause = Interval(before.words[-1].end, after.words[0].start)
        crowded = after.start - before.start <= 1 or after.end - after.start <= 1
        if pause.duration >= 1 / reel.fps and not crowded:
            assert pause.start <= after.start / reel.fps <= pause.end
            assert pause.start <= after.cut <= pause.end


@given(reels(), silences())
def test_rule_3_a_cut_is_within_half_a_frame_of_its_time(reel: Reel, policy: SilencePolicy) -> None:
    for scene in scheduled(reel, policy).scenes:
        assert abs(Fraction(scene.start) / reel.fps - scene.cut) <= 1 / (2 * reel.fps)


@given(st.data(), rates)
def test_rule_3_error_does_not_accumulate_over_ten_hours(
    data: st.DataObject, fps: Fraction
) -> None:
    early = data.draw(reels(beats=False))
    late = make_schedule(
        [
            SceneInput(
                scene.id,
                tuple(Word(w.text, w.start + TEN_HOURS, w.end + TEN_HOURS) for w in scene.words),
                scene.time and Interval(scene.time.start + TEN_HOURS, scene.time.end + TEN_HOURS),
            )
            for scene in early.scenes
        ],
        [VoiceSource(0, early.duration + TEN_HOURS)],
        fps,
    )
    for scene in late.scenes[1:]:
        assert abs(Fraction(scene.start) / fps - scene.cut) <= 1 / (2 * fps)


@given(reels(), silences())
def test_rule_4_scenes_and_gaps_partition_the_reel(reel: Reel, policy: SilencePolicy) -> None:
    schedule = scheduled(reel, policy)
    stretches = sorted((p.start, p.end) for p in (*schedule.scenes, *schedule.gaps))
    assert stretches[0][0] == 0
    assert stretches[-1][1] == schedule.frames
    assert all(start < end for start, end in stretches)
    assert all(before[1] == after[0] for before, after in pairwise(stretches))


@given(reels(beats=False), silences(policies=("hold", "gap")))
def test_rule_4_the_reel_is_as_long_as_the_narration(reel: Reel, policy: SilencePolicy) -> None:
    assert scheduled(reel, policy).frames == math.ceil(reel.duration * reel.fps)


@given(reels(), silences(policies=("hold", "gap")))
def test_rule_4_beats_add_their_length_within_half_a_frame(
    reel: Reel, policy: SilencePolicy
) -> None:
    beats = [scene.beat for scene in reel.scenes if scene.beat is not None]
    added = scheduled(reel, policy).frames - math.ceil(reel.duration * reel.fps)
    assert abs(added - sum(beats, Fraction(0)) * reel.fps) <= max(
        Fraction(1, 2), len([b for b in beats if b * reel.fps < 1])
    )


@given(reels(), silences())
def test_rule_5_no_frame_belongs_to_two_transitions(reel: Reel, policy: SilencePolicy) -> None:
    schedule = scheduled(reel, policy)
    covered = [(t.cut - t.before, t.cut + t.after) for t in schedule.transitions]
    assert all(before[1] <= after[0] for before, after in pairwise(covered))
    assert all(start >= 0 and end <= schedule.frames for start, end in covered)
    stretches = {p.start: p for p in (*schedule.scenes, *schedule.gaps)}
    ends = {p.end: p for p in (*schedule.scenes, *schedule.gaps)}
    for transition in schedule.transitions:
        assert transition.before <= transition.after <= transition.before + 1
        after, before = stretches[transition.cut], ends[transition.cut]
        assert transition.after <= after.end - after.start
        assert transition.before <= before.end - before.start


@given(reels(), silences())
def test_rule_5_transitions_never_move_a_cut(reel: Reel, policy: SilencePolicy) -> None:
    plain = [SceneInput(s.id, s.words, s.time, s.beat) for s in reel.scenes]
    without = make_schedule(plain, reel.sources, reel.fps, policy)
    assert [s.start for s in scheduled(reel, policy).scenes] == [s.start for s in without.scenes]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1))
def test_rule_5_transitions_are_never_longer_than_requested_and_shortened_only_without_room(
    stretches: list[tuple[int, int]],
) -> None:
    lengths, wanted = [s[0] for s in stretches], [s[1] for s in stretches]
    granted = fit_transitions(lengths, wanted)
    for index in range(1, len(stretches)):
        assert granted[index] <= wanted[index]
        following = wanted[index + 1] if index + 1 < len(stretches) else 0
        preceding = wanted[index - 1] if index > 1 else 0
        room_after = lengths[index] >= frames_after(wanted[index]) + frames_before(following)
        room_before = lengths[index - 1] >= frames_after(preceding) + frames_before(wanted[index])
        if room_after and room_before and wanted[index] >= 2:
            assert granted[index] == wanted[index]


@given(reels(), silences())
def test_rule_6_media_cover_body_and_handles(reel: Reel, policy: SilencePolicy) -> None:
    schedule = scheduled(reel, policy)
    slots = [slot for scene in schedule.scenes for slot in scene.slots]
    first_of = {scene.start: scene.slots[0] for scene in schedule.scenes}
    last_of = {scene.end: scene.slots[-1] for scene in schedule.scenes}
    for transition in schedule.transitions:
        assert first_of[transition.cut].head == transition.before
        if transition.cut in last_of:
            assert last_of[transition.cut].tail == transition.after
    assert sum(s.head + s.tail for s in slots) <= sum(
        t.before + t.after for t in schedule.transitions
    )


@given(reels(), silences())
def test_rule_6_slots_partition_their_scene(reel: Reel, policy: SilencePolicy) -> None:
    for scene in scheduled(reel, policy).scenes:
        assert scene.slots[0].start == scene.start
        assert scene.slots[-1].end == scene.end
        assert all(a.end == b.start for a, b in pairwise(scene.slots))
        assert all(a.span_start + a.frames == b.span_start for a, b in pairwise(scene.slots))
        assert scene.slots[-1].span_start + scene.slots[-1].frames == scene.slots[-1].span


@given(reels(), silences())
def test_rule_6_slots_of_long_scenes_are_two_to_ten_seconds(
    reel: Reel, policy: SilencePolicy
) -> None:
    for scene in scheduled(reel, policy).scenes:
        lengths = [slot.end - slot.start for slot in scene.slots]
        assert max(lengths) <= 10 * reel.fps
        if len(lengths) > 1:
            assert min(lengths) >= 2 * reel.fps


@given(reels(), silences())
def test_rule_6_a_framing_changes_in_a_pause_of_a_scene_that_may_cut_in(
    reel: Reel, policy: SilencePolicy
) -> None:
    for source, scene in zip(reel.scenes, scheduled(reel, policy).scenes, strict=True):
        for slot in scene.slots:
            if slot.cuts_in:
                assert source.may_cut_in
                cut = Fraction(slot.start) / reel.fps
                assert not any(word.start < cut < word.end for word in scene.words)


@given(st.integers(241, 2400), st.sets(st.integers(0, 2400)), st.sets(st.integers(0, 2400)))
def test_rule_6_a_scene_is_split_at_pauses_if_possible(
    frames: int, pauses: set[int], words: set[int]
) -> None:
    splits = split_scene(frames, 48, 240, pauses, words)
    only_pauses = _can_split(frames, pauses)
    assert not only_pauses or set(splits) <= pauses
    assert not _can_split(frames, pauses | words) or set(splits) <= pauses | words


def _can_split(frames: int, places: set[int]) -> bool:
    reached = {0}
    for place in [*sorted(p for p in places if p < frames), frames]:
        if any(48 <= place - start <= 240 for start in reached):
            reached.add(place)
    return frames in reached


@given(reels(), silences(), st.lists(seconds(0, 200_000), min_size=2))
def test_rule_7_the_time_map_is_monotone_with_slopes_of_one_and_zero(
    reel: Reel, policy: SilencePolicy, times: list[Fraction]
) -> None:
    time_map = scheduled(reel, policy).time_map
    for early, late in pairwise(sorted(times)):
        start, end = time_map.start_of(early), time_map.start_of(late)
        assert start <= end
        assert time_map.end_of(early) <= time_map.end_of(late)
        assert time_map.end_of(early) <= start
        inserted = sum(s.beat or 0 for s in reel.scenes) + Fraction(len(reel.scenes)) / reel.fps
        assert end - start <= late - early + inserted


@given(reels(), silences(), st.lists(seconds(0, 300_000), min_size=1))
def test_rule_7_every_time_with_narration_maps_back_and_forth(
    reel: Reel, policy: SilencePolicy, times: list[Fraction]
) -> None:
    time_map = scheduled(reel, policy).time_map
    for time in times:
        source = time_map.to_narration(time)
        if source is not None:
            assert time_map.start_of(source) == time
        else:
            assert all(
                not piece.reel <= time * reel.fps < piece.reel + piece.frames
                for piece in time_map.pieces
            )


@given(reels(), silences())
def test_rule_7_words_keep_their_length_and_their_order_under_every_policy(
    reel: Reel, policy: SilencePolicy
) -> None:
    schedule = scheduled(reel, policy)
    seams = [Fraction(piece.source) / reel.fps for piece in schedule.time_map.pieces]
    for given_scene, scene in zip(reel.scenes, schedule.scenes, strict=True):
        for spoken, heard in zip(given_scene.words, scene.words, strict=True):
            # A beat between two words without a pause may split one: no frame starts between them.
            split = [seam for seam in seams if spoken.start < seam < spoken.end]
            if not split:
                assert heard.end - heard.start == spoken.end - spoken.start
            assert schedule.time_map.to_narration(heard.start) in {spoken.start, *split}
    words = [word for scene in schedule.scenes for word in scene.words]
    assert all(a.end <= b.start for a, b in pairwise(words))


def _reel_without_pauses(*ends: Fraction) -> Reel:
    """Two words around a beat of a second."""
    one, two = (Word("word", start, end) for start, end in pairwise([Fraction(0), *ends]))
    beat = SceneInput("beat", beat=Fraction(1))
    scenes = (SceneInput("one", words=(one,)), beat, SceneInput("two", words=(two,)))
    return Reel(scenes, ends[-1], Fraction(24))


@given(reels(), silences())
@example(_reel_without_pauses(Fraction(99, 100), Fraction(2)), HOLD)
@example(_reel_without_pauses(Fraction(101, 100), Fraction(2)), HOLD)
def test_rule_7_no_word_lasts_through_a_beat(reel: Reel, policy: SilencePolicy) -> None:
    schedule = scheduled(reel, policy)
    words = [word for scene in schedule.scenes for word in scene.words]
    for given_scene, scene in zip(reel.scenes, schedule.scenes, strict=True):
        if given_scene.beat is not None:
            start, end = scene.start / reel.fps, scene.end / reel.fps
            assert all(word.end <= start or end <= word.start for word in words)


@given(reels(), silences())
def test_rule_7_voice_clips_are_the_pieces_of_the_time_map(
    reel: Reel, policy: SilencePolicy
) -> None:
    schedule = scheduled(reel, policy)
    for clip in schedule.voice:
        time = Fraction(clip.start) / reel.fps
        assert schedule.time_map.start_of(time) == Fraction(clip.reel) / reel.fps
    assert all(a.reel + a.frames <= b.reel for a, b in pairwise(schedule.voice))


@given(reels(beats=False, timed=False), silences(policies=("tighten",)))
def test_rule_7_tighten_leaves_no_long_pause_and_cuts_no_word(
    reel: Reel, policy: SilencePolicy
) -> None:
    words = [w for scene in scheduled(reel, policy).scenes for w in scene.words]
    longest = max(policy.longer_than, policy.keep + 2 / reel.fps)
    assert all(b.start - a.end <= longest for a, b in pairwise(words))


@given(reels(beats=False, timed=False), silences(policies=("gap",)))
def test_rule_7_gaps_lie_in_pauses_between_scenes(reel: Reel, policy: SilencePolicy) -> None:
    schedule = scheduled(reel, policy)
    for gap in schedule.gaps:
        before = next(s for s in schedule.scenes if s.end == gap.start)
        after = next(s for s in schedule.scenes if s.start == gap.end)
        pause = after.words[0].start - before.words[-1].end
        assert pause > policy.longer_than
        assert Fraction(gap.end) / reel.fps <= after.words[0].start


@given(reels(), silences())
def test_rule_8_the_same_input_gives_the_same_schedule(reel: Reel, policy: SilencePolicy) -> None:
    assert repr(scheduled(reel, policy)) == repr(scheduled(reel, policy))


@given(st.lists(seconds(1, 30_000), min_size=1), rates)
def test_voice_files_laid_end_to_end_start_on_whole_frames_and_do_not_overlap(
    durations: list[Fraction], fps: Fraction
) -> None:
    sources = lay_end_to_end(durations, fps)
    for before, after in pairwise(sources):
        assert 0 <= after.start - (before.start + before.duration * fps) < 1


def test_every_rate_is_covered() -> None:
    assert len(RATES) == 6
