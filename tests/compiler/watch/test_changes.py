"""Every change in a watched folder is noticed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_change_after_the_look_and_before_the_watch_is_noticed(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    from otio_gvideo.compiler.watch.changes import FolderWatch

    noticed = threading.Event()

    def look() -> None:
        if [*tmp_path.iterdir()]:
            noticed.set()
        (tmp_path / "new").touch()

    watch = FolderWatch(look)
    watch.watch([tmp_path])
    watch.start()
    assert noticed.wait(30)
    watch.end()
