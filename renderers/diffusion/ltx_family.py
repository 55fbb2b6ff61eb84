"""The base of LTX-Video and LTX-2: limits, conditions, decoding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar

from PIL import Image

from ..base import CAMERA_MOVES, Call, Frame, FrameGrid, Limits, Shot, UnavailableError
from . import memory
from .conditioning import conditioning_image
from .decoding import to_frame
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor, load_part
from .ltx_vae import decode_latents, stream_encoder
from .memory import CallSize
from .offload import bring_to_device

GRID = 8
"""Frames to a latent frame: calls, overlaps and guides have ``8 k + 1`` frames; the pipelines
silently cut other counts down. A still may be at any frame, as in Lightricks' own tests."""


@dataclass(frozen=True, slots=True)
class ConditionClip:
    """A still or a clip that conditions a call.

    Attributes:
        images: one, or those of a clip, at the call's size.
        frame: of the call, at which it starts.
    """

    images: Image.Image | list[Image.Image]
    frame: int = 0


class LtxFamily(DiffusionRenderer):
    """A video model by Lightricks."""

    encoded: ClassVar[tuple[str, ...]] = (
        "prompt_embeds",
        "prompt_attention_mask",
        "negative_prompt_embeds",
        "negative_prompt_attention_mask",
    )

    def call_size(self, call: Call) -> CallSize:
        """Return the size of a call's work; each later keyframe is a latent frame more."""
        later = sum(key.frame > 0 for key in call.keyframes)
        return replace(
            super().call_size(call),
            encoded=call.frames if self.preset.guide else max(1, call.overlap),
            denoised=GRID * ((call.frames - 1) // GRID + 1 + later),
        )

    def denoiser_shape(self, usual: tuple[int, int]) -> tuple[int, int]:
        """Return the number of the transformer's layers and their width.

        Args:
            usual: both, of a model that is not downloaded yet.
        """
        try:
            text = (self.folder / "transformer" / "config.json").read_text(encoding="utf-8")
        except (UnavailableError, OSError):
            return usual
        config = json.loads(text)
        width = config["num_attention_heads"] * config["attention_head_dim"]
        return int(config["num_layers"]), int(width)

    def conditioning_clips(self, call: Call) -> list[int]:
        """Return the lengths of the clips and stills that condition a call, but for a guide."""
        return [*([call.overlap] if call.overlap else []), *(1 for _ in call.keyframes)]

    def limits_at(self, multiple: int) -> Limits:
        """Return the limits of one call.

        Args:
            multiple: of width and height.
        """
        preset = self.preset
        # The same for all calls: as if frames had all the pixels that the preset allows.
        fits = memory.longest_call(self.footprint, preset.max_pixels, self.setup.memory_gb)
        overlap = (preset.overlap - 1) // GRID * GRID + 1
        controls = {"prompt", "strength", "loras"} | ({"camera"} if preset.guide else set())
        return Limits(
            frames=FrameGrid(
                GRID, 1, least=GRID + 1, most=max(min(preset.frames, fits), overlap + GRID)
            ),
            max_fps=Fraction(preset.fps).limit_denominator(1001),
            multiple=multiple,
            max_pixels=preset.max_pixels,
            conditions=frozenset({"first", "last", "any"}),
            controls=frozenset(controls),
            moves=frozenset(CAMERA_MOVES),
            overlap=overlap,
            continues=True,
        )

    def condition_clips(
        self, shot: Shot, call: Call, before: list[Frame], crf: int = 0
    ) -> list[ConditionClip]:
        """Return the frames before a call, and its keyframes, passed through H.264 at a crf."""
        clips = []
        if before:
            clips.append(ConditionClip([Image.fromarray(frame) for frame in before]))
        for key in call.keyframes:
            image = Image.fromarray(conditioning_image(key.image, shot, call, crf))
            clips.append(ConditionClip(image, key.frame))
        return clips

    def upsampled(
        self, pipe: Pipeline, latents: Tensor, upsampler: Any, model: Any, adain: float = 0.0
    ) -> Tensor:
        """Return latents at twice the size, of the model's own upsampler.

        Args:
            pipe: the model's pipeline.
            latents: as the pipeline returned them.
            upsampler: the class of the upsampler's pipeline.
            model: the class of the upsampler.
            adain: share in which each channel's mean and spread are restored.
        """
        part = load_part(
            model,
            self.setup.parts["upsampler"],
            self.setup,
            self.dtype,
            subfolder="latent_upsampler",
        ).to(self.device)
        made = upsampler(vae=pipe.vae, latent_upsampler=part)
        made.set_progress_bar_config(disable=True)
        return made(
            latents=latents.to(self.device),
            width=latents.shape[-1] * pipe.vae_spatial_compression_ratio,
            height=latents.shape[-2] * pipe.vae_spatial_compression_ratio,
            adain_factor=adain,
            output_type="latent",
        ).frames

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with a VAE that encodes clips in pieces."""
        pipe = super().load(parts)
        stream_encoder(pipe.vae)
        return pipe

    def decode_chunks(self, pipe: Pipeline, latents: Tensor) -> Iterator[Frame]:
        """Yield the frames of denormalised latents, decoded a few at a time."""
        import torch  # noqa: PLC0415 - slow to import

        vae = bring_to_device(pipe.vae)
        timestep = None
        if vae.config.timestep_conditioning:
            timestep = torch.tensor([self.preset.decode_timestep], dtype=vae.dtype).to(self.device)
        pieces = decode_latents(vae.decoder, latents.to(self.device, vae.dtype), timestep)
        while True:
            with torch.inference_mode():
                piece = next(pieces, None)
            if piece is None:
                return
            yield from map(to_frame, piece[0].unbind(1))
