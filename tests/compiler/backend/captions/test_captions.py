"""Captions hold every word once, in cues that never overlap."""

from __future__ import annotations

from itertools import pairwise

import opentimelineio as otio
import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.captions.cue_limits import (
    HOLD_S,
    LINE_WIDTH,
    SHORTEST_S,
    CueLimits,
)
from otio_gvideo.compiler.backend.captions.cues import (
    PAUSE_S,
    Cue,
    captions_of,
    hard_to_read,
    make_cues,
)
from otio_gvideo.compiler.backend.captions.phrases import join_phrases
from otio_gvideo.compiler.backend.captions.sidecars import to_srt, to_vtt
from otio_gvideo.compiler.backend.captions.words import SpokenWord, columns
from otio_gvideo.compiler.script.full_stops import ends_sentence
from otio_gvideo.compiler.script.tokens import tokenize


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
def test_a_cue_lasts_as_long_as_it_takes_to_read_if_the_next_leaves_the_time(
    words: list[SpokenWord],
) -> None:
    limits = CueLimits()
    for cue, following in pairwise([*make_cues(words), None]):
        room = following.start - cue.start if following else 10.0
        spoken = cue.words[-1].end + HOLD_S - cue.start
        least = max(SHORTEST_S, min(limits.reading_s(cue.characters), spoken))
        assert cue.end - cue.start >= min(room, least) - 1e-9


@given(spoken())
def test_a_cue_stays_over_a_short_pause_and_no_longer_than_reading_takes(
    words: list[SpokenWord],
) -> None:
    limits = CueLimits()
    for cue, following in pairwise(make_cues(words)):
        silence = following.start - cue.end
        assert silence == 0 or silence >= PAUSE_S / 2 - 1e-9
        read = max(cue.words[-1].end, cue.start + limits.reading_s(cue.characters))
        assert cue.end - read < PAUSE_S / 2 + 1e-9


@given(spoken())
def test_sentences_share_a_cue_only_whole(words: list[SpokenWord]) -> None:
    texts = [*(word.text for word in words), ""]
    ends = [0, *(n for n in range(1, len(texts)) if ends_sentence(*texts[n - 1 : n + 1], "en"))]
    ends += [n for n in range(1, len(words)) if words[n].scene != words[n - 1].scene]
    pauses = (n for n in range(1, len(words)) if words[n].start - words[n - 1].end >= PAUSE_S)
    edges = {*ends, *pauses, len(words)}
    place = 0
    for cue in make_cues(words):
        first, place = place, place + len(cue.words)
        if any(first < end < place for end in ends):
            assert {first, place} <= edges


@pytest.mark.parametrize(
    ("language", "text", "whole"),
    [
        ("de", "Am 16. Juli begann es, und alle kamen in die Stadt am Meer.", "16. Juli"),
        ("de", "Das Haus dort kostet heute leider 3,5 Mio. Euro und mehr.", "Mio. Euro"),
        ("de", "Er mag vieles am Meer, z. B. Muscheln und Sand.", "z. B. Muscheln"),
        ("en", "And then at last, in the morning, Dr. Brown came in.", "Dr. Brown"),
    ],
)
def test_an_ordinal_or_abbreviation_stays_with_the_next_word(
    language: str, text: str, whole: str
) -> None:
    words = [SpokenWord(w, n * 0.5, n * 0.5 + 0.5) for n, w in enumerate(text.split())]
    lines = [line for cue in make_cues(words, CueLimits(language=language)) for line in cue.text]
    assert any(whole in line for line in lines), lines


def test_short_sentences_share_a_cue() -> None:
    text = "Yes. No. Who knows? The sea went on as it always had."
    words = [SpokenWord(w, n * 0.25, n * 0.25 + 0.25) for n, w in enumerate(text.split())]
    assert next(cue.text for cue in make_cues(words)) == ("Yes. No. Who knows?",)


def test_a_fast_phrase_shares_its_cue_with_a_slow_one() -> None:
    fast = [
        SpokenWord(word, n * 0.12, n * 0.12 + 0.12)
        for n, word in enumerate(("so", "then", "we", "all"))
    ]
    slow = [
        SpokenWord(w, 0.48 + n * 0.8, 1.28 + n * 0.8)
        for n, w in enumerate(("went", "home", "again."))
    ]
    (cue,) = make_cues([*fast, *slow])
    assert cue.speed < 17


