"""The transcript command: a description in 80 columns, and the words as whisper JSON."""

from __future__ import annotations

import json
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.api.transcript import show_transcript
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.speech.transcripts import read_transcript
from otio_gvideo.compiler.speech.transcripts.base import Transcript
from otio_gvideo.compiler.speech.transcripts.export import to_whisper_json
from otio_gvideo.compiler.sync.types import Interval, Word

DATA = Path(__file__).parent / "data"


@pytest.fixture(name="voice")
def _voice(tmp_path: Path) -> Path:
    """16 s of sound, a noise like a voice in its first two seconds."""
    rate = 16000
    samples = np.random.default_rng(1).normal(0, 4, 16 * rate)
    samples[rate // 2 : 2 * rate] += 6000 * np.sin(np.arange(rate * 3 // 2) * 0.35)
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def test_a_clean_transcript_is_described_in_four_lines() -> None:
    assert show_transcript(DATA / "openai-whisper.json")[0].split("\n") == [
        "openai-whisper.json: openai-whisper JSON, language en",
        "14 words from 0.3 s to 5.7 s, 156 a minute",
        "words have their own times",
        "no repairs",
    ]


def test_repairs_come_one_a_line_within_eighty_columns() -> None:
    shown = show_transcript(DATA / "whisperx-unaligned.json")[0].split("\n")
    assert shown[3] == "3 repairs:"
    assert shown[-1] == "  segments[0].words[4]: '£5' has no time; placed between the neighbours"
    assert all(len(line) <= 80 for line in shown)


def test_a_phrase_that_models_invent_is_only_a_hint_until_the_sound_is_known(voice: Path) -> None:
    doubtful, (warning,) = show_transcript(DATA / "tail.json")
    assert warning == "tail.json: its end may be hallucinated; check it with --audio"
    assert "'Thank you for watching!'" in doubtful
    assert "is a common hallucination; " in doubtful
    heard, _ = show_transcript(DATA / "tail.json", voice)
    assert "4 words from 0.5 s to 2 s of 16 s" in heard
    assert "comes after the last speech" in heard


def test_the_mended_words_are_written_as_whisper_json(tmp_path: Path) -> None:
    output = tmp_path / "mended" / "narration.json"
    shown, _ = show_transcript(DATA / "whisper-highlighted.srt", output=output)
    assert shown.endswith(str(output))
    assert read_transcript(output).words == read_transcript(DATA / "openai-whisper.json").words
    assert [path.name for path in output.parent.iterdir()] == ["narration.json"]


def test_segments_part_at_sentence_ends_and_pauses() -> None:
    document = json.loads(to_whisper_json(read_transcript(DATA / "openai-whisper.json")))
    assert [segment["text"] for segment in document["segments"]] == [
        " The ferry leaves at nine.",
        " Nobody waits, so bring a coat and walk fast.",
    ]
    assert document["text"] == "".join(segment["text"] for segment in document["segments"])
    bare = json.loads(to_whisper_json(read_transcript(DATA / "kaldi.ctm")))
    assert [len(segment["words"]) for segment in bare["segments"]] == [5, 9]


def test_the_full_stop_of_an_abbreviation_ends_no_segment() -> None:
    times = [Interval(Fraction(n, 4), Fraction(n + 1, 4)) for n in range(4)]
    texts = ["Ask", "Mr.", "Bell.", "Now."]
    words = tuple(Word(text, time.start, time.end) for text, time in zip(texts, times, strict=True))
    segments = json.loads(to_whisper_json(Transcript(words)))["segments"]
    assert [segment["text"] for segment in segments] == [" Ask Mr. Bell.", " Now."]


def test_a_transcript_is_never_written_over_itself(tmp_path: Path) -> None:
    path = tmp_path / "narration.json"
    path.write_bytes((DATA / "openai-whisper.json").read_bytes())
    with pytest.raises(InputError, match="give another name"):
        show_transcript(path, output=path)


def test_an_unreadable_audio_file_is_an_error() -> None:
    with pytest.raises(InputError, match=r"--audio: nowhere\.wav: cannot be read as sound"):
        show_transcript(DATA / "openai-whisper.json", Path("nowhere.wav"))


def test_words_are_written_as_json_alone(tmp_path: Path) -> None:
    output = tmp_path / "words.txt"
    with pytest.raises(InputError) as caught:
        show_transcript(DATA / "openai-whisper.json", output=output)
    assert str(caught.value) == (
        "--output: the words are written as JSON, not as .txt; name it words.json"
    )
    assert not output.exists()
