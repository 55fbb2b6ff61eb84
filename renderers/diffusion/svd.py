"""`svd`: Stable Video Diffusion, from one still without prompts; chunks chain by a frame."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar

import cv2
import numpy as np
from PIL import Image

from ..base import Call, Frame, FrameGrid, Limits, OnStep, Shot
from ..fit.chunks import colour_match
from .conditioning import conditioning_image
from .decoding import to_frame
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor
from .motion_strength import keyframe_noise, motion_bucket

COUNTS = (14, 25)
"""Frames that the published models were trained for; a single frame crashes the pipeline."""
MIN_DECODED = 4
"""Frames to decode at once, at least: one by one they flicker."""


class SvdRenderer(DiffusionRenderer):
    """Stable Video Diffusion and its XT models, through ``StableVideoDiffusionPipeline``."""

    name: ClassVar[str] = "svd"
    pipeline = "StableVideoDiffusionPipeline"
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)
    half: ClassVar[str] = "float16"
    encoded: ClassVar[tuple[str, ...]] = ()

    @property
    def limits(self) -> Limits:
        """14 or 25 frames; sides are multiples of 64, although the pipeline accepts those of 8."""
        counts = tuple(count for count in COUNTS if count <= self.preset.frames) or COUNTS[:1]
        return Limits(
            frames=FrameGrid(counts=counts),
            fps=Fraction(self.preset.fps).limit_denominator(1001),
            multiple=64,
            max_pixels=self.preset.max_pixels,
            conditions=frozenset({"first"}),
            controls=frozenset({"strength", "pace"}),
            overlap=1,
            continues=True,
            anchored=True,
        )

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return latents of shape ``(1, frames, channels, h, w)``."""
        preset = self.preset
        return pipe(
            image=Image.fromarray(self.first_frame(shot, call, before)),
            width=call.width,
            height=call.height,
            num_frames=call.frames,
            num_inference_steps=preset.steps,
            max_guidance_scale=preset.guidance,
            fps=round(call.fps),
            motion_bucket_id=motion_bucket(shot.motion),
            noise_aug_strength=keyframe_noise(preset.noise, shot),
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, preset.steps),
        ).frames.cpu()

    def first_frame(self, shot: Shot, call: Call, before: list[Frame]) -> Frame:
        """Return the still, or the last frame before in the still's colours, which would drift."""
        if not before:
            return conditioning_image(call.keyframes[0].image, shot, call)
        anchor = conditioning_image(shot.keyframes[0].image, shot, call)
        table = colour_match([anchor], before[-1:])
        return np.asarray(cv2.LUT(before[-1], table), np.uint8)

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call, most: int) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time."""
        import torch  # noqa: PLC0415 - slow to import

        vae = pipe.vae
        if vae.dtype == torch.float16 and vae.config.force_upcast:
            vae.to(dtype=torch.float32)  # It overflows in float16.
        at_once = max(MIN_DECODED, most)
        for part in (latents[0] / vae.config.scaling_factor).split(at_once):
            with torch.inference_mode():
                decoded = vae.decode(part.to(self.device, vae.dtype), num_frames=len(part)).sample
            yield from map(to_frame, decoded)
