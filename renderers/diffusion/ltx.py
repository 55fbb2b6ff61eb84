"""`ltx`: LTX-Video, with keyframes at any frame, continued chunks, and a second pass in `high`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from PIL import Image

from ..base import Call, Frame, Limits, OnStep, Shot
from .conditioning import camera_clip
from .loading import Pipeline, Tensor
from .ltx_family import LtxFamily
from .memory import Cost, Footprint
from .motion_strength import condition_noise, keyframe_crf
from .work import LTX_VAE, Work, ltx_transformer

FROM_LATENTS = 0.999
"""``denoise_strength`` just below 1, so that the pipeline starts from the latents that it gets. It
then drops the first timestep."""
HARD = 1 - 1e-6
"""Least conditioning strength of latents that the pipeline never denoises."""


class LtxRenderer(LtxFamily):
    """LTX-Video since 0.9.5, through ``LTXConditionPipeline``."""

    name: ClassVar[str] = "ltx"
    prompt_tokens: ClassVar[int | None] = 256
    pipeline = "LTXConditionPipeline"

    @property
    def footprint(self) -> Footprint:
        """Activations of 2B; those of 13B grow with the width of its layers."""
        wider = self._shape[1] / 2048
        return Footprint(
            denoise=Cost(0.1, clip_bytes=15.4 * wider),
            encode=Cost(0.95, 1060.0, clip_bytes=6.0, piece_bytes=65.0),
            decode=Cost(1.0, 890.0, clip_bytes=3.0, piece_bytes=21.0),
        )

    def work(self, call: Call) -> Work:
        """Return the work of a call: of one pass at its size, or of one at half and one at all."""
        preset, size = self.preset, self.call_size(call)
        transformer, guided = ltx_transformer(*self._shape), 2 if preset.guidance > 1 else 1
        first = size.frame_pixels / (4 if preset.refine else 1)
        clips = self.conditioning_clips(call)
        encode = LTX_VAE.encode_tflop(first, [*clips, call.frames] if preset.guide else clips)
        denoise = self._steps * transformer.tflop(first, size.denoised)
        if preset.refine:
            encode += LTX_VAE.encode_tflop(size.frame_pixels, clips)
            encode += LTX_VAE.upsample_tflop(size.frame_pixels, call.frames)
            denoise += len(preset.refine) * transformer.tflop(size.frame_pixels, size.denoised)
        decode = LTX_VAE.decode_tflop(size.frame_pixels, size.decoded)
        return Work(encode, guided * denoise, decode)

    @property
    def _shape(self) -> tuple[int, int]:
        is_13b = "13b" in f"{self.setup.model} {self.setup.weights}".lower()
        return self.denoiser_shape((48, 4096) if is_13b else (28, 2048))

    @property
    def _steps(self) -> int:
        """Steps of the first pass; with a guide and even steps, at most."""
        preset = self.preset
        if not preset.timesteps:
            return preset.steps
        return len(_after_guide(preset.timesteps, preset.guide))

    @property
    def limits(self) -> Limits:
        """Sides are multiples of 32; of 64 with a first pass at half the size."""
        return self.limits_at(64 if self.preset.refine else 32)

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline, with a scheduler that it supports."""
        from diffusers import FlowMatchEulerDiscreteScheduler  # noqa: PLC0415 - slow to import

        single = self.single_files("LTXVideoTransformer3DModel", "AutoencoderKLLTXVideo")
        pipe = super().load({**single, **parts})
        # Folders of 0.9.0 and 0.9.1 ask for dynamic shifting, which this pipeline lacks; and
        # Lightricks' timesteps are not shifted.
        pipe.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            pipe.scheduler.config, use_dynamic_shifting=False, shift_terminal=None, shift=1.0
        )
        pipe._callback_tensor_inputs = ["latents", "init_latents", "conditioning_mask"]
        return pipe

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return the pipeline's latents: normalised, ``(1, channels, frames, h, w)``.

        Keyframes condition at full strength, as in Lightricks' own inference: the timesteps of
        distilled models end long before latents of a lower strength would be denoised. What holds
        them less is the noise that the model sees on them, which `_keep_clean` takes away again.
        """
        preset = self.preset
        small = replace(call, width=call.width // 2, height=call.height // 2)
        first = small if preset.refine else call
        timesteps = self.timesteps()
        latents = None
        if preset.guide:
            timesteps = _after_guide(timesteps, preset.guide)
            latents = self._encoded_camera_move(pipe, shot, first)
        conditions = self.conditions(shot, call, before)
        total = len(timesteps) + len(preset.refine)

        def run(
            size: Call, latents: Tensor | None, timesteps: Sequence[float], done: int, use: str
        ) -> Tensor:
            start = {} if latents is None else {"latents": latents}
            times = list(timesteps) if latents is None else [1000.0, *timesteps]
            report = self.at_step(on_step, total, done)
            return pipe(
                **self.embeddings(shot),
                **start,
                conditions=conditions,
                width=size.width,
                height=size.height,
                num_frames=call.frames,
                frame_rate=float(call.fps),
                timesteps=times,
                num_inference_steps=len(times),
                denoise_strength=FROM_LATENTS if start else 1.0,
                guidance_scale=preset.guidance,
                image_cond_noise_scale=condition_noise(preset.noise, shot),
                generator=self.generator(call, use),
                output_type="latent",
                callback_on_step_end=_keep_clean(report, len(timesteps) - 1),
                callback_on_step_end_tensor_inputs=pipe._callback_tensor_inputs,
            ).frames

        latents = run(first, latents, timesteps, 0, "")
        if preset.refine:
            latents = self._upsampled(pipe, latents)
            latents = run(call, latents, preset.refine, len(timesteps), "refine")
        return latents.cpu()

    def timesteps(self) -> list[float]:
        """Return the timesteps of the first pass, 1000 to 0: the preset's, or its even steps."""
        from diffusers.pipelines.ltx.pipeline_ltx_condition import (  # noqa: PLC0415
            linear_quadratic_schedule,
        )

        even = linear_quadratic_schedule(self.preset.steps) * 1000
        return list(self.preset.timesteps) or even.tolist()

    def conditions(self, shot: Shot, call: Call, before: list[Frame]) -> list[Any]:
        """Return the conditions of a call.

        They replace the argument ``image=[...]``, of which the pipeline keeps the first alone.
        """
        from diffusers.pipelines.ltx.pipeline_ltx_condition import (  # noqa: PLC0415
            LTXVideoCondition,
        )

        crf = keyframe_crf(self.preset.crf, shot.motion.strength)
        return [
            LTXVideoCondition(
                **{"video" if isinstance(one.images, list) else "image": one.images},
                frame_index=one.frame,
            )
            for one in self.condition_clips(shot, call, before, crf)
        ]

    def _encoded_camera_move(self, pipe: Pipeline, shot: Shot, call: Call) -> Tensor:
        """Return the latents of the camera move, normalised."""
        clip = [Image.fromarray(frame) for frame in camera_clip(shot, call)]
        video = pipe.video_processor.preprocess_video(clip, call.height, call.width)
        vae = pipe.vae
        # The mode draws no random numbers.
        latents = vae.encode(video.to(self.device, vae.dtype)).latent_dist.mode()
        return pipe._normalize_latents(latents, vae.latents_mean, vae.latents_std)

    def _upsampled(self, pipe: Pipeline, latents: Tensor) -> Tensor:
        """Upsample latents to twice the size, with the mean and spread of each channel kept."""
        from diffusers import LTXLatentUpsamplePipeline  # noqa: PLC0415
        from diffusers.pipelines.ltx.modeling_latent_upsampler import (  # noqa: PLC0415
            LTXLatentUpsamplerModel,
        )

        return self.upsampled(
            pipe, latents, LTXLatentUpsamplePipeline, LTXLatentUpsamplerModel, adain=1.0
        )

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames, decoded a few at a time.

        Noise is mixed into the normalised latents, as Lightricks do; the pipeline of diffusers
        mixes it into the denormalised ones.
        """
        import torch  # noqa: PLC0415

        vae = pipe.vae
        if vae.config.timestep_conditioning:
            noise = torch.randn(latents.shape, generator=self.generator(call, "decode"))
            latents = torch.lerp(latents, noise, self.preset.decode_noise)
        latents = pipe._denormalize_latents(
            latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor
        )
        yield from self.decode_chunks(pipe, latents)


def _after_guide(timesteps: Sequence[float], guide: float) -> list[float]:
    """Return the timesteps from the one that is nearest to ``1 - guide``; all without a guide."""
    if not guide:
        return list(timesteps)
    noise = min(timesteps, key=lambda time: abs(time / 1000 - (1 - guide)))
    return list(timesteps[timesteps.index(noise) :])


def _keep_clean(report: Callable[..., object], last: int) -> Callable[..., dict[str, Tensor]]:
    """Return a callback that replaces hard-conditioned latents by their clean ones after a step.

    The pipeline adds noise to them before each step, and would leave what it added before the last:
    0.53 of ``noise`` after Lightricks' first pass.

    Args:
        report: the callback to call first.
        last: index of the last step.
    """
    import torch  # noqa: PLC0415 - slow to import

    def keep(pipe: object, index: int, time: object, tensors: dict[str, Tensor]) -> dict[str, Any]:
        report(pipe, index, time, tensors)
        mask = tensors["conditioning_mask"]
        if index < last or mask is None:
            return {}
        hard = mask[..., None] > HARD
        return {"latents": torch.where(hard, tensors["init_latents"], tensors["latents"])}

    return keep
