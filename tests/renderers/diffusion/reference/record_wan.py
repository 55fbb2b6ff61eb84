"""Record what Wan's own pipelines do, for ``test_reference_wan.py``.

    python -m tests.renderers.diffusion.reference.record_wan CHECKOUT

CHECKOUT is one of https://github.com/Wan-Video/Wan2.2 at commit
42bf4cfaa384bc21833865abc2f9e6c0e67233dc. ``WanTI2V.i2v`` and ``WanI2V.generate`` run unchanged on
the CPU, with their own transformer, schedule and loop, on fixed weights and noise. Replaced are
the text encoder (fixed embeddings), the VAE (the tiny one of these tests) and flash attention.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import types
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from PIL import Image

from .. import tiny
from .fixed_weights import fixed, fixed_weights, shapes_of

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES = 32, 48, 9
STEPS, SEED = 6, 5
TEXT = {"positive": 7, "negative": 4}
"""Tokens of the prompts."""
SHIFTS = {"5b": 5.0, "a14b": 5.0}


def picture() -> Any:
    """Return the first frame, as RGB."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 7, y * 5, (x + y) * 3], axis=-1).astype(np.uint8)


def embedding(kind: str) -> Any:
    """Return the text embedding of a prompt, without padding."""
    return fixed(f"text.{kind}", (TEXT[kind], 32))


def vae() -> Any:
    """Return the tiny VAE, with fixed weights."""
    model = tiny.wan_vae().eval()
    model.load_state_dict(fixed_weights(shapes_of(model), "vae."))
    return model


class _Vae:
    """The interface of the reference's VAEs."""

    def __init__(self) -> None:
        self._vae = vae()
        self.model = types.SimpleNamespace(z_dim=16)

    def encode(self, videos: list[Any]) -> list[Any]:
        config = self._vae.config
        mean, deviation = (
            torch.tensor(values).view(-1, 1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )
        with torch.no_grad():
            return [
                (self._vae.encode(video[None]).latent_dist.mode()[0] - mean) / deviation
                for video in videos
            ]

    def decode(self, latents: list[Any]) -> list[Any]:
        return latents


def _text_encoder(prompts: list[str], _device: Any) -> list[Any]:
    return [embedding(prompt) for prompt in prompts]


def _module(name: str, **content: Any) -> None:
    module = types.ModuleType(name)
    for key, value in content.items():
        setattr(module, key, value)
    sys.modules[name] = module


def _import_reference(checkout: Path) -> None:
    """Make the reference's modules importable without what only CUDA and training need."""
    diffusers.UniPCMultistepScheduler, diffusers.WanImageToVideoPipeline  # noqa: B018 - loaded lazily
    for package in ("wan", "wan.modules", "wan.utils", "wan.distributed"):
        _module(package, __path__=[str(checkout / package.replace(".", "/"))])
    functional = types.SimpleNamespace(
        to_tensor=lambda image: torch.from_numpy(np.asarray(image) / np.float32(255)).permute(
            2, 0, 1
        )
    )
    _module("torchvision", __path__=[])
    _module("torchvision.transforms", functional=functional)
    _module("torchvision.transforms.functional", to_tensor=functional.to_tensor)
    _module("imageio")
    _module("wan.distributed.fsdp", shard_model=None)
    _module("wan.distributed.sequence_parallel", sp_attn_forward=None, sp_dit_forward=None)
    _module("wan.distributed.util", get_world_size=lambda: 1)
    _module("wan.modules.t5", T5EncoderModel=None)
    _module("wan.modules.vae2_1", Wan2_1_VAE=None)
    _module("wan.modules.vae2_2", Wan2_2_VAE=None)

    def attention(q: Any, k: Any, v: Any, **_: Any) -> Any:
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)

    _module("wan.modules.attention", flash_attention=attention)


def _transformer(kind: str, channels: int, prefix: str, calls: list[dict[str, Any]]) -> Any:
    model = importlib.import_module("wan.modules.model").WanModel(
        model_type=kind,
        in_dim=channels,
        dim=24,
        ffn_dim=32,
        freq_dim=64,
        text_dim=32,
        out_dim=16,
        num_heads=2,
        num_layers=2,
    )
    model.load_state_dict(fixed_weights(shapes_of(model), prefix))
    forward = model.forward

    def noted(x: Any, t: Any, context: Any, **more: Any) -> Any:
        calls.append({"expert": prefix, "x": x[0], "t": t, "y": more.get("y")})
        return forward(x, t=t, context=context, **more)

    model.forward = noted
    return model.eval()


