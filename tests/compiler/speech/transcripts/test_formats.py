"""Every format is recognised by its content; words and times are those of the file."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.speech.transcripts import Transcript, read_transcript
from otio_gvideo.compiler.sync.types import Word

DATA = Path(__file__).parent / "data"

# The narration that most of the files hold: words, and times in hundredths of a second.
NARRATION = tuple(
    Word(text, Fraction(start, 100), Fraction(end, 100))
    for text, start, end in (
        ("The", 30, 50),
        ("ferry", 50, 91),
        ("leaves", 94, 132),
        ("at", 132, 145),
        ("nine.", 145, 201),
        ("Nobody", 262, 305),
        ("waits,", 305, 350),
        ("so", 371, 385),
        ("bring", 385, 412),
        ("a", 412, 418),
        ("coat", 418, 460),
        ("and", 463, 480),
        ("walk", 480, 511),
        ("fast.", 511, 570),
    )
)
SENTENCES = (NARRATION[:5], NARRATION[5:])

# Formats with a time for each word and its punctuation.
EXACT = {
    "openai-whisper.json": "openai-whisper JSON",
    "faster-whisper.json": "faster-whisper segments",
    "whisperx.json": "whisperX JSON",
    "whisper-cpp-full.json": "whisper.cpp JSON (full)",
    "whisper-cpp-words.json": "whisper.cpp JSON",
    "whisper-timestamped.json": "whisper-timestamped JSON",
    "stable-ts.json": "stable-ts JSON",
    "transformers.json": "transformers JSON",
    "openai-api.json": "OpenAI verbose_json",
    "elevenlabs.json": "ElevenLabs JSON",
    "elevenlabs-stream.ndjson": "ElevenLabs JSON",
    "aeneas-words.json": "aeneas JSON",
    "gentle.json": "Gentle JSON",
    "aws-transcribe.json": "Amazon Transcribe JSON",
    "deepgram.json": "Deepgram JSON",
    "whisper-highlighted.srt": "SubRip with highlighted words",
    "whisper-highlighted.vtt": "WebVTT with highlighted words",
    "words.srt": "SubRip",
}
# Formats with a time for each word, whose words are bare.
BARE = {
    "edge-tts.ndjson": "edge-tts events",
    "mfa.TextGrid": "TextGrid",
    "praat-short-utf16.TextGrid": "TextGrid",
    "kaldi.ctm": "CTM",
    "nemo.ctm": "CTM",
}
# Formats that say when a word begins, and let it last until the next one.
STARTS = {
    "inline.vtt": "WebVTT with inline times",
    "youtube.vtt": "WebVTT with inline times",
}
SEGMENTS = {
    "openai-whisper-segments.json": "openai-whisper JSON",
    "openai-api-null-words.json": "OpenAI verbose_json",
    "whisper-cpp.json": "whisper.cpp JSON",
    "edge-tts-sentences.json": "edge-tts events",
    "aeneas.json": "aeneas JSON",
    "nemo-segments.ctm": "CTM",
    "whisper.tsv": "whisper TSV",
    "whisper.srt": "SubRip",
    "whisper.vtt": "WebVTT",
}


def read(name: str) -> Transcript:
    return read_transcript(DATA / name)


def times(transcript: Transcript) -> list[tuple[str, str, str]]:
    """Words with their times as short decimals."""
    return [(w.text, f"{float(w.start):g}", f"{float(w.end):g}") for w in transcript.words]


@pytest.mark.parametrize(("name", "format_"), EXACT.items())
def test_formats_with_word_times_give_the_same_words(name: str, format_: str) -> None:
    transcript = read(name)
    assert transcript.words == NARRATION
    assert (transcript.format, transcript.timed, transcript.repairs) == (format_, "word", ())


@pytest.mark.parametrize(("name", "format_"), BARE.items())
def test_formats_of_bare_words_give_the_same_words_and_times(name: str, format_: str) -> None:
    transcript = read(name)
    bare = [(word.text.strip(".,").lower(), word.start, word.end) for word in NARRATION]
    assert [(word.text.lower(), word.start, word.end) for word in transcript.words] == bare
    assert (transcript.format, transcript.timed, transcript.repairs) == (format_, "word", ())


@pytest.mark.parametrize(("name", "format_"), STARTS.items())
def test_inline_times_of_webvtt_start_the_words(name: str, format_: str) -> None:
    transcript = read(name)
    assert [(word.text, word.start) for word in transcript.words] == [
        (word.text, word.start) for word in NARRATION
    ]
    assert (transcript.format, transcript.timed, transcript.repairs) == (format_, "word", ())


@pytest.mark.parametrize(("name", "format_"), SEGMENTS.items())
def test_words_of_a_timed_segment_share_its_time_by_letters(name: str, format_: str) -> None:
    transcript = read(name)
    assert [word.text for word in transcript.words] == [word.text for word in NARRATION]
    assert (transcript.format, transcript.timed, transcript.repairs) == (format_, "segment", ())
    first, second = transcript.words[:5], transcript.words[5:]
    for found, sentence in zip((first, second), SENTENCES, strict=True):
        assert (found[0].start, found[-1].end) == (sentence[0].start, sentence[-1].end)
    lengths = [float(word.end - word.start) for word in first]
    letters = [3, 5, 6, 2, 4]
    share = 1.71 / sum(letters)
    assert lengths == pytest.approx([share * count for count in letters], abs=0.0011)


@pytest.mark.parametrize("name", [*EXACT, *BARE, *STARTS, *SEGMENTS])
def test_a_format_is_recognised_by_content_not_by_name(name: str, tmp_path: Path) -> None:
    renamed = tmp_path / "transcript.txt"
    shutil.copy(DATA / name, renamed)
    assert read_transcript(renamed) == read(name)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("openai-whisper.json", "en"),
        ("whisper-cpp.json", "en"),
        ("aeneas.json", "eng"),
        ("aws-transcribe.json", "en-US"),
        ("deepgram.json", "en"),
        ("youtube.vtt", "en"),
        ("kaldi.ctm", None),
    ],
)
def test_the_language_is_that_of_the_file(name: str, language: str | None) -> None:
    assert read(name).language == language


def test_times_are_exact_decimals(tmp_path: Path) -> None:
    path = tmp_path / "exact.json"
    path.write_text(
        '{"segments": [{"start": 0, "end": 1, "text": "so", "words": '
        '[{"word": "so", "start": 0.1, "end": 0.30000000000000004}]}]}'
    )
    (word,) = read_transcript(path).words
    assert word.start == Fraction(1, 10)
    assert word.end == Fraction(30000000000000004, 10**17)


def test_blank_segments_of_whisper_hold_no_words() -> None:
    assert [w.text for w in read("openai-whisper-blank-segments.json").words] == [
        "Mind",
        "the",
        "gap.",
    ]


def test_a_piece_without_a_leading_space_continues_the_word() -> None:
    assert times(read("openai-whisper-hyphen.json")) == [
        ("Twenty-five", "0.2", "0.8"),
        ("steps.", "0.9", "1.4"),
    ]


def test_a_segment_without_word_times_among_others_is_reported() -> None:
    transcript = read("openai-whisper-partly-words.json")
    assert times(transcript)[2:] == [("Three", "2", "2.555"), ("four.", "2.555", "3")]
    assert transcript.timed == "word"
    (repair,) = transcript.repairs
    assert repair.place == "segments[1]"


def test_a_nested_older_result_of_stable_ts_is_ignored() -> None:
    assert "wrong" not in {word.text for word in read("stable-ts.json").words}


def test_unaligned_words_of_whisperx_are_placed_between_their_neighbours() -> None:
    transcript = read("whisperx-unaligned.json")
    by_text = {word.text: word for word in transcript.words}
    assert by_text["In"].end <= by_text["1984"].start < by_text["1984"].end <= by_text["we"].start
    assert by_text["paid"].end <= by_text["£5"].start < by_text["£5"].end <= by_text["more."].start
    assert {repair.place for repair in transcript.repairs} == {
        "segments[0].words[1]",
        "segments[0].words[4]",
        "segments[1]",
    }


def test_words_of_whisperx_with_one_time_split_it() -> None:
    transcript = read("whisperx-nearest.json")
    first, second = transcript.words[:2]
    assert (first.start, second.end) == (Fraction(1, 2), Fraction(9, 10))
    assert first.end == second.start
    assert "share one time" in transcript.repairs[0].what


def test_special_tokens_of_whisper_cpp_are_skipped() -> None:
    assert all("_" not in word.text for word in read("whisper-cpp-full.json").words)


def test_times_by_cross_attention_of_whisper_cpp_are_preferred() -> None:
    assert times(read("whisper-cpp-dtw.json")) == [
        ("Cast", "1.04", "1.36"),
        ("off", "1.36", "1.6"),
        ("now", "1.6", "2"),
    ]


def test_tokens_of_whisper_cpp_without_offsets_are_placed_between_their_neighbours() -> None:
    transcript = read("whisper-cpp-no-offsets.json")
    assert times(transcript)[1] == ("off", "1.3", "1.6")
    assert transcript.repairs[0].place == "transcription[0].tokens[1]"


def test_characters_split_by_whisper_cpp_are_joined() -> None:
    transcript = read("whisper-cpp-torn-characters.json")
    assert times(transcript) == [("灯", "0", "0.3"), ("海", "0.3", "0.9")]
    assert transcript.repairs == ()


def test_noise_markers_are_dropped_even_if_split() -> None:
    transcript = read("whisper-cpp-music.json")
    assert [word.text for word in transcript.words] == ["Cast", "off."]
    assert [repair.place for repair in transcript.repairs] == [
        "transcription[0]",
        "transcription[1].tokens[1]",
        "transcription[3].tokens[0]",
    ]


def test_a_time_that_jumps_back_is_dropped() -> None:
    transcript = read("whisper-cpp-backwards.json")
    assert " ".join(word.text for word in transcript.words) == "We row out past the pier and home."
    assert (transcript.words[0].start, transcript.words[-1].end) == (1, 10)
    assert "76.67 s" in transcript.repairs[0].what


def test_the_null_end_of_a_last_chunk_is_estimated() -> None:
    last = read("transformers-null-end.json").words[-1]
    assert Fraction(2) < last.start < last.end < 4


def test_repeats_of_zero_length_are_dropped() -> None:
    transcript = read("transformers-zero-length.json")
    assert " ".join(word.text for word in transcript.words) == "Row home. Thanks a lot."
    assert "comes 3 times" in transcript.repairs[0].what


def test_chunks_of_a_socket_are_joined_end_to_end() -> None:
    assert times(read("elevenlabs-socket.ndjson")) == [("Cast", "0", "0.4"), ("off.", "0.5", "0.8")]


def test_events_of_elevenlabs_that_are_not_words_are_skipped() -> None:
    assert [word.text for word in read("elevenlabs-scribe.json").words] == ["Cast", "off."]


def test_a_word_that_gentle_did_not_find_is_placed_between_its_neighbours() -> None:
    transcript = read("gentle-missing.json")
    nine = transcript.words[4]
    assert nine.text == "nine."
    assert NARRATION[3].end <= nine.start < nine.end <= NARRATION[5].start
    assert transcript.repairs[0].place == "words[4]"


def test_tags_dashes_and_music_signs_of_subtitles_are_removed() -> None:
    transcript = read("untidy.srt")
    assert [word.text for word in transcript.words] == ["Cast", "off", "&", "row", "Home"]
    assert transcript.repairs[0].place == "line 5"
