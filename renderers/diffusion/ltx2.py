"""`ltx2`: LTX-2, with keyframes at any frame, continued chunks, and a second pass in `high`.

The sound that it generates is dropped. It is generated all the same: the model attends from the
video to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from PIL import Image

from ..base import Call, Frame, Limits, OnStep, Shot, UnavailableError
from .conditioning import camera_clip
from .loading import ENCODERS, Pipeline, Tensor
from .local_weights import path_here
from .ltx2_conditioning import denoise_by_token, gate_by_step, let_perturb
from .ltx2_version import refuse_other_versions
from .ltx_family import GRID, LtxFamily
from .memory import Cost, Footprint
from .motion_strength import keyframe_crf, keyframe_strength
from .presets import model_preset
from .text_encoding import Embeddings
from .work import LTX2_VAE, Work, ltx2_transformer

AUDIO_GUIDANCE = 7.0
"""Guidance scale of the sound, if the video has one at all: Lightricks' own."""
DEV_SHIFT, DEV_LAST_SIGMA = 2.05, 0.1
"""Of the dev model's schedule: logarithm of its shift, and where it is stretched to. Lightricks
take the shift of 4096 tokens for every size; diffusers takes that of the call's."""
MODALITIES = ("", "negative_")
SHAPE = (48, 4096)
"""Layers of the transformer, and their width."""


