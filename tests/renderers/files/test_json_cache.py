"""A remembered value is the one that was made, or is made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from otio_gvideo.renderers.files.json_cache import remembered
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path / "table.json"


def test_a_value_is_made_once() -> None:
    assert remembered("table.json", "key", lambda: [1, 0.25]) == [1, 0.25]
    assert remembered("table.json", "key", lambda: [2]) == [1, 0.25]
    assert remembered("table.json", "other", lambda: [2]) == [2]


def test_a_changed_entry_is_made_again(table: Path) -> None:
    remembered("table.json", "key", lambda: [1, 2])
    entries = json.loads(table.read_text("utf-8"))
    entries["key"][0][1] = 3
    table.write_text(json.dumps(entries), "utf-8")
    assert remembered("table.json", "key", lambda: [1, 4]) == [1, 4]


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"key": 1}', '{"key": [1, 2, 3]}', "\x00"]
)
def test_a_damaged_table_is_made_again(table: Path, text: str) -> None:
    table.write_text(text, "utf-8")
    assert remembered("table.json", "key", lambda: 5) == 5
    assert remembered("table.json", "key", lambda: 6) == 5


def test_the_oldest_entries_go_first() -> None:
    for number in range(4):
        remembered("table.json", str(number), lambda number=number: number, kept=2)
    assert [remembered("table.json", str(n), lambda: -1, kept=2) for n in (3, 2)] == [3, 2]
    assert remembered("table.json", "0", lambda: -1, kept=2) == -1
