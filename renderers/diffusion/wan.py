"""`wan`: Wan 2.1 and 2.2, from a first frame and, in models that support it, a last one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..base import Call, Frame, FrameGrid, Limits, OnStep, Shot, UnavailableError
from . import memory
from .conditioning import conditioning_image
from .decoding import decode_tiled, pixels_of_tile, tiled_share
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor
from .memory import CallSize, Cost, Footprint
from .offload import bring_to_device
from .presets import ModelPreset, model_preset
from .prompt import PromptShape
from .work import WAN_5B, WAN_14B, WAN_21_VAE, WAN_22_VAE, Work

GRID = 4
"""Frames to a latent frame; the pipeline rounds other counts than ``4 k + 1`` down."""
HIGHEST_SIGMA = 0.999
"""Where even steps start, before the shift: ``1 - 1 / 1000``."""


class WanRenderer(DiffusionRenderer):
    """Wan's image-to-video models, through ``WanImageToVideoPipeline``."""

    name: ClassVar[str] = "wan"
    version: ClassVar[int] = 3
    pipeline = "WanImageToVideoPipeline"
    denoisers: ClassVar[tuple[str, ...]] = ("transformer", "transformer_2")
    precise: ClassVar[tuple[str, ...]] = ("vae",)
    prompt_tokens: ClassVar[int | None] = 512
    prompt_shape: ClassVar[PromptShape] = "camera_first"

    def __init__(self, settings: Mapping[str, Any], quality: str):
        super().__init__(settings, quality)
        if not self._is_5b:
            changes = settings.get("presets", {}).get(quality, {})
            variant = "a14b" if self._has_experts else "14b"
            self.preset = model_preset(self.name, quality, changes, variant)
            self.setup = replace(self.setup, preset=self.preset)

    @property
    def footprint(self) -> Footprint:
        """Activations of 5B, or of 14B with the VAE of 2.1."""
        if self._is_5b:
            return Footprint(
                denoise=Cost(0.14, clip_bytes=50.3),
                encode=Cost(frame_bytes=2050.0),
                decode=Cost(0.06, frame_bytes=21_600.0, clip_bytes=3.0),
                vae_gb=2.63,
                vae_bytes=4,
            )
        return Footprint(
            denoise=Cost(0.1, clip_bytes=116.0),
            # The whole clip is encoded: keyframes, and grey between them.
            encode=Cost(frame_bytes=14_500.0, clip_bytes=24.0),
            decode=Cost(frame_bytes=19_700.0, clip_bytes=15.0),
            vae_gb=0.48,
            vae_bytes=4,
        )

    def call_size(self, call: Call) -> CallSize:
        """Return the size of a call's work; all models but 5B encode a clip of its length."""
        return replace(
            super().call_size(call),
            encoded=1 if self._is_5b else call.frames,
            denoised=GRID * ((call.frames - 1) // GRID + 1),
            tile=pixels_of_tile(call.width, call.height, self._vae_scale, self.tile_pixels),
        )

    def work(self, call: Call) -> Work:
        """Return the work of a call; each step is one expert's, of A14B."""
        preset, size = self.preset, self.call_size(call)
        transformer, vae = (WAN_5B, WAN_22_VAE) if self._is_5b else (WAN_14B, WAN_21_VAE)
        passes = (len(preset.timesteps) or preset.steps) * (2 if preset.guidance > 1 else 1)
        tiles = tiled_share(call.width, call.height, self._vae_scale, self.tile_pixels)
        return Work(
            vae.encode_tflop(size.frame_pixels, [size.encoded]),
            passes * transformer.tflop(size.frame_pixels, size.denoised),
            vae.decode_tflop(size.frame_pixels, size.decoded, tiles),
        )

    @property
    def limits(self) -> Limits:
        """121 frames at 24 fps for 2.2-5B, 81 at 16 fps for the others, as in their training."""
        preset = self.preset
        fits = memory.longest_call(self.footprint, preset.max_pixels, self.setup.memory_gb)
        return Limits(
            frames=FrameGrid(
                GRID, 1, least=2 * GRID + 1, most=max(2 * GRID + 1, min(preset.frames, fits))
            ),
            fps=Fraction(preset.fps).limit_denominator(1001),
            multiple=32 if self._is_5b else 16,
            max_pixels=preset.max_pixels,
            conditions=frozenset({"first", "last"} if self._takes_last else {"first"}),
            controls=frozenset({"prompt", "loras"}),
            overlap=1,
            continues=True,
        )

    @cached_property
    def _is_5b(self) -> bool:
        return bool(self._config("model_index.json").get("expand_timesteps", "5B" in self._id))

    @property
    def _vae_scale(self) -> int:
        """Pixels to a latent position, of one side: of the VAE of 2.2, or of 2.1."""
        return 16 if self._is_5b else 8

    @cached_property
    def _has_experts(self) -> bool:
        """Whether it is 2.2-A14B, with one transformer for high and one for low noise."""
        index = self._config("model_index.json")
        return (
            index["boundary_ratio"] is not None
            if "boundary_ratio" in index
            else ("A14B" in self._id)
        )

    @cached_property
    def _takes_last(self) -> bool:
        """Whether a last frame is honoured: 2.2-5B ignores it silently, 2.1 needs FLF2V."""
        if self._is_5b:
            return False
        config = self._config("transformer/config.json")
        if not config:
            return "FLF2V" in self._id or "2.2" in self._id
        return config.get("image_dim") is None or config.get("pos_embed_seq_len") is not None

    @property
    def _id(self) -> str:
        return self.setup.model.model

    def _config(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the model's folder; empty if it is not downloaded yet."""
        try:
            config: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (UnavailableError, OSError):
            return {}
        return config

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with the schedule of the preset."""
        pipe = super().load({**self.single_files("WanTransformer3DModel"), **parts})
        pipe.scheduler = flow_scheduler(self.preset)
        return pipe

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: normalised, ``(1, channels, frames, h, w)``."""
        preset = self.preset
        sigmas = flow_sigmas(preset)
        stills = {key.frame: conditioning_image(key.image, shot, call) for key in call.keyframes}
        last = stills.get(call.frames - 1)
        return pipe(
            **self.embeddings(shot),
            image=Image.fromarray(before[-1] if before else stills[0]),
            last_image=None if last is None else Image.fromarray(last),
            width=call.width,
            height=call.height,
            num_frames=call.frames,
            num_inference_steps=len(sigmas),
            guidance_scale=preset.guidance,
            guidance_scale_2=(preset.guidance_2 or None) if self._has_experts else None,
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, len(sigmas)),
        ).frames.cpu()

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames, decoded in tiles."""
        import torch  # noqa: PLC0415 - slow to import

        vae, config = pipe.vae, pipe.vae.config
        mean, deviation = (
            torch.tensor(values).view(1, config.z_dim, 1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )
        latents = (latents * deviation + mean).to(self.device, vae.dtype)
        scale = call.height // latents.shape[3]
        yield from decode_tiled(latents, partial(decode_frames, vae), scale, self.tile_pixels)


def decode_frames(vae: Any, latents: Tensor) -> Iterator[Tensor]:
    """Yield what the ``decode`` of Wan's VAE returns at once, a latent frame's frames at a time.

    Each convolution caches the frames before (``_decode`` of diffusers' ``autoencoder_kl_wan.py``),
    so nothing is computed twice, and only the size of a frame counts for memory.

    Args:
        vae: an ``AutoencoderKLWan``.
        latents: shape ``(1, channels, latent frames, height, width)``.
    """
    import torch  # noqa: PLC0415
    from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify  # noqa: PLC0415

    bring_to_device(vae)
    vae.clear_cache()
    for number in range(latents.shape[2]):
        vae._conv_idx = [0]
        with torch.inference_mode():
            frames = vae.decoder(
                vae.post_quant_conv(latents[:, :, number : number + 1]),
                feat_cache=vae._feat_map,
                feat_idx=vae._conv_idx,
                first_chunk=number == 0,
            )
            if vae.config.patch_size is not None:
                frames = unpatchify(frames, patch_size=vae.config.patch_size)
        yield frames
    vae.clear_cache()


def flow_sigmas(preset: ModelPreset) -> NDArray[np.float64]:
    """Return the noise level of each step, 1 is noise alone.

    They are the preset's ``timesteps`` over 1000, or even steps with the preset's shift. Source:
    ``FlowUniPCMultistepScheduler.set_timesteps`` of https://github.com/Wan-Video/Wan2.2; that of
    diffusers starts from 1 and ends at 1/1000 instead.
    """
    if preset.timesteps:
        return np.array(preset.timesteps) / 1000
    shift = preset.shift or 1.0
    even = np.linspace(HIGHEST_SIGMA, 0, preset.steps, endpoint=False)
    return np.asarray(shift * even / (1 + (shift - 1) * even))


def flow_scheduler(preset: ModelPreset) -> Any:
    """Return a scheduler with the sigmas of a preset, whatever steps it is set to.

    Even steps are those of UniPC, as in Wan's own pipelines; ``timesteps``, of a distilled
    checkpoint, are plain Euler steps.
    """
    from diffusers import (  # noqa: PLC0415 - slow to import
        FlowMatchEulerDiscreteScheduler,
        UniPCMultistepScheduler,
    )

    made: Any
    if preset.timesteps:
        made = FlowMatchEulerDiscreteScheduler(shift=1.0)
    else:
        made = UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=1.0
        )
    sigmas = flow_sigmas(preset)
    set_timesteps = made.set_timesteps
    made.set_timesteps = lambda _steps, device=None: set_timesteps(device=device, sigmas=sigmas)
    return made
