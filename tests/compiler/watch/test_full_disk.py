"""A disk that is full while a script is watched, on a real file system."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ...faults.test_full_disk import mounted
from .conftest import Watching

SCRIPT = """\
version: 1
title: small
output: {width: 108, height: 192, fps: 24}
captions: {burn: false}
defaults: {renderer: camera}
scenes:
  - {id: a, duration: 1, keyframe: a.png, motion: {camera: push_in}}
  - {id: b, duration: 1, keyframe: a.png, motion: {camera: pan_left}}
"""
MOVES = ("pull_out", "tilt_up", "pan_right")


@pytest.mark.slow
def test_watch_keeps_the_last_reel_on_a_full_disk_and_goes_on_when_there_is_space(
    watching: Callable[..., Watching], tmp_path: Path, page: Any
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (192, 108, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    script = tmp_path / "small.yaml"
    script.write_text(SCRIPT)
    disk = tmp_path / "disk"
    with mounted(disk, "size=3m"):
        program = watching(script, "-o", str(disk / "out"))
        program.line("done in")
        page.goto(program.url)
        reel, fill = disk / "out" / "small.mp4", disk / "fill"
        for move, kilobytes in zip(MOVES, (0, 40, 150), strict=True):
            good, after = reel.read_bytes(), len(program.lines)
            fill.write_bytes(bytes(free_bytes(disk) - kilobytes * 1024))
            script.write_text(SCRIPT.replace("push_in", move))
            told = program.line("No space left on device", after)
            assert "Traceback" not in told
            page.wait_for_function("document.body.innerText.includes('No space left on device')")
            assert "the last good reel stays" in page.inner_text("body")
            assert reel.read_bytes() == good
            after = len(program.lines)
            fill.unlink()
            program.line("done in", after)
            assert reel.read_bytes() != good
            page.wait_for_function("!document.body.innerText.includes('No space left on device')")
        assert program.end() == 130


def free_bytes(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize
