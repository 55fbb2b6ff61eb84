"""Record what Lightricks' own LTX-2 does, for ``test_reference_ltx2.py``.

    python -m tests.renderers.diffusion.reference.record_ltx2 CHECKOUT

CHECKOUT is one of https://github.com/Lightricks/LTX-2 at commit
400fd31054597515f47125691032c04b1c3ee24e; it needs einops. ``X0Model``, the conditioning items and
the Euler loop of ltx-core and ltx-pipelines run on the CPU, on fixed weights, noise, text and
latents of stills: with the noise levels of the distilled model, then with its upsampler and second
stage, and with the guidance and the noise levels of the model before distillation.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.machinery
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .fixed_weights import fixed, fixed_weights, shapes_of

HERE = Path(__file__).parent
SIZE, FRAMES, FPS = 64, 17, 24.0
GRID = (3, 2, 2)
"""Latent frames, height and width."""
CHANNELS, SOUND = 4, (2, 18, 2)
"""Channels of the video; channels, frames and mel bins of the sound."""
STILLS = ((0, 0.8), (13, 0.6))
"""Frame and strength of each still."""
TOKENS, WIDTH = 8, 16
DEV_STEPS = 4


def still(frame: int, factor: int = 1) -> Any:
    """Return the normalised latents of a still, at a multiple of the size."""
    height, width = (factor * side for side in GRID[1:])
    return fixed(f"still.{frame}", (1, CHANNELS, 1, height, width))


def statistics() -> tuple[Any, Any]:
    """Return mean and standard deviation of each channel of the video's latents."""
    return fixed("mean", (CHANNELS,)), fixed("std", (CHANNELS,)).exp()


def text(kind: str) -> Any:
    """Return a prompt's embedding, for the video or for the sound."""
    return fixed(f"text.{kind}", (1, TOKENS, WIDTH))


