"""Whatever is wrong with times and words is mended, and said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.speech.transcripts import (
    RawTranscript,
    RawWord,
    Transcript,
    read_transcript,
    repair,
)
from otio_gvideo.compiler.sync.types import Interval

DATA = Path(__file__).parent / "data"
Row = tuple[str, float | None, float | None]


def raw(*rows: Row) -> RawTranscript:
    """Words with times in whole milliseconds."""
    return RawTranscript(
        tuple(
            RawWord(
                text,
                None if start is None else Fraction(round(start * 1000), 1000),
                None if end is None else Fraction(round(end * 1000), 1000),
                f"words[{index}]",
            )
            for index, (text, start, end) in enumerate(rows)
        )
    )


def times(transcript: Transcript) -> list[tuple[str, float, float]]:
    return [(word.text, float(word.start), float(word.end)) for word in transcript.words]


def facts(transcript: Transcript) -> list[tuple[str, str]]:
    return [(repair.place, repair.what) for repair in transcript.repairs]


def voice(*stretches: tuple[float, float]) -> list[Interval]:
    return [Interval(Fraction(start), Fraction(end)) for start, end in stretches]


def test_an_overlapping_word_ends_where_the_next_one_starts() -> None:
    mended = repair(raw(("cast", 0.0, 0.8), ("off", 0.5, 1.0)))
    assert times(mended) == [("cast", 0.0, 0.5), ("off", 0.5, 1.0)]
    assert facts(mended) == [("words[0]", "'cast' overlaps 'off'; it ends where that starts")]


def test_an_overlap_within_the_precision_of_the_file_is_no_fact() -> None:
    mended = repair(raw(("cast", 0.0, 0.51), ("off", 0.5, 1.0)))
    assert times(mended) == [("cast", 0.0, 0.5), ("off", 0.5, 1.0)]
    assert mended.repairs == ()


def test_a_word_of_no_length_takes_some_of_the_pause_after_it() -> None:
    mended = repair(raw(("cast", 0.0, 0.5), ("off", 0.5, 0.5), ("now", 2.0, 2.5)))
    assert times(mended)[1][1:] == (0.5, pytest.approx(0.76, abs=0.01))
    assert facts(mended) == [("words[1]", "'off' has no length; given some")]


def test_a_word_of_no_length_without_a_pause_shares_the_next_ones_time() -> None:
    mended = repair(raw(("cast", 0.0, 0.5), ("off", 0.5, 0.5), ("now", 0.5, 1.1)))
    assert times(mended) == [("cast", 0.0, 0.5), ("off", 0.5, 0.8), ("now", 0.8, 1.1)]


def test_a_word_that_starts_before_zero_starts_at_zero() -> None:
    mended = repair(raw(("cast", -0.3, 0.5), ("off", 0.6, 1.0)))
    assert times(mended)[0] == ("cast", 0.0, 0.5)
    assert facts(mended) == [("words[0]", "'cast' starts before 0, at -0.3 s; it starts at 0 now")]


def test_words_past_the_end_of_the_sound_are_left_out_as_one_fact() -> None:
    words = raw(("cast", 0.0, 0.5), ("off", 0.6, 1.2), ("thank", 3.0, 3.2), ("you", 3.2, 3.4))
    mended = repair(words, Fraction(1))
    assert times(mended) == [("cast", 0.0, 0.5), ("off", 0.6, 1.0)]
    assert [place for place, _ in facts(mended)] == ["words[2]", "words[1]"]
    assert "'thank you' starts past the end of the sound, 1 s" in mended.repairs[0].what


def test_an_end_a_little_past_the_sound_is_cut_without_a_word() -> None:
    mended = repair(read_transcript(DATA / "faster-whisper-null-words.json"), Fraction(30))
    assert mended.words[-1].end == 30
    assert mended.repairs == ()


def test_words_outside_the_sound_are_mended_at_both_ends() -> None:
    mended = read_transcript(DATA / "whisper-timestamped-outside.json", Fraction(5))
    assert times(mended) == [("Cast", 0.0, 0.4), ("off", 0.4, 0.9)]


def test_more_words_than_a_sound_has_room_for_still_get_a_place_each() -> None:
    mended = repair(raw(*[(f"w{n}", 0.0, 0.0) for n in range(500)]), Fraction(1))
    assert len(mended.words) == 500
    assert mended.words[-1].end <= 1
    assert all(word.start < word.end for word in mended.words)


def test_one_wrong_time_does_not_move_its_word() -> None:
    mended = repair(raw(("cast", 1, 1.4), ("off", 76.0, 76.3), ("now", 2, 2.4), ("row", 2.5, 3)))
    assert [word.text for word in mended.words] == ["cast", "off", "now", "row"]
    assert mended.words[1].end <= 2
    assert facts(mended)[0][1].startswith("'off' is out of order, at 76 s")


def test_a_whole_stretch_whose_times_fit_elsewhere_is_moved_there() -> None:
    late = [("then", 5.0, 5.2), ("we", 5.2, 5.4), ("rest", 5.4, 6.0)]
    early = [("first", 1.0, 1.3), ("we", 1.3, 1.5), ("row", 1.5, 2.0), ("out", 2.0, 2.4)]
    mended = repair(raw(*late, *early))
    assert [word.text for word in mended.words] == [w for w, *_ in (*early, *late)]
    assert facts(mended) == [
        ("words[0]", "'then we rest' is out of order; put in its place, at 5 s")
    ]


def test_a_passage_that_a_model_got_stuck_in_is_kept_once() -> None:
    mended = read_transcript(DATA / "loop.json")
    text = " ".join(word.text for word in mended.words)
    assert text == "The tide is out. Nobody came to the pier. We went home."
    assert facts(mended) == [
        ("segments[2]", "'Nobody came to the pier.' comes 7 times in a row; kept once")
    ]


def test_a_line_that_is_said_three_times_is_believed_where_it_is_heard() -> None:
    line = ("out", "goes", "the", "tide")
    rows = [(w, 0.4 * n, 0.4 * n + 0.35) for n, w in enumerate(line * 3)]
    assert len(repair(raw(*rows), speech=voice((0, 5))).words) == 12
    assert len(repair(raw(*rows)).words) == 4


def test_words_that_people_repeat_are_no_loop() -> None:
    rows = [(word, 0.5 * n, 0.5 * n + 0.4) for n, word in enumerate(["row"] * 3 + ["your", "boat"])]
    assert repair(raw(*rows)).repairs == ()


def test_an_invented_tail_over_silence_is_left_out() -> None:
    kept = read_transcript(DATA / "tail.json", Fraction(16))
    assert kept.words[-1].text == "watching!"
    mended = read_transcript(DATA / "tail.json", Fraction(16), voice((0.5, 2.25)))
    assert mended.words[-1].text == "out."
    assert facts(mended) == [
        (
            "segments[1].words[0]",
            "'Thank you for watching!' comes after the last voice, at 2.25 s; left out",
        )
    ]


def test_a_late_last_word_is_no_tail_but_a_late_stock_phrase_is() -> None:
    speech = voice((0, 1))
    rows = [("cast", 0.0, 0.5), ("off", 1.2, 1.4)]
    assert len(repair(raw(*rows), speech=speech).words) == 2
    assert len(repair(raw(*rows, ("Bye.", 1.3, 1.5)), speech=speech).words) == 3
    assert len(repair(raw(("cast", 0.0, 0.5), ("Bye.", 1.3, 1.5)), speech=speech).words) == 1


def test_no_voice_at_all_takes_no_words() -> None:
    assert len(repair(raw(("cast", 0.0, 0.5)), speech=[]).words) == 1


@pytest.mark.parametrize(
    "mark",
    ["[Music]", "[BLANK_AUDIO]", "(applause)", "*sighs*", "♪", "<|nospeech|>", "[ Music playing ]"],
)
def test_marks_for_what_is_no_speech_are_left_out(mark: str) -> None:
    rows: list[Row] = [(part, 0.0, 0.4) for part in mark.split()]
    mended = repair(raw(*rows, ("cast", 0.5, 1.0)))
    assert [word.text for word in mended.words] == ["cast"]
    assert len(mended.repairs) == 1


def test_brackets_around_words_that_are_said_are_kept() -> None:
    rows: list[Row] = [("(as", 0.0, 0.4), ("ever)", 0.5, 1.0)]
    assert [word.text for word in repair(raw(*rows)).words] == ["(as", "ever)"]


def test_punctuation_that_stands_alone_joins_the_word_before() -> None:
    mended = repair(raw(("cast", 0.0, 0.4), ("—", 0.4, 0.4), ("off", 0.5, 1.0)))
    assert [word.text for word in mended.words] == ["cast —", "off"]


def test_lone_surrogates_never_reach_a_word() -> None:
    mended = repair(raw(("ca\udce4st", 0.0, 0.4), ("\ud800", 0.4, 0.6)))
    assert [word.text for word in mended.words] == ["cast"]
    mended.words[0].text.encode()


def test_a_hundred_thousand_words_are_read(tmp_path: Path) -> None:
    segments = []
    for first in range(0, 100_000, 10):
        words = ", ".join(
            f'{{"word": " w{n % 9973}", "start": {n * 0.37:.2f}, "end": {n * 0.37 + 0.31:.2f}, '
            f'"probability": 0.9871}}'
            for n in range(first, first + 10)
        )
        segments.append(
            f'{{"start": {first * 0.37:.2f}, "end": {first * 0.37 + 3.6:.2f}, "text": "t", '
            f'"tokens": [1, 2, 3], "words": [{words}]}}'
        )
    path = tmp_path / "long.json"
    path.write_text(f'{{"segments": [{", ".join(segments)}]}}')
    assert len(read_transcript(path, Fraction(40000)).words) == 100_000
