"""Compiled denoisers, and the dtype of each device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import Lora, Shot
from otio_gvideo.renderers.diffusion.loading import pick_dtype
from otio_gvideo.renderers.diffusion.loras import loras_of
from otio_gvideo.renderers.diffusion.memory import Offload
from otio_gvideo.renderers.diffusion.model_settings import model_setup
from otio_gvideo.renderers.diffusion.offload import compile_model, place_pipeline
from otio_gvideo.renderers.fit.planner import plan
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


@pytest.mark.slow
@pytest.mark.parametrize(("rung", "quantization"), (("model", "none"), ("group", "fp8")))
def test_a_compiled_unet_works_offloaded_with_loras_and_in_8_bits(
    rung: Offload,
    quantization: str,
    models: Callable[[str], Path],
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    lora = Lora(models("animatediff") / "loras" / "zoom-in.safetensors", 1.0)
    short = lasting(shot, 9)
    short = replace(short, motion=replace(short.motion, loras=(lora,)))
    latents = []
    for is_compiled in (False, True):
        settings = settings_for(
            "animatediff", models, compile=is_compiled, quantization=quantization
        )
        with closing(renderer_class("animatediff")(settings, "draft")) as renderer:
            made: Any = renderer
            call = plan(short, made.limits).calls[0]
            pipe = made._model.placed(call)
            if is_compiled:
                # The CPU as if it were a card: the hooks are the same.
                place_pipeline(pipe, rung, "cpu", made.denoisers)
            with torch.inference_mode():
                made._model.loras.apply(pipe, loras_of(short, made.setup))
                latents.append(made.denoise(pipe, short, call, [], lambda *_: None))
    torch.testing.assert_close(*latents, atol=1e-3, rtol=1e-3)


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
