"""A file that is not a transcript is rejected in one line with its beginning and the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.speech.transcripts import TranscriptError, read_transcript

DATA = Path(__file__).parent / "data"


def refused(path: Path) -> TranscriptError:
    with pytest.raises(TranscriptError) as caught:
        read_transcript(path)
    return caught.value


def refused_content(folder: Path, content: str | bytes) -> TranscriptError:
    path = folder / "narration.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return refused(path)


def test_a_transcript_error_is_wrong_input() -> None:
    error = refused(Path("nowhere.json"))
    assert isinstance(error, InputError)
    assert str(error) == "nowhere.json: cannot be read: No such file or directory"


def test_a_folder_is_rejected(tmp_path: Path) -> None:
    assert refused(tmp_path).what == "cannot be read: Is a directory"


@pytest.mark.parametrize("content", ["", "  \n\n", "\ufeff"])
def test_an_empty_file_is_reported_as_empty(content: str, tmp_path: Path) -> None:
    assert refused_content(tmp_path, content).what == "is empty"


def test_broken_json_is_rejected_with_line_and_column(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"segments": [\n  {"start": 0.5,, "end": 1}]}')
    assert (error.line, error.column) == (2, 17)
    assert error.what.startswith("is broken JSON")


def test_a_broken_json_line_is_rejected_with_its_number(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"type": "audio"}\n{"type": "Word\n')
    assert error.line == 2


def test_an_unknown_format_is_described_beside_the_known_ones(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"title": "Ferry", "pages": []}')
    assert error.what == (
        "is not a transcript in a known format: it is a JSON object with 'title', 'pages'"
    )
    for name in ("whisper JSON", "whisper.cpp JSON", "TextGrid", "CTM", "SubRip or WebVTT"):
        assert name in error.hint
    prose = refused_content(tmp_path, "It was a calm evening.\n")
    assert "it begins with 'It was a calm evening.'" in prose.what
    assert prose.hint.startswith("plain text has no times, and no transcript is needed; known: ")


def test_an_audio_file_is_rejected(tmp_path: Path) -> None:
    error = refused_content(tmp_path, b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
    assert error.what == "is not a text file"
    assert "audio" in error.hint


def test_a_wrong_value_is_rejected_at_its_place(tmp_path: Path) -> None:
    error = refused_content(
        tmp_path, '{"segments": [{"start": 0, "end": 1, "text": "a", "words": [7]}]}'
    )
    assert error.where == "segments[0].words[0]"
    assert str(error).endswith(
        "narration.json: segments[0].words[0]: is not a word; read as whisper JSON"
    )


def test_a_wrong_line_is_rejected_with_its_number(tmp_path: Path) -> None:
    error = refused_content(tmp_path, "start\tend\ttext\n0\t900\tCast off\nsoon\t2000\tRow\n")
    assert error.line == 3


def test_a_truncated_textgrid_is_rejected(tmp_path: Path) -> None:
    content = (DATA / "mfa.TextGrid").read_text()
    error = refused_content(tmp_path, content[: len(content) // 2])
    assert error.line > 20
    assert error.what.startswith("ends before a ")


def test_several_recordings_in_one_ctm_are_rejected() -> None:
    error = refused(DATA / "several.ctm")
    assert error.line == 3
    assert "'pier'" in error.what


def test_a_transcript_without_words_is_rejected(tmp_path: Path) -> None:
    error = refused_content(
        tmp_path, '{"segments": [{"start": 0, "end": 9, "text": "[Music]"}], "language": "en"}'
    )
    assert error.what == "is openai-whisper JSON without words"
    assert "not speech" in error.hint


@pytest.mark.parametrize(
    "content",
    [
        '{"segments": [{"start": 1e999999999, "end": 2, "text": "so"}]}',
        '{"segments": [{"start": 1, "end": ' + "9" * 5000 + ', "text": "so"}]}',
        "[" * 100_000,
    ],
)
def test_absurd_numbers_and_nesting_are_rejected(content: str, tmp_path: Path) -> None:
    path = tmp_path / "narration.json"
    path.write_text(content)
    try:
        assert read_transcript(path).words
    except TranscriptError as error:
        assert str(path) in str(error)
