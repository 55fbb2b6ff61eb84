"""Files of a script whose content does not fit their suffix are refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.cli import main

EPS = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\nshowpage\n%%EOF\n"
CONCAT = "ffconcat version 1.0\nfile 'bed.wav'\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("voice.wav", CONCAT, ":4:20: narration.audio: 'voice.wav' cannot be read as sound: "),
        ("stills/red.png", EPS, ":10:15: scenes[0].keyframe: 'stills/red.png' is not a readable"),
    ],
)
def test_a_file_of_another_kind_is_a_one_line_error(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, message: str
) -> None:
    (project.parent / name).write_text(text)
    assert main(["compile", str(project)]) == 2
    error = capsys.readouterr().err
    assert f"{project}{message}" in error
    assert error.count("\n") == 1
    assert not (project.parent / "build").exists()
