"""Captions have the spaces of the script."""

from __future__ import annotations

import pytest
from otio_gvideo.compiler.assembly.script_spaces import spaces_between
from otio_gvideo.compiler.backend.captions.phrases import join_phrases
from otio_gvideo.compiler.backend.captions.words import SpokenWord, join_words
from otio_gvideo.compiler.script.tokens import tokenize


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("ja", "「東京」で2024年に買いました。", ""),
        ("ja", "今日は\n  とても良い。", "今日はとても良い。"),
        ("zh", "我买了iPhone手机 100 元。", ""),
        ("th", "สวัสดีครับ วันนี้ราคา 1,250 บาท", ""),
        ("en", 'He said — "no", 50% of 1,250.', ""),
    ],
)
def test_captions_have_the_spaces_of_the_script(language: str, text: str, shown: str) -> None:
    tokens = [token.text for token in tokenize(text, language)]
    spaces = spaces_between(tokens, text)
    words = [
        SpokenWord(word, index, index + 1, spaced=spaced)
        for index, (word, spaced) in enumerate(zip(tokens, spaces, strict=True))
    ]
    assert join_words(words) == (shown or text)
    assert join_words(join_phrases(words, language)) == (shown or text)


def test_words_that_are_not_in_the_script_have_their_usual_spaces() -> None:
    assert spaces_between(["で", "2024", "年"], "") == [None, None, None]
    assert spaces_between([], "で") == []
