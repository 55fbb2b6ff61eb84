"""`wan`: Wan 2.1 and 2.2 from a first and, where the model takes one, a last frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from PIL import Image

from ..base import Call, Frame, FrameGrid, Limits, OnStep, Shot, UnavailableError
from . import memory
from .conditioning import still
from .decoding import video_frames
from .engine import DiffusionRenderer
from .loading import Pipeline, Tensor

GRID = 4
"""Frames to a latent frame; the pipeline rounds other counts than ``4 k + 1`` away."""


class WanRenderer(DiffusionRenderer):
    """Wan's models for image to video, through ``WanImageToVideoPipeline``."""

    name: ClassVar[str] = "wan"
    pipeline = "WanImageToVideoPipeline"
    denoisers: ClassVar[tuple[str, ...]] = ("transformer", "transformer_2")

    @property
    def limits(self) -> Limits:
        """2.2-5B was trained on 121 frames at 24 fps, the others on 81 at 16 fps."""
        preset = self.preset
        fps, most = (preset.fps, preset.frames) if self._is_5b else (16.0, min(preset.frames, 81))
        fits = memory.longest_call(preset.max_pixels, 1, self.setup.budget_gb)
        return Limits(
            frames=FrameGrid(GRID, 1, least=2 * GRID + 1, most=max(2 * GRID + 1, min(most, fits))),
            fps=Fraction(fps).limit_denominator(1001),
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

    @cached_property
    def _takes_last(self) -> bool:
        """2.2-5B ignores a last frame without a word; 2.1 fails over one unless it is FLF2V."""
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
        """A file of the model's folder; empty where it is not here yet."""
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (UnavailableError, OSError):
            return {}
        return found

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Latents as the pipeline returns them: normalised, ``(1, channels, frames, h, w)``."""
        stills = {key.frame: still(key.image, shot, call) for key in call.keyframes}
        last = stills.get(call.frames - 1)
        return pipe(
            **self.embeddings(shot),
            image=Image.fromarray(before[-1] if before else stills[0]),
            last_image=None if last is None else Image.fromarray(last),
            width=call.width,
            height=call.height,
            num_frames=call.frames,
            num_inference_steps=self.preset.steps,
            guidance_scale=self.preset.guidance,
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, self.preset.steps),
        ).frames.cpu()

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call, most: int) -> Iterator[Frame]:
        """Yield the frames, decoded in pieces."""
        import torch  # noqa: PLC0415 - slow to import

        vae, config = pipe.vae, pipe.vae.config
        mean, deviation = (
            torch.tensor(values).view(1, config.z_dim, 1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )

        def one(piece: Tensor) -> Tensor:
            with torch.inference_mode():
                return vae.decode(piece.to(self.device, vae.dtype), return_dict=False)[0]

        yield from video_frames(latents * deviation + mean, one, GRID, most)
