"""Captions hold every word once, in cues that never overlap and read well."""

from __future__ import annotations

from itertools import pairwise

import pysubs2
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.captions import (
    LINE_WIDTH,
    Cue,
    SpokenWord,
    columns,
    make_cues,
    to_srt,
    to_vtt,
)


@st.composite
def spoken(draw: st.DrawFn) -> list[SpokenWord]:
    clock = 0.0
    words = []
    for _ in range(draw(st.integers(1, 40))):
        text = draw(
            st.sampled_from(["a", "the", "sea,", "storm.", "lighthouse", "said", "Mr.", "x" * 34])
        )
        length = draw(st.integers(5, 90)) / 100
        words.append(SpokenWord(text, clock, clock + length, draw(st.sampled_from("ab"))))
        clock += length + draw(st.sampled_from([0.0, 0.0, 0.05, 0.3, 1.2]))
    return words


@given(spoken())
def test_every_word_appears_once_and_in_order(words: list[SpokenWord]) -> None:
    assert [w for cue in make_cues(words) for line in cue.lines for w in line] == words


@given(spoken())
def test_cues_never_overlap_and_start_with_their_first_word(words: list[SpokenWord]) -> None:
    cues = make_cues(words)
    assert all(before.end <= after.start for before, after in pairwise(cues))
    assert all(cue.start == cue.lines[0][0].start and cue.end > cue.start for cue in cues)


@given(spoken())
def test_cues_have_at_most_two_lines_that_fit(words: list[SpokenWord]) -> None:
    for cue in make_cues(words):
        assert 1 <= len(cue.lines) <= 2
        assert all(columns(line) <= LINE_WIDTH or len(line) == 1 for line in cue.lines)


@given(spoken())
def test_no_cue_reaches_over_scenes(words: list[SpokenWord]) -> None:
    for cue in make_cues(words):
        assert len({word.scene for line in cue.lines for word in line}) == 1


@given(spoken())
def test_other_programs_read_both_files(words: list[SpokenWord]) -> None:
    cues = make_cues(words)
    for text, kind in ((to_srt(cues), "srt"), (to_vtt(cues), "vtt")):
        read = pysubs2.SSAFile.from_string(text, format_=kind)
        assert len(read) == len(cues)
        assert [event.start for event in read] == [round(cue.start * 1000) for cue in cues]


def test_lines_break_where_they_read_well() -> None:
    text = "He lit one small flame, and the great lens made it a star."
    words = [SpokenWord(w, n * 0.3, n * 0.3 + 0.3) for n, w in enumerate(text.split())]
    assert [line for cue in make_cues(words) for line in cue.text] == [
        "He lit one small flame, and",
        "the great lens made it a star.",
    ]


def test_webvtt_escapes_what_it_must() -> None:
    cue = Cue(0, 1, ((SpokenWord("a<b", 0, 1), SpokenWord("&", 0, 1)),))
    assert "a&lt;b &amp;" in to_vtt([cue])
