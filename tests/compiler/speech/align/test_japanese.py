"""Japanese is read by a dictionary: kanji, particles, months."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import SceneText, align_scenes, japanese
from otio_gvideo.compiler.speech.align.ctc_folder import Vocabulary
from otio_gvideo.compiler.speech.align.ctc_text import spell
from otio_gvideo.compiler.speech.align.japanese import japanese_words, kana_of

from tests.compiler.speech.align.recordings import DATA, JAPANESE, scenes, truth


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("私は海へ行った。", "私/ワタシ は/ワ 海/ウミ へ/エ 行っ/イッ た。/タ"),
        ("3月、7日に二人を見た", "3/3 月、/ガツ 7/7 日/ニチ に/ニ 二/ニ 人/ニン を/オ 見/ミ た/タ"),
        ("月と「Reel 2」", "月/ツキ と/ト 「Reel/reel 2」/2"),
        ("時々すごーい！", "時々/トキドキ すご/スゴ ー/ー い！/イ"),
    ],
)
def test_words_are_read_as_they_are_spoken(text: str, words: str) -> None:
    found = japanese_words(tokenize(text, "ja"))
    shown = ["".join(letter.text for letter in word.letters) + f"/{word.kana}" for word in found]
    assert " ".join(shown) == words


def test_letters_share_the_kana_of_their_word() -> None:
    assert kana_of(tokenize("灯台守は毎朝", "ja")) == ["トー", "ダイ", "モリ", "ワ", "マイ", "アサ"]


def test_every_token_is_in_one_word() -> None:
    for text in ("「3月11日、私はReel 2を見た。」と言った。", "ー ー", "々", "A", "…あ…"):
        tokens = tokenize(text, "ja")
        assert [one for word in japanese_words(tokens) for one in word.letters] == tokens
        assert len(kana_of(tokens)) == len(tokens)


def test_a_romanised_model_is_given_kana_and_not_chinese() -> None:
    pytest.importorskip("uroman", reason="the extra [align] is not installed")
    labels = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 1)}
    vocabulary = Vocabulary(labels, blank=0, delimiter=None)
    ((reading,), (particle,)) = spell(tokenize("海は", "ja"), vocabulary, "jpn").readings
    letters = dict(zip(labels.values(), labels, strict=True))
    assert ["".join(letters[label] for label in one) for one in (reading, particle)] == [
        "umi",
        "wa",
    ]


def test_a_romanised_model_is_given_numbers_as_words() -> None:
    pytest.importorskip("uroman", reason="the extra [align] is not installed")
    labels = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 1)}
    spelled = spell(tokenize("12月", "ja"), Vocabulary(labels, blank=0, delimiter=None), "jpn")
    letters = dict(zip(labels.values(), labels, strict=True))
    assert ["".join(map(letters.__getitem__, one[0])) for one in spelled.readings] == [
        "juuni",
        "gatsu",
    ]
    assert not spelled.unknown


@pytest.fixture
def _synthesizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "programs" / "espeak-ng"
    program.parent.mkdir()
    launcher = Path(__file__).with_name("espeak_ng.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{launcher}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("_synthesizer")
def test_clauses_with_kanji_are_found_in_the_voice_of_another_program() -> None:
    found = align_scenes(scenes(JAPANESE), DATA / f"{JAPANESE}.flac", language="ja")
    errors = []
    for scene, clauses in zip(found.scenes, truth(JAPANESE), strict=True):
        place = 0
        for clause in clauses:
            count = len(tokenize(clause.text, "ja"))
            first, last = scene.words[place], scene.words[place + count - 1]
            errors += [float(first.start) - clause.start, float(last.end) - clause.end]
            place += count
    print(f"edges of clauses: median {np.median(np.abs(errors)) * 1000:.0f} ms")
    assert np.max(np.abs(errors)) < 0.15
    assert np.median(np.abs(errors)) < 0.06
    assert not found.warnings  # A woman's voice: the synthesizer's man alone is lost in it.


@pytest.mark.usefixtures("_synthesizer")
def test_without_the_dictionary_a_warning_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(japanese, "find_spec", lambda name: None)
    found = align_scenes(scenes(JAPANESE), DATA / f"{JAPANESE}.flac", language="ja", unheard="warn")
    warned = [warning.what for warning in found.warnings if "cannot read" in warning.what]
    assert warned
    assert all("pip install 'otio-gvideo[japanese]'" in what for what in warned)


@pytest.mark.usefixtures("_synthesizer")
def test_a_letter_that_the_dictionary_lacks_is_to_be_written_in_kana() -> None:
    texts = [SceneText("s0", "髙橋さんが話す。")]
    found = align_scenes(texts, DATA / f"{JAPANESE}.flac", language="ja", unheard="warn")
    (warned,) = (one.what for one in found.warnings if "cannot read" in one.what)
    assert "write it in kana" in warned
