"""Measured speeds are kept in the user's cache, whatever else happens to it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from otio_gvideo.renderers.files.speeds import (
    KEPT,
    NAME,
    Stopwatch,
    processor,
    recall_speed,
    remember_rate,
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_median_of_the_last_rates_counts() -> None:
    for rate in (1000.0, 1000.0, 1000.0, 2.0, 2.0, 8.0, 2.0, 2.0):
        remember_rate("card", "work", rate, 1.0)
    found = recall_speed("work", "card")
    assert found is not None
    assert (found.rate, found.device) == (2.0, "card")


def test_without_a_device_the_one_that_worked_last_counts() -> None:
    remember_rate("card", "work", 1.0, 1.0)
    remember_rate(processor(), "work", 3.0, 1.0)
    remember_rate("card", "work", 1.0, 1.0)
    found = recall_speed("work")
    assert found is not None
    assert found.device == "card"
    assert recall_speed("other") is None


def test_nothing_is_learned_of_no_work_or_no_time() -> None:
    remember_rate("card", "work", 0.0, 1.0)
    remember_rate("card", "work", 1.0, 0.0)
    assert recall_speed("work", "card") is None


@pytest.mark.parametrize(
    "damage",
    [
        "{ damaged",
        "[]",
        "null",
        '{"card: work": 3}',
        '{"card: work": {"work": "work", "device": "card", "rates": "fast"}}',
        '{"card: work": {"work": "work", "device": "card", "rates": [0, -1, null, "x", Infinity]}}',
    ],
)
def test_a_damaged_table_is_no_table_and_is_written_anew(cache: Path, damage: str) -> None:
    cache.mkdir()
    (cache / NAME).write_text(damage, encoding="utf-8")
    assert recall_speed("work", "card") is None
    assert recall_speed("work") is None
    remember_rate("card", "work", 6.0, 2.0)
    found = recall_speed("work", "card")
    assert found is not None
    assert found.rate == 3.0


def test_many_at_once_keep_theirs(cache: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: remember_rate(f"card {n % 4}", "work", n + 1.0, 1.0), range(24)))
    entries = json.loads((cache / NAME).read_text(encoding="utf-8"))
    assert [len(entry["rates"]) for entry in entries.values()] == [KEPT] * 4


def test_a_cache_that_cannot_be_written_keeps_nothing(cache: Path) -> None:
    cache.write_text("a file in its place")
    remember_rate("card", "work", 1.0, 1.0)
    assert recall_speed("work", "card") is None


def test_a_stopwatch_times_the_making_of_items_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def items() -> object:
        for item in range(3):
            now[0] += 2.0
            yield item
        now[0] += 1.0

    watch = Stopwatch()
    for _ in watch.each(items()):  # type: ignore[call-overload]
        now[0] += 100.0
    assert watch.seconds == 7.0
    assert watch.call(lambda: now.__setitem__(0, now[0] + 4.0)) is None
    assert watch.seconds == 4.0
