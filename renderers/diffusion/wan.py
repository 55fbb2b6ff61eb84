"""`wan`: Wan 2.1 and 2.2, from a first frame and, in models that support it, a last one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from PIL import Image

from ..base import Call, Frame, FrameGrid, Limits, OnStep, Shot, UnavailableError
from . import memory
from .conditioning import conditioning_image
from .decoding import decode_video
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor

GRID = 4
"""Frames to a latent frame; the pipeline rounds other counts than ``4 k + 1`` down."""


class WanRenderer(DiffusionRenderer):
    """Wan's image-to-video models, through ``WanImageToVideoPipeline``."""

    name: ClassVar[str] = "wan"
    pipeline = "WanImageToVideoPipeline"
    denoisers: ClassVar[tuple[str, ...]] = ("transformer", "transformer_2")

    @property
    def limits(self) -> Limits:
        """121 frames at 24 fps for 2.2-5B, 81 at 16 fps for the others, as in their training."""
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

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: normalised, ``(1, channels, frames, h, w)``."""
        stills = {key.frame: conditioning_image(key.image, shot, call) for key in call.keyframes}
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
        """Yield the frames, decoded in chunks."""
        import torch  # noqa: PLC0415 - slow to import

        vae, config = pipe.vae, pipe.vae.config
        mean, deviation = (
            torch.tensor(values).view(1, config.z_dim, 1, 1, 1)
            for values in (config.latents_mean, config.latents_std)
        )

        def decode_chunk(chunk: Tensor) -> Tensor:
            with torch.inference_mode():
                return vae.decode(chunk.to(self.device, vae.dtype), return_dict=False)[0]

        yield from decode_video(latents * deviation + mean, decode_chunk, GRID, most)
