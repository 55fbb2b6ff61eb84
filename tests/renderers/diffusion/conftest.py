"""Tiny pipelines on disk, built once for all tests, and a slot to render with them."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from otio_gvideo.renderers.base import Keyframe, Motion, Shot
from PIL import Image

torch = pytest.importorskip("torch", reason="the extra [diffusion] is not installed")

from . import tiny  # noqa: E402

SETTINGS: dict[str, dict[str, Any]] = {
    "ltx": {"presets": {"draft": {"steps": 2, "timesteps": [1000.0, 500.0]}}},
    "ltx2": {"presets": {"draft": {"steps": 2, "timesteps": [1000.0, 500.0]}}},
    "svd": {"presets": {"draft": {"steps": 2}}},
    "animatediff": {"presets": {"draft": {"steps": 2}}},
    "wan": {"presets": {"draft": {"steps": 2}}},
}
"""Minimal steps; the slots have small frames."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread: faster for tiny tensors, and other tests run in parallel."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    gc.unfreeze()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a family's tiny pipeline, by name."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = getattr(tiny, name)(tmp_path_factory.mktemp("models") / name)
            # Renderers collect garbage when a model is unloaded; skip the libraries' objects.
            gc.collect()
            gc.freeze()
        return made[name]

    return folder


@pytest.fixture(scope="session")
def stills(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two distinct stills: a red one with a bright disc, and blue stripes."""
    folder = tmp_path_factory.mktemp("stills")
    y, x = np.mgrid[:320, :240]
    disc = np.hypot(x - 120, y - 160) < 60
    red = np.where(disc[..., None], (250, 230, 210), (150, 30, 20)).astype(np.uint8)
    stripes = np.where(((x // 24) % 2 == 0)[..., None], (20, 40, 190), (90, 160, 240))
    paths = folder / "red.png", folder / "blue.png"
    Image.fromarray(red).save(paths[0])
    Image.fromarray(stripes.astype(np.uint8)).save(paths[1])
    return paths


@pytest.fixture
def shot(stills: tuple[Path, Path]) -> Shot:
    """Two seconds at 64x112, the red still at its start."""
    return Shot(
        width=64,
        height=112,
        fps=Fraction(24),
        frames=48,
        head=0,
        tail=0,
        start=0,
        span=48,
        keyframes=(Keyframe(stills[0], 0),),
        prompt="a lamp above the sea",
        seed=7,
        motion=Motion(camera="push_in"),
        quality="draft",
    )


def lasting(shot: Shot, frames: int) -> Shot:
    """Return the slot with another length."""
    return replace(shot, frames=frames, span=frames)
