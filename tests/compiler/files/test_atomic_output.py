"""Scratch folders are deleted, and a full disk is a one-line error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.files.atomic_output import scratch


def test_a_full_disk_is_a_work_error(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="cannot be written: No space left"), scratch(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_other_errors_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), scratch(tmp_path) as folder:
        (folder / "none").read_bytes()
