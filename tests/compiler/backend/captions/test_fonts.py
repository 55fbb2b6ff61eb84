"""What is known of a font goes with the content of its file."""

from __future__ import annotations

import shutil
from pathlib import Path

from otio_gvideo.compiler.backend.captions.fonts import EMOJI, RUBIK, face_of, rubik


def test_a_font_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.ttf"
    shutil.copy(EMOJI, path)
    before = face_of(path)
    assert before.has("😀") and not before.has("ش")
    width = before.width("Wide", 100)
    shutil.copy(RUBIK, path)
    after = face_of(path)
    assert (after.family, after.digest) == (rubik().family, rubik().digest)
    assert after.has("ش") and not after.has("😀")
    assert after.width("Wide", 100) == rubik().width("Wide", 100) != width
