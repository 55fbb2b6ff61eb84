"""The machine's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.frontend.config import Config, load_config


@pytest.mark.parametrize("text", ["", "# workers: 2\n"])
def test_a_file_of_comments_is_the_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "video_config.yaml").write_text(text)
    assert load_config(None, tmp_path / "script.yaml") == Config()
