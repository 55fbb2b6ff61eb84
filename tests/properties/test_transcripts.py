"""Properties of reading, repairing and writing transcripts, for any input."""

from __future__ import annotations

import json
import string
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.api.transcript import COLUMNS, describe
from otio_gvideo.compiler.speech.transcripts import (
    RawTranscript,
    RawWord,
    Transcript,
    TranscriptError,
    read_transcript,
    repair_transcript,
)
from otio_gvideo.compiler.speech.transcripts.export import to_whisper_json
from otio_gvideo.compiler.sync.types import Interval, Word

DATA = Path(__file__).parent.parent / "compiler" / "speech" / "transcripts" / "data"

milliseconds = st.integers(-500, 20_000).map(lambda ms: Fraction(ms, 1000))
odd_times = st.one_of(milliseconds, st.fractions(-1, 40, max_denominator=10**6))
texts = st.one_of(
    st.sampled_from(["cast", "off", "The", "tide,", "nine.", "1984", "£5", "灯", "é"]),
    st.sampled_from(["[Music]", "[", "]", "♪", "—", "(applause)", "*", "<unk>", "you", "", " "]),
    st.text(max_size=6),
)


@st.composite
def raw_transcripts(draw: st.DrawFn) -> RawTranscript:
    """Words without times, swapped, repeated, or in a repetition loop."""
    rows = draw(
        st.lists(st.tuples(texts, st.none() | odd_times, st.none() | odd_times), max_size=12)
    )
    for _ in range(draw(st.integers(0, 2))):
        if rows:
            first = draw(st.integers(0, len(rows) - 1))
            rows += rows[first : first + draw(st.integers(1, 6))] * draw(st.integers(1, 7))
    return RawTranscript(
        tuple(RawWord(text, start, end, f"[{n}]") for n, (text, start, end) in enumerate(rows))
    )