def _recorded(kind: str) -> dict[str, Any]:
    """Run a pipeline and return its figures."""
    calls: list[dict[str, Any]] = []
    sigmas: list[Any] = []
    solver = importlib.import_module("wan.utils.fm_solvers_unipc").FlowUniPCMultistepScheduler
    set_timesteps = solver.set_timesteps

    def watched(self: Any, *args: Any, **more: Any) -> None:
        set_timesteps(self, *args, **more)
        sigmas.append(self.sigmas)

    solver.set_timesteps = watched
    if kind == "5b":
        module = importlib.import_module("wan.textimage2video")
        pipe = module.WanTI2V.__new__(module.WanTI2V)
        pipe.model = _transformer("ti2v", 16, "high.", calls)
        generate, guidance = pipe.i2v, 5.0
    else:
        module = importlib.import_module("wan.image2video")
        pipe = module.WanI2V.__new__(module.WanI2V)
        pipe.high_noise_model = _transformer("i2v", 36, "high.", calls)
        pipe.low_noise_model = _transformer("i2v", 36, "low.", calls)
        pipe.boundary = 0.9
        generate, guidance = pipe.generate, (3.5, 4.5)  # low, high
    for name, value in {
        "device": torch.device("cpu"), "rank": 0, "sp_size": 1, "t5_cpu": True,
        "init_on_cpu": False, "num_train_timesteps": 1000, "param_dtype": torch.float32,
        "vae_stride": (4, 8, 8), "patch_size": (1, 2, 2), "vae": _Vae(),
        "text_encoder": _text_encoder, "sample_neg_prompt": "",
    }.items():  # fmt: skip
        setattr(pipe, name, value)
    with contextlib.redirect_stdout(sys.stderr):
        latents = generate(
            "positive",
            Image.fromarray(picture()),
            max_area=WIDTH * HEIGHT,
            frame_num=FRAMES,
            shift=SHIFTS[kind],
            sampling_steps=STEPS,
            guide_scale=guidance,
            n_prompt="negative",
            seed=SEED,
            offload_model=False,
        )
    solver.set_timesteps = set_timesteps
    guided = calls[::2]  # Each step is with the prompt, then without it.
    found = {
        "sigmas": sigmas[0],
        "timesteps": torch.stack([one["t"][0] for one in guided]),
        "is_high": torch.tensor([one["expert"] == "high." for one in guided]),
        "inputs": torch.stack([one["x"] for one in guided]),
        "latents": latents,
    }
    if kind == "a14b":
        found["condition"] = guided[0]["y"][0]
    return {f"{kind}.{name}": value.numpy() for name, value in found.items()}


def _schedules() -> dict[str, Any]:
    """Return the sigmas of the published settings: steps and shift."""
    solver = importlib.import_module("wan.utils.fm_solvers_unipc").FlowUniPCMultistepScheduler
    found = {}
    for steps, shift in ((20, 3.0), (30, 5.0), (40, 5.0), (50, 5.0)):
        made = solver(num_train_timesteps=1000, shift=1, use_dynamic_shifting=False)
        made.set_timesteps(steps, device="cpu", shift=shift)
        found[f"sigmas.{steps}.{shift:.0f}"] = made.sigmas.numpy()
        found[f"timesteps.{steps}.{shift:.0f}"] = made.timesteps.numpy()
    return found


def main(checkout: Path) -> None:
    _import_reference(checkout)
    figures = {**_recorded("5b"), **_recorded("a14b"), **_schedules()}
    np.savez_compressed(HERE / "wan.npz", **figures)
    shapes = {
        kind: shapes_of(_transformer(model, channels, "", []))
        for kind, model, channels in (("5b", "ti2v", 16), ("a14b", "i2v", 36))
    }
    (HERE / "wan_shapes.json").write_text(json.dumps(shapes, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
