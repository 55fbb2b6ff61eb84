"""Progress on a terminal and for programs."""

from __future__ import annotations

import io
import json

import pytest
from otio_gvideo.compiler.progress import Estimate, Progress
from otio_gvideo.compiler.progress_bars import ProgressBars, _left
from otio_gvideo.compiler.progress_display import display


def test_cache_hits_do_not_count_in_the_time_left() -> None:
    now = 100.0
    estimate = Estimate(lambda: now)
    assert estimate.left_s(400, 1000) is None  # 400 frames were cache hits.
    now = 110.0
    assert estimate.left_s(400, 1000) is None
    assert estimate.left_s(450, 1000) == pytest.approx(10 / 50 * 550)
    now = 220.0
    assert estimate.left_s(1000, 1000) == 0


def test_json_progress_has_the_slot_and_the_time_left() -> None:
    stream = io.StringIO()
    with display("json", stream) as show:
        show(Progress("render", 3, 10, slot="storm", left_s=12.34))
    printed = json.loads(stream.getvalue())
    assert printed == {
        "stage": "render",
        "done": 3,
        "total": 10,
        "message": "",
        "slot": "storm",
        "left_s": 12.3,
    }


@pytest.mark.parametrize(
    ("left_s", "message"),
    [
        (None, "storm"),
        (42.4, "42 s left, storm"),
        (600, "10 min left, storm"),
        (9000, "2.5 h left"),
    ],
)
def test_bars_show_the_time_left_and_the_slot(left_s: float | None, message: str) -> None:
    assert f"{_left(left_s)}storm".startswith(message)


def test_bars_are_drawn() -> None:
    stream = io.StringIO()
    with ProgressBars(stream) as show:
        show(Progress("render", 3, 10, slot="storm[1]", left_s=12.0))
        show(Progress("render", 10, 10, "3 slots: 3 made"))
    assert "render    3 slots: 3 made" in stream.getvalue()
