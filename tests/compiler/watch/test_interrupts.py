"""Ctrl-C and SIGTERM end the program, also while a newer save ends the run before it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from otio_gvideo.compiler.watch.interrupts import Interrupts
from PIL import Image

from .conftest import Watching

SCRIPT = """\
version: 1
title: small
output: {width: 1080, height: 1920, fps: 24}
captions: {burn: false}
defaults: {renderer: camera}
scenes:
  - {id: a, duration: 8, keyframe: a.png, motion: {camera: push_in}}
  - {id: b, duration: 8, keyframe: a.png, motion: {camera: pan_left}}
"""


@pytest.mark.slow
@pytest.mark.posix
def test_a_signal_just_after_a_save_ends_it(
    watching: Callable[..., Watching], tmp_path: Path
) -> None:
    Image.new("RGB", (108, 192), "teal").save(tmp_path / "a.png")
    script = tmp_path / "small.yaml"
    script.write_text(SCRIPT)
    program = watching(script)
    program.line("timeline")
    script.write_text(SCRIPT.replace("push_in", "pull_out"))
    time.sleep(0.2)  # The save is noticed meanwhile, or soon.
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(30) == 130


@pytest.fixture
def interrupts() -> Interrupts:
    found = Interrupts()
    found.start_run()
    return found


def test_a_newer_save_ends_a_run_once(interrupts: Interrupts) -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts.handled():
        with pytest.raises(KeyboardInterrupt):
            interrupts.supersede()
        interrupts.supersede()
    assert interrupts.is_superseded
    assert not interrupts.is_asked
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_lets_a_run_end_first_unless_it_is_repeated(interrupts: Interrupts) -> None:
    with interrupts.handled():
        with pytest.raises(KeyboardInterrupt):
            interrupts.supersede()
        signal.raise_signal(signal.SIGINT)
        assert interrupts.is_asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_save_after_a_signal_does_not_disturb_the_end(interrupts: Interrupts) -> None:
    with interrupts.handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        interrupts.supersede()
    assert interrupts.is_asked


def test_a_signal_that_is_ignored_stays_ignored(interrupts: Interrupts) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with interrupts.handled():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
