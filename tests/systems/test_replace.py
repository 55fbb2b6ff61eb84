"""A finished file replaces one that is open elsewhere, or the error names it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.outputs.paths import write_text
from otio_gvideo.renderers.files import replace
from otio_gvideo.renderers.files.replace import replace_file


class Player:
    """Simulate a file that is open elsewhere on Windows: it cannot be replaced."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, number: int = 32):
        self.closed = threading.Event()
        rename = Path.replace

        def guarded(source: Path, target: Path) -> Path:
            if target == path and not self.closed.is_set():
                error = PermissionError(13, "The process cannot access the file")
                error.winerror = number  # type: ignore[attr-defined]
                raise error
            return rename(source, target)

        monkeypatch.setattr(Path, "replace", guarded)


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    path = tmp_path / "reel.mp4"
    path.write_text("old")
    return path


def test_a_file_that_is_closed_soon_is_replaced(
    reel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = Player(reel, monkeypatch)
    threading.Timer(0.3, player.closed.set).start()
    write_text(reel, "new")
    assert reel.read_text() == "new"


def test_a_file_that_stays_open_is_kept_and_reported_in_one_line(
    reel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Player(reel, monkeypatch)
    monkeypatch.setattr(replace, "RETRY_S", 0.2)
    with pytest.raises(WorkError) as raised:
        write_text(reel, "new")
    assert str(raised.value) == (
        f"{reel}: cannot be written: it is open in another program; close it there and run again"
    )
    assert reel.read_text() == "old"
    assert [path.name for path in reel.parent.iterdir()] == [reel.name]


def test_a_file_without_permission_is_reported_as_open_or_protected(
    reel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Player(reel, monkeypatch, number=5)
    monkeypatch.setattr(replace, "RETRY_S", 0.2)
    with pytest.raises(WorkError, match="in another program, or may not be replaced"):
        write_text(reel, "new")


def test_other_errors_are_not_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replace, "RETRY_S", 3600)
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "none", tmp_path / "reel.mp4")