def test_a_cue_that_cannot_be_read_is_named() -> None:
    text = "Nobody understands sentences that are spoken this fast."
    words = [SpokenWord(w, n * 0.15, n * 0.15 + 0.15) for n, w in enumerate(text.split())]
    words.append(SpokenWord("Next.", words[-1].end, words[-1].end + 2, "next"))
    (line,) = hard_to_read(make_cues(words), CueLimits())
    assert line.startswith("'Nobody understands sentences")
    assert line.endswith("characters a second, above 20")


def test_japanese_breaks_between_words_and_highlights_them_whole() -> None:
    letters = "朝早く起きて、海まで歩いた。"
    words = [SpokenWord(letter, n / 5, n / 5 + 0.2) for n, letter in enumerate(letters)]
    phrases = join_phrases(words, "ja")
    assert [phrase.text for phrase in phrases] == ["朝早く", "起きて、", "海まで", "歩いた。"]
    assert (phrases[1].start, phrases[1].end) == (words[3].start, words[6].end)
    assert "早く" in "".join(make_cues(phrases, CueLimits(width=10))[0].text[:1])
    assert join_phrases(words, "en") == words


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "今天天气很好，我们去海边散步吧。"),
        ("zh-TW", "今天天氣很好，我們去散步。"),
        ("th", "วันนี้อากาศดีมาก"),
    ],
)
def test_other_writing_systems_without_spaces_have_phrases(language: str, text: str) -> None:
    words = [SpokenWord(letter, n / 5, n / 5 + 0.2) for n, letter in enumerate(text)]
    phrases = join_phrases(words, language)
    assert "".join(phrase.text for phrase in phrases) == text
    assert 1 < len(phrases) < len(words)


def test_full_width_letters_are_read_at_nine_a_second() -> None:
    cue = Cue(0.0, 2.0, ((SpokenWord("海" * 18, 0.0, 2.0),),))
    assert cue.speed == pytest.approx(17)


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


def recited(text: str, word_s: float, language: str = "en") -> list[SpokenWord]:
    """The words of a text, each of a length in seconds."""
    return [
        SpokenWord(token.text, index * word_s, (index + 1) * word_s, "a", None, token.line_end)
        for index, token in enumerate(tokenize(text, language))
    ]


@pytest.mark.parametrize(
    "verse",
    [
        "Half a league, half a league,\nHalf a league onward,\nAll in the valley of Death\n"
        "Rode the six hundred.",
        "Shall I\ncompare thee to\na summer's day?",
    ],
)
def test_a_cue_ends_with_its_verse(verse: str) -> None:
    cues = make_cues(recited(verse, 0.5))
    assert not any(word.line_end for cue in cues for word in cue.words[:-1])
    assert sum(cue.words[-1].line_end for cue in cues) == verse.count("\n")


def test_a_long_verse_is_split_and_short_ones_that_are_too_fast_share_a_cue_on_lines() -> None:
    long = "the " + "lighthouse " * 5
    cues = make_cues(recited(f"{long.strip()}\nand so\ndark", 0.4))
    assert not any({"lighthouse", "and"} <= {word.text for word in cue.words} for cue in cues)
    fast = make_cues(recited("Come, tempest,\ncome, night!", 0.11))
    assert [cue.text for cue in fast] == [("Come, tempest,", "come, night!")]


def test_verses_without_spaces_end_cues_and_phrases() -> None:
    verse = "古池や\n蛙飛びこむ\n水の音"
    phrases = join_phrases(recited(verse, 0.3, "ja"), "ja")
    assert [word.text for word in phrases if word.line_end] == ["古池や", "蛙飛びこむ"]
    assert ["".join(cue.text) for cue in make_cues(phrases)] == verse.splitlines()


def test_wrapped_prose_is_no_verse() -> None:
    prose = ("The lamp had burned all night above the empty harbour, and nobody " * 2).strip()
    assert not any(token.line_end for token in tokenize(f"{prose}\nsaw it."))