class Ltx2Renderer(LtxFamily):
    """LTX-2 and 2.3, through ``LTX2ConditionPipeline``."""

    name: ClassVar[str] = "ltx2"
    version: ClassVar[int] = 4
    prompt_tokens: ClassVar[int | None] = 1024
    pipeline = "LTX2ConditionPipeline"
    encoders: ClassVar[tuple[str, ...]] = (*ENCODERS, "connectors")

    def __init__(self, settings: Mapping[str, Any], quality: str):
        super().__init__(settings, quality)
        for source in (self.setup.model, self.setup.weights):
            if source is not None:
                refuse_other_versions(source, path_here(source))
        if self._is_dev:
            changes = settings.get("presets", {}).get(quality, {})
            self.preset = model_preset(self.name, quality, changes, "dev")
            parts = {k: v for k, v in self.setup.parts.items() if k != "upsampler"}
            self.setup = replace(
                self.setup,
                preset=self.preset,
                parts=self.setup.parts if self.preset.refine else parts,
            )

    @property
    def footprint(self) -> Footprint:
        """Activations of 19B; guidance doubles the batch."""
        wider = self.denoiser_shape(SHAPE)[1] / SHAPE[1]
        return Footprint(
            denoise=Cost(0.05, clip_bytes=45.6 * wider * (2 if self.preset.guidance > 1 else 1)),
            encode=Cost(0.95, 1080.0, clip_bytes=6.0, piece_bytes=55.0),
            decode=Cost(0.53, 430.0, clip_bytes=10.0, piece_bytes=21.0),
        )

    def work(self, call: Call) -> Work:
        """Return the work of a call, with sound: guided passes, then a second one without."""
        preset, size = self.preset, self.call_size(call)
        transformer = ltx2_transformer(*self.denoiser_shape(SHAPE))
        passes = 1
        if preset.guidance > 1:
            passes += 1 + (preset.stg > 0) + (preset.modality > 1)
        first = size.frame_pixels / (4 if preset.refine else 1)
        clips = self.conditioning_clips(call) + ([call.frames] if preset.guide else [])
        encode = LTX2_VAE.encode_tflop(first, clips)
        steps = len(preset.timesteps) or preset.steps
        denoise = steps * passes * transformer.tflop(first, size.denoised)
        if preset.refine:
            encode += LTX2_VAE.encode_tflop(size.frame_pixels, clips)
            encode += LTX2_VAE.upsample_tflop(size.frame_pixels, call.frames)
            denoise += len(preset.refine) * transformer.tflop(size.frame_pixels, size.denoised)
        decode = LTX2_VAE.decode_tflop(size.frame_pixels, size.decoded)
        return Work(encode, denoise, decode)

    @property
    def limits(self) -> Limits:
        """Sides are multiples of 32; of 64 with a first pass at half the size."""
        return self.limits_at(64 if self.preset.refine else 32)

    @property
    def dropped(self) -> tuple[str, ...]:
        """All that encodes prompts, or makes sound of latents, or guesses a length."""
        return (*self.encoders, "vocoder", "processor", "prompt_enhancer", "duration_head")

    @property
    def _is_dev(self) -> bool:
        """Whether it is the model before distillation, which needs guidance and more steps."""
        if self.setup.weights is not None:
            return "dev" in str(self.setup.weights).rsplit("/", maxsplit=1)[-1].lower()
        try:
            text = (self.folder / "scheduler" / "scheduler_config.json").read_text("utf-8")
        except (UnavailableError, OSError):
            return "distilled" not in str(self.setup.model).lower()
        return bool(json.loads(text).get("use_dynamic_shifting"))

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with a schedule that is not shifted again."""
        from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415 - slow to import

        single = self.single_files("LTX2VideoTransformer3DModel", "AutoencoderKLLTX2Video")
        pipe = super().load({**single, **parts})
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            pipe.scheduler.config, use_dynamic_shifting=False, shift_terminal=None, shift=1.0
        )
        pipe.audio_scheduler = None  # The pipeline takes a copy of the other.
        config = pipe.transformer.config
        width = config.caption_channels if config.use_prompt_embeddings else None
        width = width or config.cross_attention_dim
        # Prompts went through the connectors when they were encoded.
        pipe.connectors = lambda both, mask, **_: (both[..., :width], both[..., width:], mask)
        denoise_by_token(pipe)
        gate_by_step(pipe.transformer)
        let_perturb(pipe.transformer)
        return pipe

    def shortened(self, encoder: Pipeline, embeddings: Embeddings) -> Embeddings:
        """Return what the connectors make of the states of all layers of the text encoder.

        It is less than a thirtieth: of each token, a vector for the video and one for the sound.
        """
        import torch  # noqa: PLC0415

        found = {}
        for kind in MODALITIES:
            name, mask = f"{kind}prompt_embeds", f"{kind}prompt_attention_mask"
            if name in embeddings:
                # The pipeline pads on the left, whatever the tokenizer's configuration says.
                video, audio, found[mask] = encoder.connectors(
                    embeddings[name], embeddings[mask], padding_side="left"
                )
                found[name] = torch.cat([video, audio], dim=-1)
        return found

    def sigmas(self) -> list[float]:
        """Return the noise levels of the first pass: the preset's, or the dev model's."""
        if self.preset.timesteps:
            return [time / 1000 for time in self.preset.timesteps]
        from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415

        steps = self.preset.steps
        schedule = FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, shift_terminal=DEV_LAST_SIGMA
        )
        schedule.set_timesteps(sigmas=[1 - n / steps for n in range(steps)], mu=DEV_SHIFT)
        even: list[float] = schedule.sigmas[:-1].tolist()
        return even

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: denormalised, unlike those of LTX-Video."""
        preset = self.preset
        small = replace(call, width=call.width // 2, height=call.height // 2)
        sigmas, refine = self.sigmas(), [time / 1000 for time in preset.refine]
        total = len(sigmas) + len(refine)

        def run(size: Call, sigmas: list[float], done: int, use: str, **more: Any) -> Any:
            return pipe(
                **self.embeddings(shot),
                **more,
                conditions=self.conditions(shot, size, before),
                width=size.width,
                height=size.height,
                num_frames=call.frames,
                frame_rate=float(call.fps),
                sigmas=sigmas,
                num_inference_steps=len(sigmas),
                generator=self.generator(call, use),
                output_type="latent",
                use_cross_timestep=False,  # See `gate_by_step`.
                callback_on_step_end=self.at_step(on_step, total, done),
            )

        made = run(small if refine else call, sigmas, 0, "", **self._guidance(pipe))
        if not refine:
            return made.frames.cpu()
        return run(
            call,
            refine,
            len(sigmas),
            "refine",
            # The second pass is distilled: without guidance.
            **UNGUIDED,
            latents=self._upsampled(pipe, made.frames),
            audio_latents=made.audio,
        ).frames.cpu()

    def _guidance(self, pipe: Pipeline) -> Mapping[str, Any]:
        """Return the arguments of guidance, for the video and for the sound that it attends to."""
        preset = self.preset
        if preset.guidance <= 1:
            return UNGUIDED
        config = pipe.transformer.config
        # Of 48 blocks, Lightricks perturb number 29 in LTX-2 and 28 since 2.3, which has gates.
        block = min(28 if config.gated_attn else 29, config.num_layers - 1)
        return {
            "guidance_scale": preset.guidance,
            "stg_scale": preset.stg,
            "modality_scale": preset.modality,
            "guidance_rescale": preset.rescale,
            "spatio_temporal_guidance_blocks": [block],
            "audio_guidance_scale": AUDIO_GUIDANCE,
            "audio_stg_scale": preset.stg,
            "audio_modality_scale": preset.modality,
            "audio_guidance_rescale": preset.rescale,
        }

    def conditions(self, shot: Shot, call: Call, before: list[Frame]) -> list[Any]:
        """Return the conditions of a call: a camera move, the frames before, keyframes.

        The pipeline itself passes stills through H.264, as Lightricks do: without the blur of
        LTX-Video. Its index counts latent frames, the first of one frame and the others of eight,
        and may be a fraction: that puts a still at its own frame, as in Lightricks' pipeline.
        """
        from diffusers.pipelines.ltx2.pipeline_ltx2_condition import (  # noqa: PLC0415
            LTX2VideoCondition,
        )

        made = []
        if self.preset.guide:
            clip = [Image.fromarray(frame) for frame in camera_clip(shot, call)]
            made.append(LTX2VideoCondition(clip, strength=self.preset.guide, crf=0))
        strength = keyframe_strength(self.preset.strength, shot)
        crf = keyframe_crf(self.preset.crf, shot.motion.strength)
        for one in self.condition_clips(shot, call, before):
            is_clip = isinstance(one.images, list)
            made.append(
                LTX2VideoCondition(
                    one.images,
                    index=1 + (one.frame - 1) / GRID if one.frame else 0,
                    strength=1.0 if is_clip else strength,
                    crf=0 if is_clip else crf,
                )
            )
        return made

    def _upsampled(self, pipe: Pipeline, latents: Tensor) -> Tensor:
        """Upsample denormalised latents to twice the size."""
        from diffusers import LTX2LatentUpsamplePipeline  # noqa: PLC0415
        from diffusers.pipelines.ltx2.latent_upsampler import (  # noqa: PLC0415
            LTX2LatentUpsamplerModel,
        )

        return self.upsampled(pipe, latents, LTX2LatentUpsamplePipeline, LTX2LatentUpsamplerModel)

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time."""
        yield from self.decode_chunks(pipe, latents)


UNGUIDED: Mapping[str, Any] = {
    "guidance_scale": 1.0,
    "stg_scale": 0.0,
    "modality_scale": 1.0,
    "guidance_rescale": 0.0,
    "audio_guidance_scale": 1.0,
    "audio_stg_scale": 0.0,
    "audio_modality_scale": 1.0,
    "audio_guidance_rescale": 0.0,
}
"""Arguments of one pass a step. The pipeline takes 0 of the sound for that of the video."""
