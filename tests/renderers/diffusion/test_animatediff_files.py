"""AnimateDiff held against its authors' schedule, and loaded from the files that people have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import RendererError, Shot
from otio_gvideo.renderers.diffusion.presets import model_preset
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import load_file, save_file

from .conftest import lasting
from .test_families import difference, rendered, settings_for


def pipeline_of(settings: dict[str, Any], shot: Shot) -> Any:
    """Return the loaded pipeline."""
    with closing(renderer_class("animatediff")(settings, "draft")) as renderer:
        made: Any = renderer
        return made._model.placed(plan(shot, made.limits).calls[0])


def test_a_perfect_model_leaves_no_noise_in_the_video(
    models: Callable[[str], Path], shot: Shot
) -> None:
    """Each step ends where the next one starts, and the last one at the clean latents."""
    scheduler = pipeline_of(settings_for("animatediff", models), lasting(shot, 9)).scheduler
    # configs/inference/inference-v2.yaml of guoyww/AnimateDiff.
    betas = torch.linspace(0.00085, 0.012, 1000)
    torch.testing.assert_close(scheduler.betas, betas)
    for quality in ("draft", "standard", "high"):
        steps = model_preset("animatediff", quality, {}).steps
        scheduler.set_timesteps(steps)
        stride = 1000 // steps
        assert scheduler.timesteps.tolist() == [n * stride + 1 for n in range(steps)][::-1]
        noise = torch.ones(1)
        latents = noise
        for timestep in scheduler.timesteps:
            # The clean latents are 0: all that is there is noise.
            share = (1 - scheduler.alphas_cumprod[timestep]).sqrt()
            latents = scheduler.step(latents / share, timestep, latents).prev_sample
        assert latents.abs().max() < 1e-6


def numbered(side: str, step: int, first: int) -> Callable[[re.Match[str]], str]:
    """Return a function that names a block by its level and its number there."""
    return lambda found: f"{side}.{step * int(found[2]) + int(found[3]) + first}"


NAMES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"^(down_blocks\.(\d)\.downsamplers\.(0)\.conv)", numbered("input_blocks", 3, 3)),
    (r"^(down_blocks\.(\d)\.resnets\.(\d))", numbered("input_blocks", 3, 1)),
    (r"^(down_blocks\.(\d)\.attentions\.(\d))", numbered("input_blocks", 3, 1)),
    (r"^(up_blocks\.0\.upsamplers\.0\.conv)", lambda _: "output_blocks.2.1.conv"),
    (r"^(up_blocks\.(\d)\.resnets\.(\d))", numbered("output_blocks", 3, 0)),
    (r"^(up_blocks\.(\d)\.attentions\.(\d))", numbered("output_blocks", 3, 0)),
    (r"^(mid_block\.resnets\.(\d))", lambda found: f"middle_block.{2 * int(found[2])}"),
    (r"^(mid_block\.attentions\.0)", lambda _: "middle_block.1"),
    (r"^(conv_in)", lambda _: "input_blocks.0.0"),
    (r"^(conv_norm_out)", lambda _: "out.0"),
    (r"^(conv_out)", lambda _: "out.2"),
    (r"^(time_embedding\.linear_(\d))", lambda found: f"time_embed.{2 * int(found[2]) - 2}"),
)
RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
"""How Stable Diffusion's authors name the parts of the tiny UNet."""


def original_name(name: str) -> str:
    """Return a name of diffusers' UNet as Stable Diffusion's authors have it."""
    for pattern, new in NAMES:
        found = re.search(pattern, name)
        if not found:
            continue
        rest = name[found.end() :].removeprefix(".")
        if ".attentions." in name or name.startswith("mid_block.attentions"):
            return f"{new(found)}{'' if 'mid_block' in name else '.1'}.{rest}"
        if ".resnets." in name:
            part, kind = rest.rsplit(".", 1)
            return f"{new(found)}{'' if 'mid_block' in name else '.0'}.{RESNET[part]}.{kind}"
        return f"{new(found)}{'.0.op' if 'downsamplers' in name else ''}.{rest}"
    raise AssertionError(name)


def checkpoint(folder: Path, path: Path) -> Path:
    """Save the UNet and the text encoder of a folder as one checkpoint of Stable Diffusion 1.5."""
    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    tensors = {f"model.diffusion_model.{original_name(n)}": t for n, t in unet.items()}
    for name, tensor in load_file(folder / "text_encoder" / "model.safetensors").items():
        short = name.removeprefix("text_model.")
        tensors[f"cond_stage_model.transformer.text_model.{short}"] = tensor
    save_file(tensors, path)
    return path


@pytest.mark.slow
def test_a_checkpoint_of_stable_diffusion_replaces_unet_and_text_encoder(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for("animatediff", models)
    file = checkpoint(models("animatediff"), tmp_path / "film.safetensors")
    short = lasting(shot, 9)
    single = {**settings, "weights": str(file)}
    assert (
        difference(rendered("animatediff", settings, short), rendered("animatediff", single, short))
        == 0
    )
    tensors = load_file(file)
    encoder = {n: t * 1.5 for n, t in tensors.items() if n.startswith("cond_stage_model.")}
    save_file({**tensors, **encoder}, tmp_path / "other.safetensors")
    other = pipeline_of({**settings, "weights": str(tmp_path / "other.safetensors")}, short)
    plain = pipeline_of(settings, short)
    for (name, one), (_, two) in zip(
        plain.text_encoder.named_parameters(), other.text_encoder.named_parameters(), strict=True
    ):
        torch.testing.assert_close(one * 1.5, two, msg=name)


@pytest.mark.slow
def test_a_motion_module_of_the_authors_loads_as_the_folder_does(
    tmp_path: Path, models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for("animatediff", models)
    folder = models("animatediff") / "adapter"
    tensors = {"down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0."
               "attention_blocks.0.pos_encoder.pe": torch.zeros(1, 32, 8)}  # fmt: skip
    for name, tensor in load_file(folder / "diffusion_pytorch_model.safetensors").items():
        short = re.sub(r"(motion_modules\.\d)", r"\1.temporal_transformer", name)
        for new, old in (
            ("norm1", "norms.0"), ("norm2", "norms.1"), ("norm3", "ff_norm"),
            ("attn1", "attention_blocks.0"), ("attn2", "attention_blocks.1"),
        ):  # fmt: skip
            short = short.replace(f".{new}.", f".{old}.")
        tensors[short] = tensor
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    file = tmp_path / "mm_sd_v15_v2.safetensors"
    save_file(tensors, file)
    short = lasting(shot, 9)
    plain = rendered("animatediff", settings, short)
    own = {**settings, "adapter": str(file)}
    assert difference(plain, rendered("animatediff", own, short)) == 0
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "use_motion_mid_block": True}))
    with pytest.raises(RendererError, match=r"lacks \d+ weights of the motion adapter"):
        rendered("animatediff", own, short)
