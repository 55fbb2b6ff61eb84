"""Small parts of a page: timecode, links, a cut's distance to words."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.page.frame_text import FrameClock
from otio_gvideo.compiler.page.item_details import cut_among_words
from otio_gvideo.compiler.page.page_context import PageContext
from otio_gvideo.compiler.page.thumbnail_strips import Strips
from otio_gvideo.compiler.page.view_model import PageView, TextSpan
from otio_gvideo.compiler.page.waveform import MOST, peaks_per_second

FPS = Fraction(24)


@pytest.mark.parametrize(
    ("fps", "first", "frame", "counting", "label"),
    [
        (Fraction(24), 0, 1223, "plain", "00:00:50:23"),
        (Fraction(24), 86400, 25, "plain", "01:00:01:01"),
        (Fraction(24), 24 * 86400, 1, "plain", "00:00:00:01"),
        (Fraction(24000, 1001), 0, 24, "plain", "00:00:01:00"),
        (Fraction(25), 0, 25, "plain", "00:00:01:00"),
        (Fraction(30000, 1001), 0, 1799, "drop", "00:00:59;29"),
        (Fraction(30000, 1001), 0, 1800, "drop", "00:01:00;02"),
        (Fraction(30000, 1001), 0, 17982, "drop", "00:10:00;00"),
        (Fraction(25, 2), 0, 800, "seconds", "1:04.000"),
    ],
)
def test_timecode(fps: Fraction, first: int, frame: int, counting: str, label: str) -> None:
    clock = FrameClock(fps, first)
    assert (clock.counting, clock.label(frame)) == (counting, label)


@pytest.mark.parametrize(
    ("frames", "text"), [(60, "2.50 s"), (1439, "59.96 s"), (24 * 184, "3:04.0")]
)
def test_lengths(frames: int, text: str) -> None:
    assert FrameClock(FPS).seconds(frames) == text


@pytest.mark.posix
def test_links_lead_from_the_page_and_are_never_schemes() -> None:
    sheet = PageContext(PageView(Path("/a/b/c/x.otio"), "", 2, 2, FPS, 1), Path("/a/b/c"), Strips())
    assert sheet.url(Path("/a/b/c/media/a b#1?.mp4")) == "./media/a%20b%231%3F.mp4"
    assert sheet.url(Path("/a/voice.wav")) == "./../../voice.wav"
    assert sheet.url(Path("/a/b/c/javascript:alert(1)")) == "./javascript%3Aalert%281%29"
    far = PageContext(sheet.view, Path("/a/b/c/d/e/f"), Strips())
    assert far.url(Path("/a/é.wav")) == "file:///a/%C3%A9.wav"
    assert sheet.link(None) == ""
    assert sheet.link(Path("/a/b/c/<gone>")) == '<span title="&lt;gone&gt;">&lt;gone&gt;</span>'


def test_a_cut_states_its_distance_to_the_words_around_it() -> None:
    words = [TextSpan(10, 20, "lamp."), TextSpan(44, 60, "Then")]

    def told(cut: int, *, may_cut_in: bool = False) -> tuple[str, str] | None:
        fact = cut_among_words(cut, words, FPS, may_cut_in=may_cut_in)
        return None if fact is None else (fact.text, fact.kind)

    assert told(32) == ("0.50 s after “lamp.”, 0.50 s before “Then”", "")
    assert told(5) == ("0.21 s before “lamp.”", "")
    assert told(70) == ("0.42 s after “Then”", "")
    assert told(50) == ("within the word “Then”", "warning")
    assert told(50, may_cut_in=True) == ("within the word “Then”", "")
    assert told(0) is None
    assert cut_among_words(5, [], FPS, may_cut_in=False) is None


@pytest.mark.parametrize("minutes", [0.5, 10, 60, 600])
def test_waveforms_stay_small(minutes: float) -> None:
    step = peaks_per_second(minutes * 60)
    assert 48000 % step == 0
    assert step * minutes * 60 <= MOST