@st.composite
def voices(draw: st.DrawFn) -> list[Interval] | None:
    if draw(st.booleans()):
        return None
    edges = sorted(draw(st.sets(st.integers(0, 20_000), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Interval(Fraction(start, 1000), Fraction(end, 1000)) for start, end in pairs]


durations = st.none() | st.fractions(Fraction(1, 1000), 30, max_denominator=1000).filter(bool)


@st.composite
def clean_transcripts(draw: st.DrawFn) -> Transcript:
    """Different words in order without overlaps, some adjacent, some very short."""
    scale = draw(st.sampled_from([100, 1000, 10**6, 48_000, 7]))
    clock = draw(st.integers(0, 50))
    words = []
    for number in range(draw(st.integers(1, 12))):
        clock += draw(st.integers(0, 90))
        end = clock + draw(st.integers(1, 90))
        name = "".join(string.ascii_letters[int(digit)] for digit in str(number))
        text = draw(st.sampled_from(["{}", "{}.", "“{}”,", "{} —"])).format(name)
        words.append(Word(text, Fraction(clock, scale), Fraction(end, scale)))
        clock = end
    return Transcript(tuple(words), draw(st.sampled_from([None, "en"])))


def assert_valid(words: Sequence[Word], duration: Fraction | None) -> None:
    clock = Fraction(0)
    for word in words:
        assert word.text == word.text.strip() != ""
        assert any(char.isprintable() for char in word.text)
        word.text.encode()
        assert clock <= word.start < word.end
        clock = word.end
    assert duration is None or clock <= duration


@given(raw_transcripts(), durations, voices())
def test_repaired_words_are_in_order_without_overlaps_and_have_a_length(
    raw: RawTranscript, duration: Fraction | None, speech: list[Interval] | None
) -> None:
    assert_valid(repair_transcript(raw, duration, speech).words, duration)


@given(raw_transcripts(), durations, voices())
def test_repair_is_idempotent(
    raw: RawTranscript, duration: Fraction | None, speech: list[Interval] | None
) -> None:
    once = repair_transcript(raw, duration, speech)
    assert repair_transcript(once, duration, speech) == once


@given(clean_transcripts())
def test_repair_leaves_a_clean_transcript_unchanged(transcript: Transcript) -> None:
    assert repair_transcript(transcript) == transcript
    assert repair_transcript(transcript, transcript.words[-1].end) == transcript


@given(raw_transcripts(), durations, voices())
def test_every_change_is_reported(
    raw: RawTranscript, duration: Fraction | None, speech: list[Interval] | None
) -> None:
    repaired = repair_transcript(raw, duration, speech)
    if not repaired.repairs:
        # Only invisible characters and spaces are removed silently.
        assert [visible(w.text) for w in repaired.words] == [
            visible(w.text) for w in raw.words if visible(w.text)
        ]
        for word, was in zip(
            repaired.words, (w for w in raw.words if visible(w.text)), strict=True
        ):
            assert was.start is not None
            assert was.end is not None
            assert abs(word.start - was.start) <= Fraction(1, 50)
            assert abs(word.end - was.end) <= Fraction(1, 50)


def visible(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and not char.isspace())


def read(content: bytes) -> Transcript:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "transcript"
        path.write_bytes(content)
        return read_transcript(path)


@given(clean_transcripts())
def test_a_transcript_survives_the_round_trip_through_whisper_json(transcript: Transcript) -> None:
    written = to_whisper_json(transcript)
    assert json.loads(written)["language"] == transcript.language
    found = read(written.encode())
    assert (found.language, found.repairs) == (transcript.language, ())
    assert [word.text for word in found.words] == [word.text for word in transcript.words]
    finest = Fraction(1, 10**6)
    for word, was in zip(found.words, transcript.words, strict=True):
        assert 0 <= was.start - word.start < finest
        assert 0 <= was.end - word.end < finest
        if 10**6 % was.start.denominator == 0:
            assert word.start == was.start
    # The times are decimal now: further round trips change nothing.
    assert read(to_whisper_json(found).encode()).words == found.words


@given(raw_transcripts(), durations)
def test_descriptions_fit_eighty_columns(raw: RawTranscript, duration: Fraction | None) -> None:
    shown = describe(repair_transcript(raw, duration), "narration.json", duration)
    assert all(len(line) <= COLUMNS for line in shown.split("\n"))


def accept(content: bytes) -> None:
    try:
        transcript = read(content)
    except TranscriptError as error:
        (problem,) = error.problems
        assert str(problem).startswith(str(error.path))
        assert "\n" not in str(problem)
    else:
        assert transcript.words
        assert_valid(transcript.words, None)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_garbage_raises_nothing_but_transcript_errors(content: bytes) -> None:
    accept(content)


KEYS = (
    *("segments", "words", "word", "text", "start", "end", "language", "chunks", "timestamp"),
    *("transcription", "result", "timestamps", "offsets", "from", "to", "tokens", "t_dtw"),
    *("alignment", "characters", "character_start_times_seconds", "character_end_times_seconds"),
    *("fragments", "children", "begin", "lines", "type", "offset", "duration", "case"),
    *("transcript", "results", "items", "channels", "alternatives", "content"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.sampled_from(["", "so", " so", "1.5", "nan", "WordBoundary", "word", "success"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=5) | VALUES)
def test_json_of_any_shape_raises_nothing_but_transcript_errors(document: Any) -> None:
    accept(json.dumps(document).encode())


def replaced(document: Any, path: Sequence[int], value: Any) -> Any:
    """Replace one value in a document; each step of the path picks a child."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    if isinstance(document, dict):
        key = list(document)[path[0] % len(document)]
        return {**document, key: replaced(document[key], path[1:], value)}
    index = path[0] % len(document)
    changed = replaced(document[index], path[1:], value)
    return [*document[:index], changed, *document[index + 1 :]]


@given(
    st.sampled_from(sorted(path.name for path in DATA.glob("*.json"))),
    st.lists(st.integers(0, 30), max_size=7),
    VALUES,
)
def test_a_json_transcript_with_one_wrong_value_raises_nothing_else(
    name: str, path: list[int], value: Any
) -> None:
    document = json.loads((DATA / name).read_text("utf-8", "replace"))
    accept(json.dumps(replaced(document, path, value)).encode())


@given(
    st.sampled_from(sorted(path.name for path in DATA.iterdir())),
    st.integers(0, 10_000),
    st.integers(0, 40),
    st.binary(max_size=8),
)
def test_a_transcript_with_a_damaged_stretch_raises_nothing_else(
    name: str, place: int, length: int, instead: bytes
) -> None:
    content = (DATA / name).read_bytes()
    place %= len(content)
    accept(content[:place] + instead + content[place + length :])