class Noise:
    """Random numbers by the order in which they are drawn."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, shape: Any, **_: Any) -> Any:
        self.count += 1
        return fixed(f"noise.{self.count}", tuple(shape))


def recorded() -> dict[str, Any]:
    """Run the reference and return its figures."""
    load = importlib.import_module
    model = load("ltx_core.model.transformer.model")
    project = load("ltx_core.model.transformer.text_projection").PixArtAlphaTextProjection
    transformer = model.LTXModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_layers=2,
        cross_attention_dim=WIDTH,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_in_channels=CHANNELS,
        audio_out_channels=CHANNELS,
        audio_cross_attention_dim=8,
        av_ca_timestep_scale_multiplier=1000,
        caption_projection=project(in_features=WIDTH, hidden_size=16),
        audio_caption_projection=project(in_features=WIDTH, hidden_size=8),
    )
    shapes = shapes_of(transformer)
    transformer.load_state_dict(fixed_weights(shapes))
    (HERE / "ltx2_shapes.json").write_text(json.dumps(shapes) + "\n")
    video, sound = _latent_tools(1)
    found: dict[str, list[Any]] = {"inputs": [], "timesteps": [], "places": []}
    forward = transformer.forward

    def watched(given: Any, *others: Any) -> Any:
        found["inputs"].append(given.latent)
        found["timesteps"].append(given.timesteps[..., 0])
        found["places"].append(given.positions)
        return forward(given, *others)

    transformer.forward = watched
    constants = load("ltx_pipelines.utils.constants")
    denoisers, guiders = load("ltx_pipelines.utils.denoisers"), load("ltx_core.components.guiders")
    simple = denoisers.SimpleDenoiser(text("video"), text("sound"))
    draw, sigmas = Noise(), constants.DISTILLED_SIGMAS
    latents, heard = _denoised(transformer, draw, video, sound, simple, sigmas)
    arrays = {name: torch.stack(values) for name, values in found.items()}
    transformer.forward = forward
    larger, upsampled = _upsampled(latents), _latent_tools(2)[0]
    refined, _ = _denoised(
        *(transformer, draw, upsampled, sound, simple, constants.STAGE_2_DISTILLED_SIGMAS),
        latents=(larger, heard),
    )

    def guider(kind: str, params: Any) -> Any:
        params = dataclasses.replace(params, stg_blocks=[1])  # Of two; the others perturb 1 of 48.
        return guiders.MultiModalGuider(params, text(f"{kind}.negative"))

    dev = constants.LTX_2_PARAMS
    guided = denoisers.GuidedDenoiser(
        *(text("video"), text("sound")),
        video_guider=guider("video", dev.video_guider_params),
        audio_guider=guider("sound", dev.audio_guider_params),
    )
    schedule = load("ltx_core.components.schedulers").LTX2Scheduler().execute(steps=DEV_STEPS)
    before, _ = _denoised(transformer, Noise(), video, sound, guided, schedule)
    return {**arrays, "latents": latents, "upsampled": larger, "refined": refined, "dev": before}


def _latent_tools(factor: int) -> tuple[Any, Any]:
    """Return the tools for latents of the video, at a multiple of its size, and of the sound."""
    load = importlib.import_module
    tools, parts = load("ltx_core.tools"), load("ltx_core.components.patchifiers")
    kinds = load("ltx_core.types")
    height, width = (factor * side for side in GRID[1:])
    shape = kinds.VideoLatentShape(1, CHANNELS, GRID[0], height, width)
    video = tools.VideoLatentTools(parts.VideoLatentPatchifier(patch_size=1), shape, FPS)
    sound = tools.AudioLatentTools(
        parts.AudioPatchifier(patch_size=1), kinds.AudioLatentShape(1, *SOUND)
    )
    return video, sound


def _denoised(
    transformer: Any,
    draw: Noise,
    video: Any,
    sound: Any,
    denoiser: Any,
    sigmas: Any,
    latents: tuple[Any, Any] = (None, None),
) -> tuple[Any, Any]:
    """Return the latents of video and sound after the last step."""
    load = importlib.import_module
    items, helpers = load("ltx_core.conditioning"), load("ltx_pipelines.utils.helpers")
    noiser = load("ltx_core.components.noisers").GaussianNoiser(None)
    noiser._sample_noise = lambda state: draw(state.latent.shape)
    factor = video.target_shape.height // GRID[1]
    given = [
        items.VideoConditionByLatentIndex(latent=still(at, factor), strength=strength, latent_idx=0)
        if at == 0
        else items.VideoConditionByKeyframeIndex(
            keyframes=still(at, factor), strength=strength, frame_idx=at
        )
        for at, strength in STILLS
    ]
    states = [
        helpers.create_noised_state(
            *(tools, conditions, noiser, torch.float32, torch.device("cpu")),
            noise_scale=sigmas[0].item(),
            initial_latent=initial,
        )
        for tools, conditions, initial in zip((video, sound), (given, []), latents, strict=True)
    ]
    with torch.inference_mode():
        found = load("ltx_pipelines.utils.samplers").euler_denoising_loop(
            sigmas=sigmas,
            video_state=states[0],
            audio_state=states[1],
            stepper=load("ltx_core.components.diffusion_steps").EulerDiffusionStep(),
            transformer=load("ltx_core.model.transformer.model").X0Model(transformer),
            denoiser=denoiser,
        )
    made = [
        tools.unpatchify(tools.clear_conditioning(state)).latent
        for tools, state in zip((video, sound), found, strict=True)
    ]
    return made[0], made[1]


def _upsampled(latents: Any) -> Any:
    """Return latents at twice the size, normalised as they were."""
    model = importlib.import_module("ltx_core.model.upsampler.model")
    upsampler = model.LatentUpsampler(
        in_channels=CHANNELS, mid_channels=32, num_blocks_per_stage=1, rational_resampler=True
    )
    shapes = shapes_of(upsampler)
    kernel = {n: v for n, v in upsampler.state_dict().items() if n.endswith("blur_down.kernel")}
    upsampler.load_state_dict({**fixed_weights(shapes), **kernel})
    (HERE / "ltx2_upsampler_shapes.json").write_text(json.dumps(shapes) + "\n")
    mean, std = (one.view(1, -1, 1, 1, 1) for one in statistics())
    channels = types.SimpleNamespace(
        un_normalize=lambda x: x * std + mean, normalize=lambda x: (x - mean) / std
    )
    encoder = types.SimpleNamespace(per_channel_statistics=channels)
    with torch.inference_mode():
        return model.upsample_video(latents, encoder, upsampler)


def main() -> None:
    """Write ``ltx2.npz`` and ``ltx2_shapes.json``."""
    for name in ("ltx-core", "ltx-pipelines"):
        sys.path.insert(0, str(Path(sys.argv[1]) / "packages" / name / "src"))
    for name in ("torchaudio", "OpenImageIO"):
        # Imported, and not used here.
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules.setdefault(name, module)
    arrays = {name: value.numpy().astype(np.float32) for name, value in recorded().items()}
    np.savez_compressed(HERE / "ltx2.npz", **arrays)


if __name__ == "__main__":
    main()
