"""Slots side by side: as many as there are cores and memory for, and never none."""

from __future__ import annotations

import pytest
from otio_gvideo.renderers.run import concurrency

FRAME = 1080 * 1920


@pytest.mark.parametrize(
    ("cores", "gigabytes", "slots"),
    [(1, 8, 1), (2, 8, 2), (2, 2, 1), (8, 64, 5), (64, 512, 33), (64, 4, 3), (8, 0, 1), (8, 1, 1)],
)
def test_slots_are_sized_to_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: int, slots: int
) -> None:
    monkeypatch.setattr(concurrency, "cores", lambda: cores)
    monkeypatch.setattr(concurrency, "free_bytes", lambda: gigabytes << 30)
    assert concurrency.slots_at_once(FRAME) == slots


def test_smaller_frames_need_less() -> None:
    assert concurrency.slots_at_once(FRAME // 4) >= concurrency.slots_at_once(FRAME) >= 1


def test_this_machine_has_cores_and_memory() -> None:
    assert concurrency.cores() >= 1
    assert concurrency.free_bytes() > 1 << 20
