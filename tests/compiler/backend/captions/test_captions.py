"""Captions hold every word once, in cues that never overlap."""

from __future__ import annotations

from itertools import pairwise

import opentimelineio as otio
import pysubs2
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.captions.cues import (
    LINE_WIDTH,
    PAUSE_S,
    SHORTEST_S,
    Cue,
    CueLimits,
    captions_of,
    make_cues,
)
from otio_gvideo.compiler.backend.captions.sidecars import to_srt, to_vtt
from otio_gvideo.compiler.backend.captions.words import SpokenWord, columns


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


@st.composite
def wild(draw: st.DrawFn) -> list[SpokenWord]:
    """Words that overlap, start together, have no duration, or odd text."""
    word = st.builds(
        lambda text, start, length, scene: SpokenWord(text, start, start + length, scene),
        st.sampled_from(["a", "no.", "-->", "<b>", "& co,", "灯台", "x" * 50, "O'Neil's", "…"]),
        st.integers(0, 40).map(lambda n: n / 8),
        st.sampled_from([0.0, 0.001, 0.3, 7.0]),
        st.sampled_from("ab"),
    )
    return sorted(draw(st.lists(word, max_size=25)), key=lambda word: word.start)


@given(wild(), st.integers(1, 60))
def test_cues_of_any_words_are_ordered_and_complete(words: list[SpokenWord], width: int) -> None:
    cues = make_cues(words, CueLimits(width))
    assert [w for cue in cues for line in cue.lines for w in line] == words
    times = [round(t * 1000) for cue in cues for t in (cue.start, cue.end)]
    assert times == sorted(times)
    assert all(round(cue.end * 1000) > round(cue.start * 1000) for cue in cues)
    for cue in cues:
        assert 1 <= len(cue.lines) <= 2
        assert all(columns(line) <= width or len(line) == 1 for line in cue.lines)
    assert len(pysubs2.SSAFile.from_string(to_vtt(cues), format_="vtt")) == len(cues)


@given(spoken())
def test_a_cue_lasts_a_second_if_the_next_leaves_the_time(words: list[SpokenWord]) -> None:
    cues = make_cues(words)
    for cue, following in pairwise([*cues, None]):
        room = following.start - cue.start if following else 10.0
        assert cue.end - cue.start >= min(room, SHORTEST_S) - 1e-9


@given(spoken())
def test_a_cue_stays_over_a_short_pause_but_not_over_a_long_one(
    words: list[SpokenWord],
) -> None:
    for cue, following in pairwise(make_cues(words)):
        silence = following.start - cue.end
        assert silence == 0 or silence >= PAUSE_S / 2 - 1e-9
        last = cue.lines[-1][-1]
        assert cue.end - max(last.end, cue.start + SHORTEST_S) < PAUSE_S / 2 + 1e-9


def test_short_sentences_share_a_cue() -> None:
    text = "Yes. No. Who knows? The sea went on as it always had."
    words = [SpokenWord(w, n * 0.25, n * 0.25 + 0.25) for n, w in enumerate(text.split())]
    assert next(cue.text for cue in make_cues(words)) == ("Yes. No. Who knows?",)


def test_captions_end_with_the_reel() -> None:
    timeline = otio.schema.Timeline("t")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    range_ = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(48, 24)
    )
    track.append(otio.schema.Gap(source_range=range_))
    timeline.tracks.append(track)
    timeline.metadata["otio_gvideo"] = {
        "words": [
            {"text": " two\nlines ", "start": 1.7, "end": 1.9, "scene": "a"},
            {"text": "  ", "start": 0.5, "end": 0.6},
            {"text": "one", "start": 0.1, "end": 0.4, "scene": "a"},
        ]
    }
    cues = captions_of(timeline)
    assert [cue.text for cue in cues] == [("one",), ("two lines",)]
    assert cues[-1].end == 2.0
    assert captions_of(otio.schema.Timeline("empty")) == []


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
def test_no_cue_spans_two_scenes(words: list[SpokenWord]) -> None:
    for cue in make_cues(words):
        assert len({word.scene for line in cue.lines for word in line}) == 1


@given(spoken())
def test_other_programs_read_both_files(words: list[SpokenWord]) -> None:
    cues = make_cues(words)
    for text, kind in ((to_srt(cues), "srt"), (to_vtt(cues), "vtt")):
        read = pysubs2.SSAFile.from_string(text, format_=kind)
        assert len(read) == len(cues)
        assert [event.start for event in read] == [round(cue.start * 1000) for cue in cues]


def test_lines_break_at_clauses_and_not_after_articles() -> None:
    text = "He lit one small flame, and the great lens made it a star."
    words = [SpokenWord(w, n * 0.3, n * 0.3 + 0.3) for n, w in enumerate(text.split())]
    assert [cue.text for cue in make_cues(words)] == [
        ("He lit one small flame,",),
        ("and the great lens", "made it a star."),
    ]


def test_webvtt_is_escaped() -> None:
    cue = Cue(0, 1, ((SpokenWord("a<b", 0, 1), SpokenWord("&", 0, 1)),))
    assert "a&lt;b &amp;" in to_vtt([cue])
