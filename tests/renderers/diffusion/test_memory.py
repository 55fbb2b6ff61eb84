"""VRAM: the first rung of the offload ladder, retries down the ladder, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.diffusion import (
    memory,
    weight_sizes,
)
from otio_gvideo.renderers.diffusion.memory import (
    GB,
    LADDER,
    CallSize,
    Cost,
    Footprint,
    Sizes,
)
from otio_gvideo.renderers.registry import renderer_class

LTX_2B = Sizes((int(3.6 * GB),), GB // 32, int(2.3 * GB))
LTX_13B = Sizes((int(24.3 * GB),), GB // 8, int(2.3 * GB))
ACTIVATIONS = Footprint(
    Cost(clip_bytes=17.0), Cost(1.0, 1000.0, 6.0, 65.0), Cost(1.0, 800.0, 3.0, 21.0)
)
FIVE_SECONDS = (544 * 960, 121)


def _needs(sizes: Sizes, frames: int = FIVE_SECONDS[1]) -> list[float]:
    pixels = FIVE_SECONDS[0]
    call = CallSize(pixels, 17, frames, frames, pixels)
    return [memory.memory_plan(rung, sizes, ACTIVATIONS, call).peak_gb for rung in LADDER]


@given(
    st.lists(st.integers(0, 40 * GB), min_size=1, max_size=2),
    st.integers(0, 8 * GB),
    st.integers(1, 257),
)
def test_every_rung_down_needs_less_memory(cores: list[int], vae: int, frames: int) -> None:
    needs = _needs(Sizes(tuple(cores), max(cores) // 100, vae), frames)
    assert needs == sorted(needs, reverse=True)


@given(st.floats(1, 80), st.floats(1, 80))
def test_more_memory_never_starts_further_down(one: float, other: float) -> None:
    def place(gb: float) -> int:
        return next((n for n, need in enumerate(_needs(LTX_2B)) if need <= gb), len(LADDER))

    less, more = sorted((one, other))
    assert place(more) <= place(less)


def test_models_start_at_the_rungs_they_are_known_to_fit() -> None:
    def first_rung(sizes: Sizes, gb: float) -> str:
        return next(rung for rung, need in zip(LADDER, _needs(sizes), strict=True) if need <= gb)

    assert first_rung(LTX_2B, 16) == "none"
    assert first_rung(LTX_2B, 7) == "model"
    assert first_rung(LTX_13B, 16) == "group"
    assert first_rung(LTX_13B, 40) == "none"


def test_an_offload_setting_picks_the_first_rung() -> None:
    assert memory.offload_ladder("cuda", "group") == ("group",)
    assert memory.offload_ladder("cuda", "model") == ("model", "group")
    assert memory.offload_ladder("cpu", "auto") == ("none",)


def test_a_limit_makes_shorter_calls_and_free_memory_never_does() -> None:
    def longest(**settings: Any) -> int:
        can = renderer_class("ltx")(settings, "high").limits
        assert can.frames.most is not None
        return can.frames.most

    assert longest() == longest(memory_gb="auto") == 257
    assert longest(memory_gb=16) == 257
    assert 33 <= longest(memory_gb=4) < 161
    # Never shorter than the overlap and one latent frame.
    assert longest(memory_gb=0.1) >= 17 + 8


def test_weights_are_sized_from_their_headers(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    tensors = {"a": torch.zeros(10, 20), "b": torch.zeros(5)}
    for name in ("model", "model.fp16"):
        save_file(tensors, tmp_path / f"{name}.safetensors", metadata={"format": "pt"})
    assert weight_sizes.weights_bytes(tmp_path, 2) == 410  # Without the variant.
    (tmp_path / "broken.safetensors").write_bytes(b"no such thing")
    assert weight_sizes.weights_bytes(tmp_path / "broken.safetensors", 2) == 0
