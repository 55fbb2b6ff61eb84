"""`ltx2`: LTX-2, conditioned as `ltx` is; the sound that it generates is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ..base import Call, Frame, Limits, OnStep, Shot
from .loading import Pipeline, Tensor
from .ltx_family import GRID, LtxFamily
from .memory import Cost, Footprint


class Ltx2Renderer(LtxFamily):
    """LTX-2 and its successors, through ``LTX2ConditionPipeline``."""

    name: ClassVar[str] = "ltx2"
    pipeline = "LTX2ConditionPipeline"

    @property
    def footprint(self) -> Footprint:
        """Activations of 19B; guidance doubles the batch."""
        wider = self.denoiser_width(4096) / 4096
        return Footprint(
            denoise=Cost(0.3, clip_bytes=45.5 * wider * (2 if self.preset.guidance > 1 else 1)),
            encode=Cost(0.95, 1080.0, clip_bytes=6.0, piece_bytes=55.0),
            decode=Cost(1.0, 430.0, clip_bytes=7.0, piece_bytes=100.0),
        )

    @property
    def limits(self) -> Limits:
        """Sides are multiples of 32."""
        return self.limits_at(32)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The text encoder and the vocoder; the tokenizer is kept for its padding side."""
        return ("text_encoder", "vocoder")

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: denormalised, unlike those of LTX-Video."""
        preset = self.preset
        unguided = {
            "stg_scale": 0.0,
            "modality_scale": 1.0,
            "audio_guidance_scale": 1.0,
            "audio_stg_scale": 0.0,
            "audio_modality_scale": 1.0,
        }
        return pipe(
            **self.embeddings(shot),
            **({} if preset.guidance > 1 else unguided),
            conditions=self.conditions(shot, call, before),
            width=call.width,
            height=call.height,
            num_frames=call.frames,
            frame_rate=float(call.fps),
            num_inference_steps=preset.steps,
            guidance_scale=preset.guidance,
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, preset.steps),
        ).frames.cpu()

    def conditions(self, shot: Shot, call: Call, before: list[Frame]) -> list[Any]:
        """Return the conditions of a call, at latent frames.

        ``crf=0``, as stills were compressed before: the pipeline would compress them at a crf that
        it looks up in the text encoder.
        """
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import (  # noqa: PLC0415
            LTX2VideoCondition,
        )

        return [
            LTX2VideoCondition(
                frames=one.images,
                # The first latent frame is one frame, each later one eight.
                index=-(-one.frame // GRID),
                strength=one.strength,
                crf=None if isinstance(one.images, list) else 0,
            )
            for one in self.condition_clips(shot, call, before)
        ]

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time."""
        yield from self.decode_chunks(pipe, latents)
