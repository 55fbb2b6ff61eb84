"""The file has the timecode of the timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.timeline.rate import time
from otio_gvideo.compiler.timeline.timecode import timecode_of

from ..reels import FPS, clip_of, flat_to, of


@pytest.mark.parametrize(
    ("frame", "fps", "wanted"),
    [
        (86400, "24", "01:00:00:00"),
        (29, "25", "00:00:01:04"),
        (86405, "24000/1001", "01:00:00:05"),
        (1800, "30000/1001", "00:01:00;02"),
        (17982, "30000/1001", "00:10:00;00"),
        (-24, "24", "23:59:59:00"),
        (10, "37/2", ""),
    ],
)
def test_timecodes(frame: int, fps: str, wanted: str) -> None:
    timeline = otio.schema.Timeline("t", global_start_time=time(frame, Fraction(fps)))
    assert timecode_of(timeline, Fraction(fps)) == wanted


def test_the_file_has_its_timecode(media: list[Path], tmp_path: Path) -> None:
    timeline = of(clip_of(media[0], 0, 24))
    timeline.global_start_time = time(3600 * 24 + 5, FPS)
    flat_to(timeline, tmp_path / "reel.mp4")
    with av.open(str(tmp_path / "reel.mp4")) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:00:00:05"
