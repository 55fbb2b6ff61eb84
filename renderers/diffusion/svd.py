"""`svd`: Stable Video Diffusion, from one still without prompts; chunks chain by a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

import cv2
import numpy as np
from PIL import Image

from ..base import Call, Frame, FrameGrid, Limits, OnStep, Shot
from ..fit.chunks import colour_match
from .conditioning import conditioning_image
from .decoding import decode_tiled, pixels_of_tile, tiled_share
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor
from .memory import CallSize, Cost, Footprint
from .motion_strength import keyframe_noise, motion_bucket
from .work import SVD_UNET, SVD_VAE, Work

COUNTS = (14, 25)
"""Frames that the published models were trained for; a single frame crashes the pipeline."""
DECODED = 4
"""Frames to decode at once: one by one they flicker."""

VAE_SCALE = 8
"""Pixels to a latent position, of one side."""


class SvdRenderer(DiffusionRenderer):
    """Stable Video Diffusion and its XT models, through ``StableVideoDiffusionPipeline``."""

    name: ClassVar[str] = "svd"
    version: ClassVar[int] = 3
    pipeline = "StableVideoDiffusionPipeline"
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)
    half: ClassVar[str] = "float16"
    precise: ClassVar[tuple[str, ...]] = ("vae",)
    encoded: ClassVar[tuple[str, ...]] = ()

    @property
    def footprint(self) -> Footprint:
        """Activations of the published models, with guidance."""
        return Footprint(
            denoise=Cost(0.05, clip_bytes=567.0),
            encode=Cost(frame_bytes=2600.0),
            decode=Cost(frame_bytes=4150.0 * DECODED),
            vae_gb=0.4,
            vae_bytes=4,
        )

    def call_size(self, call: Call) -> CallSize:
        """Return the size of a call's work, with that of a tile."""
        tile = pixels_of_tile(call.width, call.height, VAE_SCALE, self.tile_pixels)
        return replace(super().call_size(call), tile=tile)

    def work(self, call: Call) -> Work:
        """Return the work of a call; guidance doubles the batch."""
        size, guided = self.call_size(call), 2 if self.preset.guidance > 1 else 1
        tiles = tiled_share(call.width, call.height, VAE_SCALE, self.tile_pixels)
        return Work(
            SVD_VAE.encode_tflop(size.frame_pixels, [1]),
            self.preset.steps * guided * SVD_UNET.tflop(size.frame_pixels, call.frames),
            SVD_VAE.decode_tflop(size.frame_pixels, call.frames, tiles),
        )

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

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with the VAE in 32 bits: it overflows in float16."""
        return super().load({**self.single_files("UNetSpatioTemporalConditionModel"), **parts})

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
            min_guidance_scale=preset.guidance_2 or 1.0,
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

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time, in tiles."""
        import torch  # noqa: PLC0415 - slow to import

        vae = pipe.vae

        def decode_tile(tile: Tensor) -> Iterator[Tensor]:
            for part in tile[0].transpose(0, 1).split(DECODED):
                with torch.inference_mode():
                    on_device = part.to(self.device, vae.dtype)
                    decoded = vae.decode(on_device, num_frames=len(part)).sample
                yield decoded.transpose(0, 1)[None]

        scaled = latents.transpose(1, 2) / vae.config.scaling_factor
        yield from decode_tiled(scaled, decode_tile, VAE_SCALE, self.tile_pixels)
