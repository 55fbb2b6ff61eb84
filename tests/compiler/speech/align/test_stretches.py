"""A narration whose sound changes: each stretch is listened to by itself."""

from __future__ import annotations

import threading
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import SceneText, align_scenes, forced_align
from otio_gvideo.compiler.speech.align.alignment_result import ForcedAlignment
from otio_gvideo.compiler.speech.align.evidence import Evidence
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound
from otio_gvideo.compiler.speech.align.stretches import Stretches, changes
from otio_gvideo.compiler.speech.align.unscripted import by_scene, sounding
from otio_gvideo.compiler.speech.align.viterbi import AlignedPiece
from otio_gvideo.compiler.sync.types import Interval

from . import recordings


def of_two(
    sounds: list[NDArray[np.int16]], folder: Path
) -> tuple[list[SceneText], list[float], Path]:
    """Save both voices one after the other; return scenes, their starts, and the file."""
    scenes, starts, at = [], [], 0.0
    for voice, sound in zip(recordings.VOICES, sounds, strict=True):
        for line, scene in zip(recordings.truth(voice), recordings.scenes(voice), strict=True):
            scenes.append(SceneText(f"{voice}{scene.id}", scene.text))
            starts.append(line[0].start + at)
        at += len(sound) / SPEECH_RATE
    return scenes, starts, recordings.saved(np.concatenate(sounds), folder)


@pytest.mark.parametrize("noisy", [0, 1])
def test_noise_in_one_half_of_a_narration_leaves_the_words_of_both_in_place(
    noisy: int, tmp_path: Path
) -> None:
    sounds = [recordings.samples(voice) for voice in recordings.VOICES]
    sounds[noisy] = recordings.with_noise(sounds[noisy], 8)
    scenes, starts, path = of_two(sounds, tmp_path)
    found = align_scenes(scenes, path)
    apart = [
        abs(float(scene.words[0].start) - start)
        for scene, start in zip(found.scenes, starts, strict=True)
    ]
    assert max(apart) < 0.15, apart


def test_two_voices_in_one_room_are_one_stretch() -> None:
    sounds = [recordings.samples(voice) for voice in recordings.VOICES]
    assert Stretches(NarrationSound(np.concatenate(sounds)), np.arange(9)).firsts == [0]


def test_a_stretch_begins_where_the_sound_changes_for_long() -> None:
    random = np.random.default_rng(0)
    frames = np.arange(0, 12_000, 2)
    contrast = random.normal(13, 3, 6000).astype(np.float32)
    assert changes(frames, contrast, 12_000) == []
    contrast[2000:4000] -= 4
    first, second = changes(frames, contrast, 12_000)
    assert abs(first - 4000) < 200
    assert abs(second - 8000) < 200
    contrast[:] = 13
    contrast[2000:2100] = 5  # Two seconds.
    assert changes(frames, contrast, 12_000) == []


def test_each_change_of_a_long_recording_is_found() -> None:
    random = np.random.default_rng(0)
    frames = np.arange(0, 1_500_000, 5)
    contrast = random.normal(13, 3, len(frames)).astype(np.float32)
    contrast[(frames >= 6000) & (frames < 8000)] -= 4
    first, second, *none = changes(frames[:2800], contrast[:2800], 14_000)
    assert abs(first - 6000) < 200
    assert abs(second - 8000) < 200
    assert not none
    contrast[frames // 3000 % 2 == 1] -= 4
    assert len(changes(frames[2000:], contrast[2000:], 1_500_000)) > 490


@pytest.mark.parametrize("depth", [4, 8, 12])
@pytest.mark.parametrize("seconds", [2, 5])
def test_a_burst_of_noise_begins_no_stretch(seconds: int, depth: int) -> None:
    frames = np.arange(0, 12_000, 2)
    contrast = np.random.default_rng(0).normal(13, 3, 6000).astype(np.float32)
    contrast[2000 : 2000 + 50 * seconds] -= depth
    assert changes(frames, contrast, 12_000) == []


def test_noise_in_the_middle_of_a_recording_is_a_stretch() -> None:
    sound = np.concatenate([recordings.samples("slt"), recordings.samples("joe")])
    assert len(sound) > 60 * SPEECH_RATE
    first, last = 22 * SPEECH_RATE, 42 * SPEECH_RATE
    sound[first:last] = recordings.with_noise(sound[first:last], 5)
    starts = [frame / 100 for frame in Stretches(NarrationSound(sound), np.arange(9)).firsts]
    assert starts == pytest.approx([0, 22, 42], abs=2)


def test_noise_in_one_half_of_a_narration_leaves_the_energy_of_the_other_alone() -> None:
    voice = recordings.samples("slt")[: 20 * SPEECH_RATE]
    sound = NarrationSound(np.concatenate([recordings.with_noise(voice, 5), voice]))
    half = sound.frames // 2
    alone = NarrationSound(voice).speech()
    second = [interval for interval in sound.speech([0, half]) if interval.start >= 20]
    assert [(it.start - 20, it.end - 20) for it in second] == [(it.start, it.end) for it in alone]


def test_brief_sounds_outside_the_script_count_where_the_recording_is_clear() -> None:
    def interval(start: float) -> Interval:
        return Interval(Fraction(start), Fraction(start) + Fraction(1, 10))

    brief = [(1, interval(2)), (2, interval(30))]
    alignment = ForcedAlignment((), (), (), 10.0, stretches=((Fraction(0), 8), (Fraction(20), 13)))
    parts = [interval for _, interval in brief]
    assert sounding(brief, parts, alignment.contrast_at) == brief[1:]


def test_pauses_between_scenes_are_filled_with_sounds_where_the_recording_is_clear() -> None:
    times = [Interval(Fraction(at), Fraction(at + 1)) for at in (0, 3, 30, 33)]
    sounds = [Interval(Fraction(at), Fraction(at) + Fraction(1, 2)) for at in (2, 32)]
    nothing = np.zeros(4)
    stretches = ((Fraction(0), 0.6), (Fraction(20), 1.0))
    known = Evidence("forced", nothing, nothing, 0.8, stretches)
    found = by_scene([[0], [1], [2], [3]], (), times, sounds, known.clarity_at)
    assert found == [[], [], [], sounds[1:]]


def test_many_stretches_take_no_more_threads_or_memory_than_one() -> None:
    voice = recordings.samples("slt")[: 16 * SPEECH_RATE]
    turns = [voice, recordings.with_noise(voice, 5)] * 3
    scripted = np.arange(3000)  # Senones: 1.2 MB of scores a second.
    before = threading.active_count()
    tracemalloc.start()
    recording = Stretches(NarrationSound(np.concatenate(turns)), scripted)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(recording.parts) == 6
    assert threading.active_count() - before <= 2
    assert kept < 40 << 20


def test_a_skipped_word_is_judged_by_the_contrast_of_its_own_stretch() -> None:
    voice = recordings.samples("slt")[: 16 * SPEECH_RATE]
    sound = np.concatenate([voice, recordings.with_noise(voice, 5)])
    aligner = forced_align._Aligner(NarrationSound(sound), tokenize("the"), None, foreign=False)
    margin = forced_align.MIN_MARGIN * aligner.contrast
    clean, noisy = (
        aligner.is_spoken([0], {0: [AlignedPiece(0, start, start + 20, margin=margin)]})
        for start in (500, 2500)
    )
    assert clean
    assert not noisy
