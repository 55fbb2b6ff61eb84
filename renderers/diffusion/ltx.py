"""`ltx`: LTX-Video, with keyframes at any frame, continued chunks, and a second pass in `high`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..base import Call, Frame, Limits, OnStep, Shot
from .loading import Pipeline, Tensor, load_part
from .ltx_family import LtxFamily
from .motion_strength import keyframe_noise

REFINE_STRENGTH = 0.999
"""``denoise_strength`` of the second pass: just below 1, so that it starts from the latents."""


class LtxRenderer(LtxFamily):
    """LTX-Video since 0.9.5, through ``LTXConditionPipeline``."""

    name: ClassVar[str] = "ltx"
    pipeline = "LTXConditionPipeline"

    @property
    def limits(self) -> Limits:
        """Sides are multiples of 32; of 64 with a first pass at half the size."""
        return self.limits_at(64 if self.preset.refine else 32)

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with a scheduler that it supports."""
        from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415 - slow to import

        single = self.single_file("LTXVideoTransformer3DModel", "AutoencoderKLLTXVideo")
        pipe = super().load({**single, **parts})
        # Folders of 0.9.0 and 0.9.1 ask for dynamic shifting, which this pipeline lacks.
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            pipe.scheduler.config, use_dynamic_shifting=False, shift_terminal=None
        )
        return pipe

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: normalised, ``(1, channels, frames, h, w)``."""
        preset = self.preset
        scale = 2 if preset.refine else 1
        steps = len(preset.timesteps) or preset.steps
        total = steps + len(preset.refine)
        shared = {
            **self.embeddings(shot),
            "num_frames": call.frames,
            "frame_rate": float(call.fps),
            "guidance_scale": preset.guidance,
            "image_cond_noise_scale": keyframe_noise(preset.noise, shot),
            "generator": self.generator(call),
            "output_type": "latent",
        }
        size = {"width": call.width // scale, "height": call.height // scale}
        conditions = self.conditions(shot, call, before)
        latents = pipe(
            **shared,
            **size,
            conditions=conditions,
            num_inference_steps=steps,
            timesteps=list(preset.timesteps) or None,
            callback_on_step_end=self.at_step(on_step, total),
        ).frames
        if not preset.refine:
            return latents.cpu()
        return pipe(
            **shared,
            width=call.width,
            height=call.height,
            conditions=conditions,
            latents=self._upsampled(pipe, latents),
            denoise_strength=REFINE_STRENGTH,
            # The first is dropped, as the strength is below 1.
            timesteps=[1000.0, *preset.refine],
            num_inference_steps=len(preset.refine) + 1,
            callback_on_step_end=self.at_step(on_step, total, steps),
        ).frames.cpu()

    def conditions(self, shot: Shot, call: Call, before: list[Frame]) -> list[Any]:
        """Return the conditions of a call.

        They replace the argument ``image=[...]``, of which the pipeline keeps the first alone.
        """
        from diffusers.pipelines.ltx.pipeline_ltx_condition import (  # noqa: PLC0415
            LTXVideoCondition,
        )

        return [
            LTXVideoCondition(
                **{"video" if isinstance(one.images, list) else "image": one.images},
                frame_index=one.frame,
                strength=one.strength,
            )
            for one in self.condition_clips(shot, call, before)
        ]

    def _upsampled(self, pipe: Pipeline, latents: Tensor) -> Tensor:
        """Upsample latents to twice the size by the model's own upsampler."""
        from diffusers import LTXLatentUpsamplePipeline  # noqa: PLC0415
        from diffusers.pipelines.ltx.modeling_latent_upsampler import (  # noqa: PLC0415
            LTXLatentUpsamplerModel,
        )

        model = load_part(
            LTXLatentUpsamplerModel,
            self.setup.parts["upsampler"],
            self.setup,
            self.dtype,
            subfolder="latent_upsampler",
        ).to(self.device)
        upsample = LTXLatentUpsamplePipeline(vae=pipe.vae, latent_upsampler=model)
        upsample.set_progress_bar_config(disable=True)
        return upsample(
            latents=latents.to(self.device),
            width=latents.shape[-1] * pipe.vae_spatial_compression_ratio,
            height=latents.shape[-2] * pipe.vae_spatial_compression_ratio,
            output_type="latent",
        ).frames

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call, most: int) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time."""
        import torch  # noqa: PLC0415

        vae = pipe.vae
        latents = pipe._denormalize_latents(
            latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor
        )
        if vae.config.timestep_conditioning:
            noise = torch.randn(latents.shape, generator=self.generator(call))
            latents = latents + (noise - latents) * self.preset.decode_noise
        yield from self.decode_chunks(pipe, latents)
