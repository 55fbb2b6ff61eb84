"""Faulty times and words are repaired, and every change is reported."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.speech.transcripts import (
    RawTranscript,
    RawWord,
    Transcript,
    read_transcript,
    repair_transcript,
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
    repaired = repair_transcript(raw(("cast", 0.0, 0.8), ("off", 0.5, 1.0)))
    assert times(repaired) == [("cast", 0.0, 0.5), ("off", 0.5, 1.0)]
    assert facts(repaired) == [("words[0]", "'cast' overlaps 'off'; cut off at its start")]


def test_an_overlap_within_the_precision_of_the_file_is_not_reported() -> None:
    repaired = repair_transcript(raw(("cast", 0.0, 0.51), ("off", 0.5, 1.0)))
    assert times(repaired) == [("cast", 0.0, 0.5), ("off", 0.5, 1.0)]
    assert repaired.repairs == ()


def test_a_word_of_zero_length_extends_into_the_pause_after_it() -> None:
    repaired = repair_transcript(raw(("cast", 0.0, 0.5), ("off", 0.5, 0.5), ("now", 2.0, 2.5)))
    assert times(repaired)[1][1:] == (0.5, pytest.approx(0.76, abs=0.01))
    assert facts(repaired) == [("words[1]", "'off' has zero length; extended")]


def test_a_word_of_zero_length_without_a_pause_shares_the_time_of_the_next() -> None:
    repaired = repair_transcript(raw(("cast", 0.0, 0.5), ("off", 0.5, 0.5), ("now", 0.5, 1.1)))
    assert times(repaired) == [("cast", 0.0, 0.5), ("off", 0.5, 0.8), ("now", 0.8, 1.1)]


def test_a_word_that_starts_before_zero_is_moved_to_zero() -> None:
    repaired = repair_transcript(raw(("cast", -0.3, 0.5), ("off", 0.6, 1.0)))
    assert times(repaired)[0] == ("cast", 0.0, 0.5)
    assert facts(repaired) == [("words[0]", "'cast' starts before 0, at -0.3 s; moved to 0")]


def test_words_past_the_end_of_the_recording_are_dropped_as_one_repair() -> None:
    words = raw(("cast", 0.0, 0.5), ("off", 0.6, 1.2), ("thank", 3.0, 3.2), ("you", 3.2, 3.4))
    repaired = repair_transcript(words, Fraction(1))
    assert times(repaired) == [("cast", 0.0, 0.5), ("off", 0.6, 1.0)]
    assert [place for place, _ in facts(repaired)] == ["words[2]", "words[1]"]
    assert "'thank you' starts past the end of the recording, 1 s" in repaired.repairs[0].what


def test_an_end_a_little_past_the_recording_is_clipped_silently() -> None:
    repaired = repair_transcript(
        read_transcript(DATA / "faster-whisper-null-words.json"), Fraction(30)
    )
    assert repaired.words[-1].end == 30
    assert repaired.repairs == ()


def test_words_outside_the_recording_are_clipped_at_both_ends() -> None:
    repaired = read_transcript(DATA / "whisper-timestamped-outside.json", Fraction(5))
    assert times(repaired) == [("Cast", 0.0, 0.4), ("off", 0.4, 0.9)]


def test_every_word_gets_a_place_even_if_the_recording_is_too_short() -> None:
    repaired = repair_transcript(raw(*[(f"w{n}", 0.0, 0.0) for n in range(500)]), Fraction(1))
    assert len(repaired.words) == 500
    assert repaired.words[-1].end <= 1
    assert all(word.start < word.end for word in repaired.words)


def test_one_wrong_time_does_not_move_its_word() -> None:
    repaired = repair_transcript(
        raw(("cast", 1, 1.4), ("off", 76.0, 76.3), ("now", 2, 2.4), ("row", 2.5, 3))
    )
    assert [word.text for word in repaired.words] == ["cast", "off", "now", "row"]
    assert repaired.words[1].end <= 2
    assert facts(repaired)[0][1].startswith("'off' is out of order, at 76 s")


def test_a_block_of_words_whose_times_fit_elsewhere_is_moved_there() -> None:
    late = [("then", 5.0, 5.2), ("we", 5.2, 5.4), ("rest", 5.4, 6.0)]
    early = [("first", 1.0, 1.3), ("we", 1.3, 1.5), ("row", 1.5, 2.0), ("out", 2.0, 2.4)]
    repaired = repair_transcript(raw(*late, *early))
    assert [word.text for word in repaired.words] == [w for w, *_ in (*early, *late)]
    assert facts(repaired) == [("words[0]", "'then we rest' is out of order; moved to 5 s")]


def test_a_repetition_loop_is_kept_once() -> None:
    repaired = read_transcript(DATA / "loop.json")
    text = " ".join(word.text for word in repaired.words)
    assert text == "The tide is out. Nobody came to the pier. We went home."
    assert facts(repaired) == [
        ("segments[2]", "'Nobody came to the pier.' comes 7 times in a row; kept once")
    ]


def test_a_line_repeated_with_speech_underneath_is_not_a_repetition_loop() -> None:
    line = ("out", "goes", "the", "tide")
    rows = [(w, 0.4 * n, 0.4 * n + 0.35) for n, w in enumerate(line * 3)]
    assert len(repair_transcript(raw(*rows), speech=voice((0, 5))).words) == 12
    assert len(repair_transcript(raw(*rows)).words) == 4


def test_a_word_repeated_three_times_is_not_a_repetition_loop() -> None:
    rows = [(word, 0.5 * n, 0.5 * n + 0.4) for n, word in enumerate(["row"] * 3 + ["your", "boat"])]
    assert repair_transcript(raw(*rows)).repairs == ()


def test_a_hallucinated_tail_over_silence_is_dropped() -> None:
    kept = read_transcript(DATA / "tail.json", Fraction(16))
    assert kept.words[-1].text == "watching!"
    repaired = read_transcript(DATA / "tail.json", Fraction(16), voice((0.5, 2.25)))
    assert repaired.words[-1].text == "out."
    assert facts(repaired) == [
        (
            "segments[1].words[0]",
            "'Thank you for watching!' comes after the last speech, at 2.25 s; dropped",
        )
    ]


def test_a_slightly_late_word_is_kept_but_a_late_stock_phrase_is_dropped() -> None:
    speech = voice((0, 1))
    rows = [("cast", 0.0, 0.5), ("off", 1.2, 1.4)]
    assert len(repair_transcript(raw(*rows), speech=speech).words) == 2
    assert len(repair_transcript(raw(*rows, ("Bye.", 1.3, 1.5)), speech=speech).words) == 3
    assert (
        len(repair_transcript(raw(("cast", 0.0, 0.5), ("Bye.", 1.3, 1.5)), speech=speech).words)
        == 1
    )


def test_words_are_kept_if_no_speech_was_detected() -> None:
    assert len(repair_transcript(raw(("cast", 0.0, 0.5)), speech=[]).words) == 1


@pytest.mark.parametrize(
    "mark",
    ["[Music]", "[BLANK_AUDIO]", "(applause)", "*sighs*", "♪", "<|nospeech|>", "[ Music playing ]"],
)
def test_noise_markers_are_dropped(mark: str) -> None:
    rows: list[Row] = [(part, 0.0, 0.4) for part in mark.split()]
    repaired = repair_transcript(raw(*rows, ("cast", 0.5, 1.0)))
    assert [word.text for word in repaired.words] == ["cast"]
    assert len(repaired.repairs) == 1


def test_brackets_around_spoken_words_are_kept() -> None:
    rows: list[Row] = [("(as", 0.0, 0.4), ("ever)", 0.5, 1.0)]
    assert [word.text for word in repair_transcript(raw(*rows)).words] == ["(as", "ever)"]


def test_lone_punctuation_joins_the_word_before() -> None:
    repaired = repair_transcript(raw(("cast", 0.0, 0.4), ("—", 0.4, 0.4), ("off", 0.5, 1.0)))
    assert [word.text for word in repaired.words] == ["cast —", "off"]


def test_lone_surrogates_never_reach_a_word() -> None:
    repaired = repair_transcript(raw(("ca\udce4st", 0.0, 0.4), ("\ud800", 0.4, 0.6)))
    assert [word.text for word in repaired.words] == ["cast"]
    repaired.words[0].text.encode()


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
