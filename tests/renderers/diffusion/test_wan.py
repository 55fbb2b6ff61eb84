"""Wan: prompts, two experts and their LoRAs, schedules of distilled checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import Lora, Shot
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import save_file

from .conftest import lasting
from .test_families import rendered_each, settings_for


def wan_lora(path: Path, seed: int) -> Path:
    """Save a LoRA on the attention of both blocks, under Wan's own names."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for block in range(2):
        for layer in ("q", "v"):
            stem = f"diffusion_model.blocks.{block}.self_attn.{layer}"
            tensors[f"{stem}.lora_down.weight"] = torch.randn(4, 24, generator=generator)
            tensors[f"{stem}.lora_up.weight"] = torch.randn(24, 4, generator=generator)
    save_file(tensors, path)
    return path


def latents_of(settings: dict[str, Any], *shots: Shot) -> list[Any]:
    """Return the latents of the first call of each shot."""
    with closing(renderer_class("wan")(settings, "draft")) as renderer:
        made: Any = renderer
        made.expect(shots)
        found = []
        denoise = made.denoise

        def noted(*args: Any) -> Any:
            found.append(denoise(*args))
            return found[-1]

        made.denoise = noted
        for shot in shots:
            call = plan(shot, made.limits).calls[0]
            list(made.generate(shot, call, [], lambda *_: None))
    return found


def calls_of_experts(
    settings: dict[str, Any], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[Any]]:
    """Return the arguments of each expert's calls."""
    called: dict[str, list[Any]] = {"transformer": [], "transformer_2": []}
    with closing(renderer_class("wan")(settings, "draft")) as renderer:
        made: Any = renderer
        load = made.load

        def watched(parts: Any) -> Any:
            pipe = load(parts)
            for name, calls in called.items():
                forward = getattr(pipe, name).forward

                def note(*args: Any, to: Any = forward, into: Any = calls, **more: Any) -> Any:
                    into.append(more)
                    return to(*args, **more)

                monkeypatch.setattr(getattr(pipe, name), "forward", note)
            return pipe

        monkeypatch.setattr(made, "load", watched)
        call = plan(shot, made.limits).calls[0]
        list(made.generate(shot, call, [], lambda *_: None))
    return called


def test_each_expert_of_a14b_has_its_noise_levels_and_its_guidance(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets = {"draft": {"steps": 4, "shift": 5.0}}
    settings = settings_for("wan_a14b", models, presets=presets)
    short = lasting(shot, 9)
    called = calls_of_experts(settings, short, monkeypatch)
    times = {name: [int(one["timestep"][0]) for one in calls] for name, calls in called.items()}
    # Each step twice, with and without the prompt; the boundary is 900.
    assert times == {"transformer": [999, 999, 937, 937], "transformer_2": [833, 833, 624, 624]}
    plain, low, high = (
        latents_of({**settings, "presets": {"draft": {**presets["draft"], **more}}}, short)[0]
        for more in ({}, {"guidance_2": 7.0}, {"guidance": 7.0})
    )
    assert not torch.equal(plain, low)
    assert not torch.equal(plain, high)


def test_a14b_has_its_own_presets_by_its_folder_and_by_its_name(
    models: Callable[[str], Path],
) -> None:
    for settings in (
        settings_for("wan_a14b", models, presets={}),
        {"model": "Wan-AI/Wan2.2-I2V-A14B-Diffusers"},
    ):
        renderer: Any = renderer_class("wan")(settings, "high")
        preset = renderer.preset
        assert (preset.steps, preset.shift, preset.fps, preset.frames) == (40, 5.0, 16, 81)
        assert (preset.guidance, preset.guidance_2) == (3.5, 3.5)
        assert renderer.setup.preset is preset
    small: Any = renderer_class("wan")({"model": str(models("wan_5b"))}, "high")
    assert (small.preset.steps, small.preset.guidance, small.preset.frames) == (50, 5.0, 121)


@pytest.mark.slow
def test_a_lora_acts_on_both_experts_or_on_the_one_it_is_for(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for("wan_a14b", models, presets={"draft": {"steps": 4, "shift": 5.0}})
    both = wan_lora(tmp_path / "film.safetensors", 1)
    high = wan_lora(tmp_path / "high_noise_model.safetensors", 1)
    low = wan_lora(tmp_path / "low_noise_model.safetensors", 1)
    short = lasting(shot, 9)

    def worn(*paths: Path) -> Shot:
        loras = tuple(Lora(path, 0.7) for path in paths)
        return replace(short, motion=replace(short.motion, loras=loras))

    plain, on_both, on_high, on_low, pair, off = latents_of(
        settings, worn(), worn(both), worn(high), worn(low), worn(high, low), worn()
    )
    assert torch.equal(plain, off)
    assert torch.equal(on_both, pair)
    different = (plain, on_both, on_high, on_low)
    for number, one in enumerate(different):
        assert all(not torch.equal(one, other) for other in different[number + 1 :])
    configured = {"loras": [{"model": str(both), "weight": 0.7, "expert": "low"}]}
    assert torch.equal(latents_of({**settings, **configured}, worn())[0], on_low)


def test_a_distilled_checkpoint_takes_its_own_timesteps_without_guidance(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    timesteps = [1000.0, 937.5, 833.3, 625.0]
    presets = {"draft": {"timesteps": timesteps, "guidance": 1.0, "guidance_2": 1.0}}
    settings = settings_for("wan_a14b", models, presets=presets)
    called = calls_of_experts(settings, lasting(shot, 9), monkeypatch)
    times = [float(one["timestep"][0]) for calls in called.values() for one in calls]
    assert times == pytest.approx(timesteps)


def test_prompts_are_padded_to_the_length_of_training(
    models: Callable[[str], Path], shot: Shot
) -> None:
    with closing(renderer_class("wan")(settings_for("wan_5b", models), "draft")) as renderer:
        made: Any = renderer
        made._encode(made.prompt(shot))
        (embeddings,) = made._embeddings.values()
    assert {tensor.shape[1] for tensor in embeddings.values()} == {512}
    assert len(embeddings) == 2


def test_wans_own_negative_prompt_is_the_default_and_a_scenes_own_replaces_it(
    models: Callable[[str], Path], shot: Shot
) -> None:
    renderer: Any = renderer_class("wan")(settings_for("wan_5b", models), "draft")
    assert renderer.prompt(shot).negative.startswith("色调艳丽，过曝，静态")
    assert renderer.prompt(replace(shot, negative_prompt="rain")).negative == "rain"


def test_the_vae_computes_in_32_bits_beside_a_transformer_in_16(
    models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for("wan_5b", models, dtype="bfloat16")
    with closing(renderer_class("wan")(settings, "draft")) as renderer:
        made: Any = renderer
        short = lasting(shot, 9)
        frames = list(made.generate(short, plan(short, made.limits).calls[0], [], lambda *_: None))
        assert made._model.pipe.vae.dtype == torch.float32
        assert made._model.pipe.transformer.dtype == torch.bfloat16
    assert len(frames) == 9
    assert rendered_each("wan", settings, short)
