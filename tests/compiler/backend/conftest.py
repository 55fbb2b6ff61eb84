"""Media that tests of several folders share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .frame_stamps import write_stamped
from .reels import FPS


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three stamped clips, with IDR frames at 10 and 50."""
    folder = tmp_path_factory.mktemp("media")
    return [write_stamped(folder / f"{n}.mp4", 64 * (n + 1), 60, FPS, (10, 50)) for n in range(3)]
