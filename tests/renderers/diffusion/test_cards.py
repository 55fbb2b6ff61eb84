"""Each preset fits the card that docs/models.md says, by the plan of its published size."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from otio_gvideo.renderers.base import QUALITIES, Keyframe, Shot
from otio_gvideo.renderers.diffusion.memory import GB, LADDER, Sizes, memory_plan
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class

LARGEST_LAYER = {"ltx": 0.04, "ltx2": 0.19, "svd": 0.05, "animatediff": 0.05, "wan": 0.09}
SIZES = {
    # Billions of parameters: denoiser, VAE, rest; and bytes of a number of the VAE.
    "ltx": (1.92, 1.25, 0.0, 2),
    "ltx2": (19.0, 1.22, 0.1, 2),
    "svd": (1.53, 0.10, 0.63, 4),
    "animatediff": (1.31, 0.08, 0.12, 2),
    "wan": (5.0, 0.705, 0.0, 4),
}
TAKEN_GB = 0.5
"""What a desktop takes of a card."""


def documented() -> dict[str, tuple[int, ...]]:
    """Return the smallest card of each preset, from the table of the docs."""
    text = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    return {name: tuple(map(int, cards)) for name, *cards in rows}


def peaks(name: str, quality: str, seconds: float, **settings: Any) -> list[float]:
    """Return the memory of the largest call of a slot, rung by rung."""
    renderer: Any = renderer_class(name)(settings, quality)
    frames = round(seconds * 24)
    keyframes = (Keyframe(Path("still.png"), 0),)
    shot = Shot(1080, 1920, Fraction(24), frames, 0, 0, 0, frames, keyframes)
    denoiser, vae, rest, vae_bytes = SIZES[name]
    sizes = Sizes(
        denoisers=(int(denoiser * 2e9),),
        layer=int(LARGEST_LAYER[name] * GB),
        vae=int(vae * 1e9 * vae_bytes),
        rest=int(rest * 2e9),
    )
    calls = plan(shot, renderer.limits).calls
    return [
        max(
            memory_plan(rung, sizes, renderer.footprint, renderer.call_size(call)).peak_gb
            for call in calls
        )
        for rung in LADDER
    ]


@pytest.mark.parametrize("seconds", [2, 5, 10])
@pytest.mark.parametrize("name", SIZES)
def test_presets_fit_the_card_that_the_docs_say(name: str, seconds: float) -> None:
    for quality, card in zip(QUALITIES, documented()[name], strict=True):
        assert min(peaks(name, quality, seconds)) <= card - TAKEN_GB


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_limit_of_8_gb_makes_ltx_fit_in_all_presets(quality: str) -> None:
    for seconds in (2, 5, 10):
        assert min(peaks("ltx", quality, seconds, memory_gb=7.5)) <= 7.5
