"""A file that is no transcript is refused in one line that says what was seen and where."""

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


def test_a_folder_is_no_transcript(tmp_path: Path) -> None:
    assert refused(tmp_path).what == "cannot be read: Is a directory"


@pytest.mark.parametrize("content", ["", "  \n\n", "\ufeff"])
def test_an_empty_file_is_said_to_be_empty(content: str, tmp_path: Path) -> None:
    assert refused_content(tmp_path, content).what == "is empty"


def test_broken_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"segments": [\n  {"start": 0.5,, "end": 1}]}')
    assert (error.line, error.column) == (2, 17)
    assert error.what.startswith("is broken JSON")


def test_a_broken_line_of_many_is_refused_with_its_number(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"type": "audio"}\n{"type": "Word\n')
    assert error.line == 2


def test_what_was_seen_is_said_and_what_is_known_is_listed(tmp_path: Path) -> None:
    error = refused_content(tmp_path, '{"title": "Ferry", "pages": []}')
    assert error.what == (
        "is no transcript in a known format: it is a JSON object with 'title', 'pages'"
    )
    for name in ("whisper JSON", "whisper.cpp JSON", "TextGrid", "CTM", "SubRip or WebVTT"):
        assert name in error.hint
    prose = refused_content(tmp_path, "It was a calm evening.\n")
    assert "it begins with 'It was a calm evening.'" in prose.what
    assert prose.hint.startswith("a text without times is none, and none is needed; known: ")


def test_a_sound_file_is_no_text(tmp_path: Path) -> None:
    error = refused_content(tmp_path, b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
    assert "no text" in error.what
    assert "audio" in error.hint


def test_a_wrong_value_is_refused_at_its_place(tmp_path: Path) -> None:
    error = refused_content(
        tmp_path, '{"segments": [{"start": 0, "end": 1, "text": "a", "words": [7]}]}'
    )
    assert error.where == "segments[0].words[0]"
    assert str(error).endswith(
        "narration.json: segments[0].words[0]: is no word; it was read as whisper JSON"
    )


def test_a_wrong_line_is_refused_with_its_number(tmp_path: Path) -> None:
    error = refused_content(tmp_path, "start\tend\ttext\n0\t900\tCast off\nsoon\t2000\tRow\n")
    assert error.line == 3


def test_a_truncated_textgrid_is_refused(tmp_path: Path) -> None:
    content = (DATA / "mfa.TextGrid").read_text()
    error = refused_content(tmp_path, content[: len(content) // 2])
    assert error.line > 20
    assert "ends where a" in error.what


def test_several_recordings_in_one_ctm_are_refused() -> None:
    error = refused(DATA / "several.ctm")
    assert error.line == 3
    assert "'pier'" in error.what


def test_a_transcript_without_a_word_is_refused(tmp_path: Path) -> None:
    error = refused_content(
        tmp_path, '{"segments": [{"start": 0, "end": 9, "text": "[Music]"}], "language": "en"}'
    )
    assert error.what == "is openai-whisper JSON without a word in it"
    assert "no speech" in error.hint


@pytest.mark.parametrize(
    "content",
    [
        '{"segments": [{"start": 1e999999999, "end": 2, "text": "so"}]}',
        '{"segments": [{"start": 1, "end": ' + "9" * 5000 + ', "text": "so"}]}',
        "[" * 100_000,
    ],
)
def test_absurd_numbers_and_depths_do_no_harm(content: str, tmp_path: Path) -> None:
    path = tmp_path / "narration.json"
    path.write_text(content)
    try:
        assert read_transcript(path).words
    except TranscriptError as error:
        assert str(path) in str(error)
