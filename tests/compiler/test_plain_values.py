"""Values that caches keep come back as they were."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.notices import Notice
from otio_gvideo.compiler.plain_values import from_plain, to_plain
from otio_gvideo.compiler.report import Loudness, Report, SceneReport, SlotReport
from otio_gvideo.compiler.speech.alignment_cache import AlignedTrack
from otio_gvideo.compiler.sync.types import Interval, Word
from otio_gvideo.renderers.run.attempts import Attempt, AttemptLog


def test_a_report_comes_back_exactly() -> None:
    attempts = AttemptLog((Attempt("wan", 1, 0.1, 1 / 3, "x"),), 0, moves=True)
    word = Word("ja\ud800", Fraction(1, 3), Fraction(2, 3), Fraction(9, 10), line_end=True)
    report = Report(
        Path("a.otio"),
        1080,
        1920,
        Fraction(24000, 1001),
        7,
        files={"a.otio": ["00", "01"]},
        captions=[Path("a.srt"), Path("a.vtt")],
        scenes=[SceneReport("a", 0, 7, Fraction(1, 7), None, (word,))],
        slots=[SlotReport("a", "wan", "k", Path("m.mp4"), False, 0.1, attempts)],
        loudness=Loudness(-14.03, -1.0),
        warnings=[Notice("sync", "a: 'b' was not heard")],
        seconds={"read": 0.25},
    )
    found = from_plain(Report, json.loads(json.dumps(to_plain(report))))
    assert found == report
    assert [notice.code for notice in found.warnings] == ["sync"]


def test_an_alignment_comes_back_exactly() -> None:
    word = Word("Yes,", Fraction(1, 3), Fraction(2, 3))
    heard = Interval(Fraction(1), Fraction(3, 2))
    warnings = (Notice("sync", "a: 'b' was not heard"),)
    track = AlignedTrack({"a": (word, word)}, {"a": Fraction(9, 10)}, {"a": (heard,)}, warnings)
    assert from_plain(AlignedTrack, json.loads(json.dumps(to_plain(track)))) == track


def test_another_number_of_fields_is_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2 is longer"):
        from_plain(Loudness, [1.0, 2.0, 3.0])
