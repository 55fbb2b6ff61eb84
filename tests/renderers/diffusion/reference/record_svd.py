"""Record what Stable Video Diffusion's own sampler does, for ``test_reference_svd.py``.

    python -m tests.renderers.diffusion.reference.record_svd CHECKOUT

CHECKOUT is one of https://github.com/Stability-AI/generative-models at commit
0ad7de9a5cb53fd63d6d30a4f385485e72e08597; einops is needed as well. ``EulerEDMSampler``,
``EDMDiscretization``, ``LinearPredictionGuider``, ``Denoiser`` and ``VideoUNet`` run unchanged, as
``scripts/sampling/configs/svd_xt.yaml`` puts them together, on fixed weights and noise. The
conditioning is made here as ``scripts/sampling/simple_video_sample.py`` makes it, with fixed
embeddings of the image.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch

from .fixed_weights import fixed, fixed_weights, shapes_of

HERE = Path(__file__).parent
LATENT = (4, 8, 8)
"""Channels, height and width."""
FRAMES, STEPS = 14, 5
FPS_ID, BUCKET, NOISE = 6, 127, 0.02
GUIDANCE = (1.5, 3.0)
"""Of the first and the last frame."""


def conditioning() -> dict[str, Any]:
    """Return the image's embedding ``(1, 1, 32)`` and latents ``(1, 4, h, w)``."""
    return {"embedding": fixed("clip", (1, 1, 32)), "latents": fixed("image", (1, *LATENT))}


def noise() -> Any:
    """Return the initial noise, of shape ``(frames, 4, h, w)`` and deviation 1."""
    return fixed("noise", (FRAMES, *LATENT))


def _module(name: str, **content: Any) -> None:
    module = types.ModuleType(name)
    for key, value in content.items():
        setattr(module, key, value)
    sys.modules[name] = module


def _import_reference(checkout: Path) -> None:
    diffusers.StableVideoDiffusionPipeline  # noqa: B018 - loaded lazily, before what is replaced
    for package in ("sgm", "sgm.modules", "sgm.modules.diffusionmodules"):
        _module(package, __path__=[str(checkout / package.replace(".", "/"))])
    _module("omegaconf", ListConfig=list, OmegaConf=dict)


def _part(name: str, **parameters: Any) -> dict[str, Any]:
    return {"target": f"sgm.modules.diffusionmodules.{name}", "params": parameters}


def _unet() -> Any:
    """Return the UNet that ``tiny.svd`` has, as its authors write it."""
    model = importlib.import_module("sgm.modules.diffusionmodules.video_model").VideoUNet(
        in_channels=8,
        model_channels=32,
        out_channels=4,
        num_res_blocks=1,
        attention_resolutions=[1],
        channel_mult=[1, 2],
        num_head_channels=16,
        num_classes="sequential",
        adm_in_channels=96,
        context_dim=32,
        transformer_depth=1,
        use_linear_in_transformer=True,
        extra_ff_mix_layer=True,
        use_spatial_context=True,
        merge_strategy="learned_with_images",
        video_kernel_size=[3, 1, 1],
        spatial_transformer_attn_type="softmax",
        use_checkpoint=False,
    )
    model.load_state_dict(fixed_weights(shapes_of(model)))
    return model.eval()


def main(checkout: Path) -> None:
    _import_reference(checkout)
    modules = "sgm.modules.diffusionmodules"
    timestep = importlib.import_module(f"{modules}.openaimodel").Timestep(32)
    vector = torch.cat(
        [timestep(torch.tensor([value])) for value in (FPS_ID, BUCKET, NOISE)], dim=1
    )
    made = conditioning()
    cond = {
        "crossattn": made["embedding"].repeat(FRAMES, 1, 1),
        "concat": made["latents"].repeat(FRAMES, 1, 1, 1),
        "vector": vector.repeat(FRAMES, 1),
    }
    uncond = {
        **cond,
        **{name: torch.zeros_like(cond[name]) for name in ("crossattn", "concat")},
    }
    unet = _unet()
    network = importlib.import_module(f"{modules}.wrappers").OpenAIWrapper(unet)
    denoiser = importlib.import_module(f"{modules}.denoiser").Denoiser(
        _part("denoiser_scaling.VScalingWithEDMcNoise")
    )
    sampler = importlib.import_module(f"{modules}.sampling").EulerEDMSampler(
        num_steps=STEPS,
        device="cpu",
        discretization_config=_part("discretizer.EDMDiscretization", sigma_max=700.0),
        guider_config=_part(
            "guiders.LinearPredictionGuider",
            min_scale=GUIDANCE[0],
            max_scale=GUIDANCE[1],
            num_frames=FRAMES,
        ),
    )
    calls: list[dict[str, Any]] = []

    def denoise(x: Any, sigma: Any, c: Any) -> Any:
        calls.append({"x": x, "sigma": sigma})
        return denoiser(
            network,
            x,
            sigma,
            c,
            image_only_indicator=torch.zeros(2, FRAMES),
            num_video_frames=FRAMES,
        )

    with torch.no_grad():
        latents = sampler(denoise, noise(), cond=cond, uc=uncond)
    figures = {
        "sigmas": torch.stack([one["sigma"][0] for one in calls]),
        "inputs": torch.stack([one["x"][FRAMES:] for one in calls])[:, ::6],
        "latents": latents,
        "times": vector[0],
    }
    np.savez_compressed(HERE / "svd.npz", **{name: one.numpy() for name, one in figures.items()})
    (HERE / "svd_shapes.json").write_text(json.dumps(shapes_of(unet)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
