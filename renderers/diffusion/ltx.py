"""`ltx`: LTX-Video, keyframes at any frame, chunks that go on, a second pass in `high`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar

from PIL import Image

from ..base import CAMERA_MOVES, Call, Frame, FrameGrid, Limits, OnStep, Shot
from . import memory, motion
from .conditioning import camera_clip, still
from .decoding import video_frames
from .engine import DiffusionRenderer
from .loading import Pipeline, Tensor, load_part
from .setup import Preset

ENCODED = (
    "prompt_embeds",
    "prompt_attention_mask",
    "negative_prompt_embeds",
    "negative_prompt_attention_mask",
)
"""What an encoded prompt is to these pipelines, by the names of their arguments."""
GRID = 8
"""Frames to a latent frame: calls, overlaps and guides have ``8 k + 1`` frames, and keyframes lie
at multiples of it. The pipelines cut other counts down without a word."""
REFINE_STRENGTH = 0.999
"""`denoise_strength` of the second pass: just below 1, so that it begins from the latents."""


def video_limits(preset: Preset, budget_gb: float, multiple: int) -> Limits:
    """What LTX-Video and LTX-2 can do in one call.

    Args:
        preset: of the quality.
        budget_gb: memory that the longest call must fit into.
        multiple: of width and height.
    """
    # A frame of the usual shape and of as many pixels as the preset allows decides for all.
    most = min(preset.frames, memory.longest_call(preset.max_pixels, 1, budget_gb))
    overlap = (preset.overlap - 1) // GRID * GRID + 1
    controls = {"prompt", "strength", "loras"} | ({"camera"} if preset.guide else set())
    return Limits(
        frames=FrameGrid(GRID, 1, least=GRID + 1, most=max(most, overlap + GRID)),
        max_fps=Fraction(preset.fps).limit_denominator(1001),
        multiple=multiple,
        max_pixels=preset.max_pixels,
        conditions=frozenset({"first", "last", "any"}),
        keyframe_step=GRID,
        controls=frozenset(controls),
        moves=frozenset(CAMERA_MOVES),
        overlap=overlap,
        continues=True,
    )


class LtxRenderer(DiffusionRenderer):
    """LTX-Video from 0.9.5 on, through ``LTXConditionPipeline``."""

    name: ClassVar[str] = "ltx"
    pipeline = "LTXConditionPipeline"
    encoded: ClassVar[tuple[str, ...]] = ENCODED

    @property
    def limits(self) -> Limits:
        """Sides are multiples of 32; of 64 where the first pass works at half of them."""
        return video_limits(self.preset, self.setup.budget_gb, 64 if self.preset.refine else 32)

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """The pipeline, with a scheduler that it can use, and the upsampler where there is one."""
        from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415 - slow to import

        single = self.single_file("LTXVideoTransformer3DModel", "AutoencoderKLLTXVideo")
        pipe = super().load({**single, **parts})
        # Folders of 0.9.0 and 0.9.1 ask for dynamic shifting, which this pipeline cannot do.
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            pipe.scheduler.config, use_dynamic_shifting=False, shift_terminal=None
        )
        return pipe

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Latents as the pipeline returns them: normalised, ``(1, channels, frames, h, w)``."""
        preset = self.preset
        scale = 2 if preset.refine else 1
        steps = len(preset.timesteps) or preset.steps
        total = steps + len(preset.refine)
        shared = {
            **self.embeddings(shot),
            "num_frames": call.frames,
            "frame_rate": float(call.fps),
            "guidance_scale": preset.guidance,
            "image_cond_noise_scale": motion.added_noise(preset.noise, shot),
            "generator": self.generator(call),
            "output_type": "latent",
        }
        size = {"width": call.width // scale, "height": call.height // scale}
        given = self.conditions(shot, call, before)
        latents = pipe(
            **shared,
            **size,
            conditions=given,
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
            conditions=given,
            latents=self._enlarged(pipe, latents),
            denoise_strength=REFINE_STRENGTH,
            # The first is dropped, as the strength is below 1.
            timesteps=[1000.0, *preset.refine],
            num_inference_steps=len(preset.refine) + 1,
            callback_on_step_end=self.at_step(on_step, total, steps),
        ).frames.cpu()

    def conditions(self, shot: Shot, call: Call, before: list[Frame]) -> list[Any]:
        """What the model is shown, and where: a camera move, the frames before, keyframes.

        They are given as conditions and never as ``image=[...]``, of which the pipeline would keep
        the first alone.
        """
        from diffusers.pipelines.ltx.pipeline_ltx_condition import (  # noqa: PLC0415
            LTXVideoCondition,
        )

        preset, life = self.preset, shot.motion.strength
        given = []
        if preset.guide:
            clip = [Image.fromarray(frame) for frame in camera_clip(shot, call)]
            given.append(LTXVideoCondition(video=clip, frame_index=0, strength=preset.guide))
        if before:
            given.append(LTXVideoCondition(video=[Image.fromarray(f) for f in before]))
        crf = motion.still_crf(preset.crf, life)
        strength = motion.hold(preset.strength, shot)
        for key in call.keyframes:
            picture = Image.fromarray(still(key.image, shot, call, crf))
            given.append(LTXVideoCondition(image=picture, frame_index=key.frame, strength=strength))
        return given

    def _enlarged(self, pipe: Pipeline, latents: Tensor) -> Tensor:
        """Latents at twice the size, by the model's own upsampler."""
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
        """Yield the frames, decoded in pieces."""
        import torch  # noqa: PLC0415

        vae = pipe.vae
        latents = pipe._denormalize_latents(
            latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor
        )
        timestep = None
        if vae.config.timestep_conditioning:
            noise = torch.randn(latents.shape, generator=self.generator(call))
            latents = latents + (noise - latents) * self.preset.decode_noise
            timestep = torch.tensor([self.preset.decode_timestep], dtype=vae.dtype)

        def one(piece: Tensor) -> Tensor:
            at = None if timestep is None else timestep.to(self.device)
            with torch.inference_mode():
                return vae.decode(piece.to(self.device, vae.dtype), at, return_dict=False)[0]

        yield from video_frames(latents, one, GRID, most)
