"""Long narrations: time and memory grow with the sound and the script, not with their product."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import (
    AlignmentError,
    SceneText,
    align_scenes,
    forced_align,
    mfcc,
    viterbi_advance,
)
from otio_gvideo.compiler.speech.align.acoustic_model import AcousticModel, Densities
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound
from otio_gvideo.compiler.speech.align.segments import segments
from otio_gvideo.compiler.speech.align.viterbi import AlignedPiece

from . import recordings

UNSAID = [
    "Whoever wants a quiet garden should plant it far away from the railway and the river.",
    "My uncle bought seven copper kettles and gave every one of them to a different neighbour.",
    "Please remember that the committee meets on alternate Thursdays in the upper library.",
    "Grapes ripen slowly under those windows because the orchard wall throws a purple shadow.",
]


def test_a_voice_that_leaves_out_much_of_the_script_is_found_again(tmp_path: Path) -> None:
    said = recordings.scenes("slt")
    left_out = [SceneText(f"x{n}", UNSAID[n % len(UNSAID)]) for n in range(16)]
    voice = recordings.saved(recordings.samples("slt"), tmp_path)
    script = [*said[:4], *left_out, *said[4:]]
    try:
        align_scenes(script, voice)
        raise AssertionError("no scene is missing")
    except AlignmentError as error:
        assert [entry.scene_id for entry in error.entries] == [scene.id for scene in left_out]
    found = align_scenes(script, voice, unheard="warn")
    starts = {scene.scene: float(scene.words[0].start) for scene in found.scenes}
    for scene, line in zip(said, recordings.truth("slt"), strict=True):
        assert abs(starts[scene.id] - line[0].start) < 0.15, scene


def test_a_long_time_outside_the_script_is_not_searched_again() -> None:
    hour = 360_000
    anchors = [
        AlignedPiece(0, 100, 150),
        AlignedPiece(1, 150, hour, unscripted=True),
        AlignedPiece(1, hour, hour + 50),
        AlignedPiece(2, hour + 60, hour + 90),
    ]
    found = segments([0, 1, 2], anchors, 2 * hour)
    assert [token for segment in found for token in segment.tokens] == [0, 1, 2]
    assert max(one.last - one.first for one in found if one.tokens) < 2000
    outside = [piece for one in found if not one.tokens for piece in one.pieces]
    assert sum(piece.end - piece.start for piece in outside) > 0.99 * hour


def test_skipped_tokens_before_an_anchor_are_looked_for_beside_it() -> None:
    anchors = [AlignedPiece(2, 100_000, 100_050), AlignedPiece(3, 100_060, 100_100)]
    first = next(one for one in segments([0, 1, 2, 3], anchors, 100_200) if one.tokens)
    assert first.tokens[:2] == (0, 1)
    assert first.first == 100_000 - 1000


def test_ten_minutes_of_music_leave_the_cepstra_of_a_voice_alone() -> None:
    voice = np.random.default_rng(0).normal(5, 1, (72_000, 13)).astype(np.float32)
    with_music = voice.copy()
    with_music[12_000:] += 4
    apart = mfcc.normalised(with_music)[:6000] - mfcc.normalised(voice)[:6000]
    assert np.abs(apart).max() < 0.1
    short = voice[:9000]
    np.testing.assert_allclose(mfcc.normalised(short), short - short.mean(axis=0), atol=1e-4)


def test_a_voice_that_resumes_the_script_where_the_search_began_ends_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def here(_search: object, _tokens: object, after: int, first: int, _last: int) -> object:
        calls.append(first)
        assert len(calls) < 5
        return after, first

    monkeypatch.setattr(forced_align, "resumed", here)
    forced_align.forced_align(tokenize(" ".join(UNSAID)), recordings.sound("slt"))
    assert calls


@pytest.mark.skipif(viterbi_advance.compiled is None, reason="the inner loop is not compiled")
def test_the_compiled_search_finds_the_path_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [scene.text for scene in recordings.scenes("slt")[:3]]
    # Words that are not spoken, and speech that is not written: every kind of transition.
    tokens = tokenize(" ".join([texts[0], UNSAID[0], texts[2]]))
    samples = recordings.samples("slt")[: 20 * 16_000]
    compiled = forced_align.forced_align(tokens, NarrationSound(samples))
    assert any(time is None for time in compiled.times)
    monkeypatch.setattr(viterbi_advance, "compiled", None)
    assert forced_align.forced_align(tokens, NarrationSound(samples)) == compiled


@pytest.mark.skipif(mfcc.compiled is None, reason="the inner loop is not compiled")
def test_compiled_cepstra_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    voice = np.tile(recordings.samples("slt"), 2)  # In two blocks of frames.
    noise = np.random.default_rng(3).normal(0, 300, len(voice))
    sound = (voice + noise).clip(-32768, 32767).astype(np.int16)
    compiled = mfcc.cepstra(sound)
    monkeypatch.setattr(mfcc, "compiled", None)
    np.testing.assert_array_equal(mfcc.cepstra(sound), compiled)


@pytest.mark.skipif(viterbi_advance.compiled is None, reason="the inner loop is not compiled")
def test_the_compiled_search_rejects_arrays_that_do_not_go_together() -> None:
    assert viterbi_advance.compiled
    sizes = [4, 6, (2, 2), 6, *[2] * 5, *[6] * 4, 2, 2, (2, 1), (5, 3), (2, 5), (5, 6), (5, 4)]
    kinds = [*"fffi", *"qqqqf", *"fffq", *"qf", *"fff", *"?i?"]
    arrays = [np.zeros(size, kind) for size, kind in zip([*sizes, (2, 5, 2)], kinds, strict=True)]
    viterbi_advance.compiled.advance(*arrays)
    for number, array in enumerate(arrays):
        wrong = [*arrays]
        wrong[number] = np.zeros((len(array) + 1, *array.shape[1:]), array.dtype)
        with pytest.raises(ValueError, match="do not go together"):
            viterbi_advance.compiled.advance(*wrong)
    bands = [np.zeros((5, 3)), *[np.zeros(3) for _ in range(4)], np.zeros((5, 3))]
    for number, array in enumerate(bands):
        wrong = [*bands]
        wrong[number] = np.zeros((*array.shape[:-1], 4))
        with pytest.raises(ValueError, match="do not go together"):
            viterbi_advance.compiled.suppress(*wrong)
    for number in (4, 5, 6, 7, 12, 13):
        wrong = [*arrays]
        wrong[number] = wrong[number] + 100
        with pytest.raises(ValueError, match="do not go together"):
            viterbi_advance.compiled.advance(*wrong)


def test_a_short_recording_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    densities = AcousticModel.densities

    def counted(self: AcousticModel, features: np.ndarray) -> Densities:
        heard.append(len(features))
        return densities(self, features)

    monkeypatch.setattr(AcousticModel, "densities", counted)
    tokens = tokenize(" ".join(scene.text for scene in recordings.scenes("slt")[:3]))
    samples = recordings.samples("slt")[: 20 * 16_000]
    forced_align.forced_align(tokens, NarrationSound(samples))
    assert sum(heard) < 1.1 * len(samples) // 160


def test_a_long_time_outside_the_script_is_one_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forced_align, "CHUNK", 1500)
    monkeypatch.setattr(forced_align, "OVERLAP", 100)
    said, other = recordings.samples("slt"), recordings.samples("joe")
    text = " ".join(scene.text for scene in recordings.scenes("slt"))
    found = forced_align.forced_align(
        tokenize(f"{text} {text}"), NarrationSound(np.concatenate([said, other, other, said]))
    )
    outside = [time for _, time in found.unscripted if time.duration > 1]
    assert len(outside) == 1, outside
    assert outside[0].duration > Fraction(3, 2) * len(other) / 16_000


def test_where_a_voice_leaves_the_script_another_voice_is_allowed_for_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[tuple[int, float]] = []
    search = forced_align._Aligner.search

    def heard(self: forced_align._Aligner, tokens: Any, first: int, *more: Any, **how: Any) -> Any:
        searched.append((first, self.levels.values[0]))
        return search(self, tokens, first, *more, **how)

    def lost(found: list[AlignedPiece], first: int, _last: int) -> list[AlignedPiece]:
        is_first = sum(frame == first for frame, _ in searched) == 1
        return [] if first and is_first else found

    monkeypatch.setattr(forced_align._Aligner, "search", heard)
    monkeypatch.setattr(forced_align, "until_lost", lost)
    monkeypatch.setattr(forced_align, "resumed", lambda *_: pytest.fail("the script was left"))
    tokens = tokenize(" ".join(scene.text for scene in recordings.scenes("slt")))
    found = forced_align.forced_align(
        tokens * 2, NarrationSound(np.tile(recordings.samples("slt"), 2))
    )
    assert not found.skipped
    (first, usual), (again, lower) = [entry for entry in searched if entry[0]][:2]
    assert again == first
    assert lower < usual
