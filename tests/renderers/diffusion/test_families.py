"""Every family, from a folder on disk to the frames of a slot."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otio_gvideo.renderers import assemble
from otio_gvideo.renderers.base import Frame, Shot, renderer_class

from .conftest import SETTINGS, lasting

FAMILIES = ("ltx",)


def settings_for(name: str, models: Callable[[str], Path], **more: Any) -> dict[str, Any]:
    return {**SETTINGS[name], "model": str(models(name)), "device": "cpu", **more}


def rendered(name: str, settings: dict[str, Any], shot: Shot) -> list[Frame]:
    with closing(renderer_class(name)(settings, shot.quality)) as renderer:
        return list(assemble.frames(renderer, shot, lambda *_: None))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_slot_of_six_seconds_is_made_to_the_frame(
    name: str, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for(name, models)
    started = time.process_time()
    frames = rendered(name, settings, lasting(shot, 144))
    assert time.process_time() - started < 20
    assert len(frames) == 144
    assert {frame.shape for frame in frames} == {(240, 96)}
    assert np.ptp(frames[0][:160]) > 8
