"""Fixtures of the editors' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from .edit import Edit


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    return Edit(tmp_path / "reel")
