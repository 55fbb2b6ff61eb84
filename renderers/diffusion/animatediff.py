"""`animatediff`: Stable Diffusion 1.5 with a motion adapter, and LoRAs for camera moves.

There are three ways for a keyframe to come in: as the camera move over it, rendered first and
painted over (the default; every move works); by SparseCtrl, at any frame, where a ``controlnet`` is
configured; by an IP-Adapter, as a likeness, where an ``ip_adapter`` is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar

from PIL import Image

from ..base import CAMERA_MOVES, Call, Frame, FrameGrid, Limits, OnStep, RendererError, Shot
from . import memory, motion
from .conditioning import camera_clip, still
from .decoding import to_frame
from .engine import DiffusionRenderer
from .loading import Pipeline, Tensor, load_part
from .local_weights import file_of, folder_of
from .model_settings import WeightSource

CONTEXT = 16
"""Frames that the motion adapter was trained on, and of a window of FreeNoise."""
STRIDE = 4
LIKENESS = 0.8
"""Weight of an IP-Adapter's image at motion.strength 0.5."""
LONGEST_WINDOW = 32
"""Positions that the adapter knows; more frames fail unless FreeNoise slides a window."""


class AnimateDiffRenderer(DiffusionRenderer):
    """AnimateDiff through ``AnimateDiffVideoToVideoPipeline`` and its siblings.

    The text encoder stays: it is small, and FreeNoise encodes prompts itself.
    """

    name: ClassVar[str] = "animatediff"
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)
    half: ClassVar[str] = "float16"
    encoded: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Mapping[str, Any], quality: str):
        super().__init__(settings, quality)
        self._moves: Mapping[str, WeightSource] = self.setup.camera_loras
        self._way = next((w for w in ("controlnet", "ip_adapter") if w in self.setup.parts), "clip")
        if self._way == "controlnet" and self._moves:
            raise RendererError(
                "animatediff: camera_loras were made for the motion adapter v1-5-2, SparseCtrl "
                "(controlnet) for v1-5-3; configure one of them"
            )
        self.pipeline = {
            "controlnet": "AnimateDiffSparseControlNetPipeline",
            "ip_adapter": "AnimateDiffPipeline",
            "clip": "AnimateDiffVideoToVideoPipeline",
        }[self._way]

    @property
    def limits(self) -> Limits:
        """What one call can be, by the way that keyframes come in."""
        preset, is_sparse = self.preset, self._way == "controlnet"
        fits = max(CONTEXT, memory.longest_call(preset.max_pixels, 1, self.setup.budget_gb))
        most = min(preset.frames, fits, *([LONGEST_WINDOW] if is_sparse else []))
        moves = CAMERA_MOVES if self._way == "clip" else tuple(self._moves)
        return Limits(
            frames=FrameGrid(least=CONTEXT, most=max(CONTEXT, most)),
            fps=Fraction(preset.fps).limit_denominator(1001),
            multiple=8,
            max_pixels=preset.max_pixels,
            conditions=frozenset({"first"} if self._way == "ip_adapter" else {"first", "any"}),
            controls=frozenset({"prompt", "strength", "loras", *(["camera"] if moves else [])}),
            moves=frozenset(moves),
            overlap=preset.overlap if is_sparse else 0,
            continues=is_sparse,
        )

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """The pipeline with its adapter, in the scheduler that its training used."""
        from diffusers import (  # noqa: PLC0415 - slow to import
            DDIMScheduler,
            MotionAdapter,
            SparseControlNetModel,
        )

        setup = self.setup
        given = {
            "motion_adapter": load_part(MotionAdapter, setup.parts["adapter"], setup, self.dtype)
        }
        if self._way == "controlnet":
            given["controlnet"] = load_part(
                SparseControlNetModel, setup.parts["controlnet"], setup, self.dtype
            )
        if self._way == "ip_adapter":
            given["image_encoder"] = self._image_encoder()
        pipe = super().load({**given, **parts})
        # With other settings the light flickers.
        pipe.scheduler = DDIMScheduler.from_config(
            pipe.scheduler.config,
            beta_schedule="linear",
            clip_sample=False,
            timestep_spacing="linspace",
            steps_offset=1,
        )
        if self._way != "controlnet":
            # Always, since it cannot be taken off an adapter that leaves the middle block alone.
            pipe.enable_free_noise(context_length=CONTEXT, context_stride=STRIDE)
        if self._way == "ip_adapter":
            source = setup.parts["ip_adapter"]
            path = file_of(source, setup)
            pipe.load_ip_adapter(str(path.parent), subfolder="", weight_name=path.name)
        return pipe

    def _image_encoder(self) -> Any:
        from transformers import CLIPVisionModelWithProjection  # noqa: PLC0415

        source = self.setup.parts["ip_adapter"]
        folder = folder_of(source, self.setup) if source.path is None else source.path.parent
        place = folder / "models" if (folder / "models" / "image_encoder").is_dir() else folder
        return CLIPVisionModelWithProjection.from_pretrained(
            place / "image_encoder", dtype=self.dtype, use_safetensors=True, local_files_only=True
        )

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Latents of shape ``(1, channels, frames, h, w)``."""
        preset = self.preset
        prompt, negative = motion.words(shot)
        return pipe(
            **self._shown(pipe, shot, call, before),
            prompt=prompt,
            negative_prompt=negative,
            width=call.width,
            height=call.height,
            num_inference_steps=preset.steps,
            guidance_scale=preset.guidance,
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, preset.steps),
        ).frames.cpu()

    def _shown(self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame]) -> dict[str, Any]:
        """What the pipeline's call is given for keyframes and frames before."""
        if self._way == "controlnet":
            frames = [*before, *(still(key.image, shot, call) for key in call.keyframes)]
            places = [*range(len(before)), *(key.frame for key in call.keyframes)]
            return {
                "num_frames": call.frames,
                "conditioning_frames": [Image.fromarray(frame) for frame in frames],
                "controlnet_frame_indices": places,
                "controlnet_conditioning_scale": motion.hold(1.0, shot),
            }
        if self._way == "ip_adapter":
            picture = still(call.keyframes[0].image, shot, call)
            pipe.set_ip_adapter_scale(motion.hold(LIKENESS, shot))
            return {
                "num_frames": call.frames,
                "ip_adapter_image": Image.fromarray(picture),
            }
        held = motion.hold(self.preset.guide, shot)
        return {
            "video": [Image.fromarray(frame) for frame in camera_clip(shot, call)],
            "strength": 1 - held,
            "enforce_inference_steps": True,
        }

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call, most: int) -> Iterator[Frame]:
        """Yield the frames; each decodes by itself."""
        import torch  # noqa: PLC0415

        vae = pipe.vae
        for part in (latents[0].transpose(0, 1) / vae.config.scaling_factor).split(min(most, 16)):
            with torch.inference_mode():
                decoded = vae.decode(part.to(self.device, vae.dtype)).sample
            yield from map(to_frame, decoded)
