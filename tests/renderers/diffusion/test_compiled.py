"""Compiled denoisers, and the dtype of each device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from otio_gvideo.renderers.base import Lora, Shot
from otio_gvideo.renderers.diffusion.loading import pick_dtype
from otio_gvideo.renderers.diffusion.model_settings import model_setup
from otio_gvideo.renderers.diffusion.offload import compile_model
from otio_gvideo.renderers.registry import renderer_class

from . import tiny
from .conftest import lasting
from .test_families import difference, rendered, settings_for


@pytest.mark.slow
@pytest.mark.parametrize("name", ("svd", "animatediff"))
def test_a_compiled_unet_gives_the_same_video_also_with_loras(
    name: str, models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced as usual, but run without a C compiler.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    frames = torch._dynamo.utils.counters["frames"]
    before = frames["ok"]
    short = lasting(shot, 9)
    if name == "animatediff":
        lora = Lora(models(name) / "loras" / "zoom-in.safetensors", 1.0)
        short = replace(short, motion=replace(short.motion, loras=(lora,)))
    plain = rendered(name, settings_for(name, models), short)
    compiled = rendered(name, settings_for(name, models, compile=True), short)
    assert frames["ok"] > before
    assert difference(plain, compiled) < 0.01


def test_blocks_are_compiled_where_a_denoiser_names_them() -> None:
    model = tiny.wan_transformer(in_channels=16, image_dim=None)
    compile_model(model)
    assert all(block._compiled_call_impl is not None for block in model.blocks)
    assert model._compiled_call_impl is None


@pytest.mark.parametrize(
    ("device", "name", "dtype"),
    (
        ("cuda", "wan", torch.bfloat16),
        ("mps", "wan", torch.bfloat16),
        ("mps", "ltx", torch.bfloat16),
        ("mps", "ltx2", torch.bfloat16),
        ("mps", "svd", torch.float16),
        ("xpu", "animatediff", torch.float16),
        ("cpu", "wan", torch.float32),
        ("cpu", "svd", torch.float32),
    ),
)
def test_a_model_computes_in_the_format_of_its_training(
    device: str, name: str, dtype: torch.dtype
) -> None:
    half = renderer_class(name).half  # type: ignore[attr-defined]
    assert pick_dtype(model_setup(name, {}, "draft"), device, half) == dtype
    chosen = model_setup(name, {"dtype": "float32"}, "draft")
    assert pick_dtype(chosen, device, half) == torch.float32
