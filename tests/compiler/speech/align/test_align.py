"""The script's words are aligned to the audio, whatever a transcript says."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.script.tokens import readings, tokenize
from otio_gvideo.compiler.speech.align import AlignmentError, SceneText, align_scenes
from otio_gvideo.compiler.speech.align.lattice import is_before_pause
from otio_gvideo.compiler.speech.align.pronunciation import phones
from otio_gvideo.compiler.speech.align.text_align import align_words
from otio_gvideo.compiler.speech.language_guess import other_language
from otio_gvideo.compiler.speech.pauses import speech_intervals, trim_to_speech
from otio_gvideo.compiler.speech.transcripts import Transcript, read_transcript
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.types import Interval, Word

from ....conftest import LIGHTHOUSE
from .recordings import samples, with_noise
from .recordings import truth as voice_truth

AUDIO = LIGHTHOUSE / "audio" / "narration.flac"
TRUTH = LIGHTHOUSE / "audio" / "narration.json"
HALF_A_BLANK_S = 0.025
"""The labels part words within a blank, which belongs to the word after it (`data/make.py`)."""
UNSAID = SceneText("moon", "Bananas grow on the far side of the moon every summer")


def scenes() -> list[SceneText]:
    script = yaml.safe_load((LIGHTHOUSE / "script.yaml").read_text())
    return [SceneText(s["id"], s["text"]) for s in script["scenes"] if "text" in s]


def truth() -> list[dict[str, float]]:
    document = json.loads(TRUTH.read_text())
    return [word for segment in document["segments"] for word in segment["words"]]


@pytest.mark.slow
def test_words_are_aligned_without_a_transcript() -> None:
    found = align_scenes(scenes(), AUDIO)
    words = [word for scene in found.scenes for word in scene.words]
    errors = [
        abs(float(word.start) - (true["start"] - HALF_A_BLANK_S))
        for word, true in zip(words, truth(), strict=True)
    ]
    median, p95 = np.median(errors) * 1000, np.percentile(errors, 95) * 1000
    print(f"lighthouse: median {median:.0f} ms, 95th percentile {p95:.0f} ms")
    assert median < 30
    assert p95 < 80
    assert not found.warnings


@pytest.mark.slow
def test_scenes_start_and_end_with_speech() -> None:
    found = align_scenes(scenes(), AUDIO)
    position = 0
    for scene in found.scenes:
        first, last = truth()[position], truth()[position + len(scene.words) - 1]
        assert abs(float(scene.words[0].start) - first["start"]) < 0.05, scene.scene
        assert abs(float(scene.words[-1].end) - last["end"]) < 0.1, scene.scene
        position += len(scene.words)


@pytest.mark.slow
def test_a_wrong_transcript_moves_no_spoken_word() -> None:
    true = read_transcript(TRUTH)
    late = [replace(w, start=w.start + 2, end=w.end + 2) for w in true.words[40:60]]
    wrong = replace(true, words=(*true.words[:40], *late, *true.words[80:]))
    plain, guided = align_scenes(scenes(), AUDIO), align_scenes(scenes(), AUDIO, transcript=wrong)
    for one, other in zip(plain.scenes, guided.scenes, strict=True):
        for word, again in zip(one.words, other.words, strict=True):
            assert abs(word.start - again.start) < Fraction(1, 24)


@pytest.mark.slow
@pytest.mark.parametrize("transcript", [None, TRUTH], ids=["sound alone", "transcript"])
def test_an_unspoken_scene_is_reported(transcript: Path | None) -> None:
    texts = scenes()
    with pytest.raises(AlignmentError) as caught:
        align_scenes(
            [texts[0], UNSAID, *texts[1:]],
            AUDIO,
            transcript=read_transcript(transcript) if transcript else None,
        )
    assert [entry.scene_id for entry in caught.value.entries] == ["moon"]
    assert "is not in the narration" in caught.value.entries[0].what


@pytest.mark.slow
@pytest.mark.parametrize("transcript", [None, TRUTH], ids=["sound alone", "transcript"])
def test_a_person_may_insist_on_an_unheard_scene(transcript: Path | None) -> None:
    texts = scenes()
    told = [texts[0], UNSAID, *texts[1:]]
    read = read_transcript(transcript) if transcript else None
    found = align_scenes(told, AUDIO, transcript=read, unheard="warn")
    plain = align_scenes(texts, AUDIO, transcript=read)
    (warning,) = (one for one in found.warnings if one.scene_id == UNSAID.id)
    assert "is not in the narration; placed between its neighbours" in warning.what
    first, unsaid, second = found.scenes[:3]
    assert first.words[-1].end <= unsaid.words[0].start
    assert unsaid.words[-1].end <= second.words[0].start
    for one, other in zip((first, *found.scenes[2:]), plain.scenes, strict=True):
        assert abs(one.words[0].start - other.words[0].start) < Fraction(1, 24)


@pytest.mark.slow
@pytest.mark.parametrize(("third", "share"), [("negotiated.", "100%"), ("vanished.", "67%")])
def test_a_transcript_that_has_most_of_a_scene_outvotes_the_ear(third: str, share: str) -> None:
    texts, true = scenes(), read_transcript(TRUTH)
    # Somebody hears it, for its words are in the transcript; the aligner hears silence there.
    said = [replace(w, start=w.start / 1000, end=w.end / 1000) for w in true.words[:3]]
    heard = [
        replace(word, text=text)
        for word, text in zip(said, ("Purple", "elephants", third), strict=True)
    ]
    with_it = replace(true, words=(*heard, *true.words))
    told = [SceneText("purple", "Purple elephants negotiated."), *texts]
    found = align_scenes(told, AUDIO, transcript=with_it)
    (warning,) = (one for one in found.warnings if one.scene_id == "purple")
    assert f"placed by the transcript, which has {share} of it" in warning.what
    assert all(
        word.confidence is not None and word.confidence < 0.5 for word in found.scenes[0].words
    )
    assert found.scenes[0].words[-1].end <= found.scenes[1].words[0].start


def test_a_text_in_another_language_is_recognised() -> None:
    german = "Am Rand des Meeres stand einmal ein Licht, und ein Mann, der es hütete."
    assert other_language(german, "en") == "de"
    assert other_language(german, "de-AT") == ""
    assert other_language("Every evening the keeper climbed the stairs.", "en") == ""
    assert other_language("Nein.", "en") == ""  # Too short to say.


def test_a_scene_missing_from_a_transcript_is_reported_with_the_nearest_passage() -> None:
    texts = scenes()
    texts.insert(2, SceneText("moon", "Every morning the farmer climbed two trees in the garden"))
    with pytest.raises(AlignmentError) as caught:
        align_scenes(texts, AUDIO, transcript=read_transcript(TRUTH), method="transcript")
    (entry,) = caught.value.entries
    assert entry.scene_id == "moon"
    assert "'Every evening the keeper climbed" in entry.hint
    assert "(40% of its words agree)" in entry.hint


def test_a_scene_partly_missing_from_a_transcript_gets_a_warning() -> None:
    texts = scenes()
    texts[1] = SceneText("stairs", "Every evening the keeper climbed up all those cold wet stones")
    found = align_scenes(texts, AUDIO, transcript=read_transcript(TRUTH), method="transcript")
    (warning,) = found.warnings
    assert warning.scene_id == "stairs"
    assert "of its words" in warning.what


def test_a_trusted_transcript_is_used_unchanged() -> None:
    true = read_transcript(TRUTH)
    found = align_scenes(scenes(), AUDIO, transcript=true, method="transcript")
    starts = [word.start for scene in found.scenes for word in scene.words]
    assert starts == [word.start for word in true.words]


def test_words_missing_from_a_trusted_transcript_are_interpolated() -> None:
    true = read_transcript(TRUTH)
    thin = replace(true, words=(*true.words[:3], *true.words[5:]))
    found = align_scenes(scenes(), AUDIO, transcript=thin, method="transcript")
    words = found.scenes[0].words
    assert true.words[2].end <= words[3].start < words[4].end <= true.words[5].start


def test_a_language_without_model_and_transcript_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AlignmentError) as caught:
        align_scenes([SceneText("a", "Il était une fois")], AUDIO, language="fr")
    assert "transcript" in caught.value.entries[0].hint


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("117", "one hundred and seventeen"),
        ("117", "one hundred seventeen"),
        ("1904,", "nineteen oh four"),
        ("$3.50", "three dollars and fifty cents"),
        ("€20", "twenty euros"),
        ("3rd", "third"),
        ("50%", "fifty percent"),
        ("1,200", "one thousand two hundred"),
        ("2.5", "two point five"),
        ("007", "zero zero seven"),
        ("Mr.", "mister"),
        ("well-known", "well known"),
        ("don’t", "don't"),
        ("NASA", "n a s a"),
    ],
)
def test_tokens_have_spoken_forms(token: str, said: str) -> None:
    assert tuple(said.split()) in readings(token)


def test_scripts_without_spaces_are_split_into_letters() -> None:
    assert [t.text for t in tokenize("海は、静か。", "ja")] == ["海", "は、", "静", "か。"]
    assert [t.text for t in tokenize("は「海」3", "ja")] == ["は", "「海」", "3"]
    assert [t.text for t in tokenize("a 1\ufe0f\u20e3 b 2")] == ["a 1\ufe0f\u20e3", "b", "2"]


@given(st.text())
def test_every_letter_of_a_text_is_in_exactly_one_token(text: str) -> None:
    tokens = tokenize(text)
    assert all(token.readings and all(token.readings) for token in tokens)
    bare = "".join("".join(token.text for token in tokens).split())
    whole = "".join(unicodedata.normalize("NFC", text).split())
    assert whole.startswith(bare) or bare == whole


@given(st.text(min_size=1))
def test_every_word_has_a_pronunciation(word: str) -> None:
    assert phones(word)


WORDS = st.lists(st.sampled_from(["the", "sea", "was", "calm", "a", "storm", "came", "light"]))


@given(WORDS)
def test_a_text_aligned_to_itself_is_the_identity(words: list[str]) -> None:
    assert align_words(words, words) == list(range(len(words)))


@given(WORDS, WORDS)
def test_pairs_are_in_order_on_both_sides(script: list[str], heard: list[str]) -> None:
    found = [place for place in align_words(script, heard) if place is not None]
    assert found == sorted(set(found))


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=60, unique=True), st.data())
def test_inserted_words_in_a_transcript_move_no_match(
    numbers: list[int], data: st.DataObject
) -> None:
    script = [f"word{number}" for number in numbers]
    noisy: list[str] = []
    for word in script:
        noisy += data.draw(st.lists(st.just("uh"), max_size=2))
        noisy.append(word)
    assert [noisy[place or 0] for place in align_words(script, noisy)] == script


def test_twenty_thousand_words_are_aligned_in_seconds() -> None:
    random = np.random.default_rng(1)
    vocabulary = [f"w{n}" for n in range(3000)]
    script = [vocabulary[n] for n in random.zipf(1.3, 20_000) % 3000]
    heard = [w for w in script if random.random() > 0.08]
    found = align_words(script, heard)
    assert sum(place is not None for place in found) > 0.9 * len(heard)


def test_a_word_stretched_over_a_pause_is_trimmed_to_its_speech() -> None:
    random = np.random.default_rng(2)
    samples = (random.normal(0, 30, 16000 * 4)).astype(np.int16)
    samples[:16000] += random.normal(0, 6000, 16000).astype(np.int16)
    samples[16000 * 2 : 16000 * 3] += random.normal(0, 6000, 16000).astype(np.int16)
    voiced = speech_intervals(samples)
    assert [(round(float(v.start), 1), round(float(v.end), 1)) for v in voiced] == [(0, 1), (2, 3)]
    swallowed = Interval(Fraction(9, 10), Fraction(29, 10))
    assert trim_to_speech([swallowed], voiced) == [Interval(Fraction(2), Fraction(29, 10))]


@pytest.mark.parametrize(("snr_db", "missed"), [(None, 0.08), (20, 0.3), (15, 0.3)])
def test_speech_is_detected_in_noise(snr_db: float | None, missed: float) -> None:
    sound = samples("slt") if snr_db is None else with_noise(samples("slt"), snr_db)
    said = np.zeros(len(sound) // 160, bool)
    for line in voice_truth("slt"):
        said[round(line[0].start * 100) : round(line[-1].end * 100)] = True
    found = np.zeros_like(said)
    for stretch in speech_intervals(sound):
        found[round(stretch.start * 100) : round(stretch.end * 100)] = True
    assert np.mean(~found[said]) < missed
    assert np.mean(found[~said]) < 0.1


def test_noise_is_not_speech() -> None:
    noise = np.random.default_rng(4).normal(0, 300, 16000 * 20).astype(np.int16)
    assert not speech_intervals(noise)


@pytest.mark.parametrize("greedy", ["before", "after"])
def test_a_cut_lands_in_the_pause_that_a_recognisers_word_swallowed(greedy: str) -> None:
    true = read_transcript(TRUTH)
    words = list(true.words)
    lasts = list(accumulate(len(tokenize(scene.text)) for scene in scenes()))[:-1]
    for after in lasts:
        last, first = words[after - 1], words[after]
        if greedy == "before":
            words[after - 1] = replace(last, end=first.start)
        else:
            words[after] = replace(first, start=last.end)
    # In a language without an acoustic model, word times come from the transcript alone.
    found = align_scenes(
        scenes(), AUDIO, transcript=replace(true, words=tuple(words)), language="sco"
    )
    for (before, after_it), place in zip(pairwise(found.scenes), lasts, strict=True):
        pause = Interval(before.words[-1].end, after_it.words[0].start)
        cut = cut_in_pause(pause, Fraction(24)).frame / Fraction(24)
        assert true.words[place - 1].end - Fraction(1, 24) <= cut
        assert cut <= true.words[place].start + Fraction(1, 24)


def test_transcript_words_are_exact_fractions() -> None:
    transcript = read_transcript(TRUTH)
    assert isinstance(transcript, Transcript)
    assert isinstance(transcript.words[0], Word)
    assert transcript.words[0].start == Fraction(str(truth()[0]["start"]))


def test_people_pause_at_punctuation_also_inside_closing_quotation_marks() -> None:
    tokens = tokenize("'I know!' said the dogs' owner; “no,” she said, it's late")
    pauses = [token.text for token in tokens if is_before_pause(token)]
    assert pauses == ["know!'", "owner;", "“no,”", "said,"]
