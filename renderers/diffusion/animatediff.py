"""`animatediff`: Stable Diffusion 1.5 with a motion adapter, and LoRAs for camera moves.

A keyframe conditions the video in one of three ways: by default as a camera move over it, rendered
first and painted over (video to video; every move works); with a configured ``controlnet`` by
SparseCtrl, at any frame; with a configured ``ip_adapter`` by an IP-Adapter, as a likeness.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

from PIL import Image

from ..base import CAMERA_MOVES, Call, Frame, FrameGrid, Limits, OnStep, RendererError, Shot
from . import memory
from .animatediff_files import has_text_encoder, load_motion_module, load_text_encoder
from .conditioning import camera_clip, conditioning_image
from .decoding import to_frame
from .diffusion_renderer import DiffusionRenderer
from .loading import Pipeline, Tensor, load_part
from .local_weights import local_file, local_folder
from .memory import CallSize, Cost, Footprint
from .motion_norms import normalize_by_frame
from .motion_strength import keyframe_strength
from .prompt import PromptShape
from .weight_source import WeightSource
from .work import ANIMATEDIFF_UNET, SD_VAE, Work

CONTEXT = 16
"""Frames that the motion adapter was trained on, and of a window of FreeNoise."""
STRIDE = 4
"""Frames between two windows of FreeNoise."""
IP_ADAPTER_SCALE = 0.8
"""Weight of an IP-Adapter's image at ``motion.strength`` 0.5."""
LONGEST_WINDOW = 32
"""Positions that the adapter has; more frames need FreeNoise's sliding window."""


class AnimateDiffRenderer(DiffusionRenderer):
    """AnimateDiff through ``AnimateDiffVideoToVideoPipeline`` and its siblings.

    The text encoder is not unloaded: it is small, and FreeNoise encodes prompts itself.
    """

    name: ClassVar[str] = "animatediff"
    version: ClassVar[int] = 4
    denoisers: ClassVar[tuple[str, ...]] = ("unet",)
    half: ClassVar[str] = "float16"
    encoded: ClassVar[tuple[str, ...]] = ()
    prompt_tokens: ClassVar[int | None] = 77
    prompt_shape: ClassVar[PromptShape] = "tags"

    def __init__(self, settings: Mapping[str, Any], quality: str):
        super().__init__(settings, quality)
        self._moves: Mapping[str, WeightSource] = self.setup.camera_loras
        self._conditioning = next(
            (w for w in ("controlnet", "ip_adapter") if w in self.setup.parts), "clip"
        )
        if self._conditioning == "controlnet" and self._moves:
            raise RendererError(
                "animatediff: camera_loras were made for the motion adapter v1-5-2, SparseCtrl "
                "(controlnet) for v1-5-3; configure one of them"
            )
        self.pipeline = {
            "controlnet": "AnimateDiffSparseControlNetPipeline",
            "ip_adapter": "AnimateDiffPipeline",
            "clip": "AnimateDiffVideoToVideoPipeline",
        }[self._conditioning]

    @property
    def footprint(self) -> Footprint:
        """Activations of the published models, with guidance."""
        return Footprint(
            denoise=Cost(0.2, clip_bytes=525.0),
            encode=Cost(frame_bytes=3250.0, clip_bytes=16.0),
            decode=Cost(frame_bytes=1950.0),
            vae_gb=0.2,
        )

    def call_size(self, call: Call) -> CallSize:
        """Return the size of a call's work; the camera move is encoded whole, frame by frame.

        A frame more is denoised: for what long calls take beyond the activations of a frame.
        """
        return replace(super().call_size(call), encoded=call.frames, denoised=call.frames + 1)

    def work(self, call: Call) -> Work:
        """Return the work of a call; windows of FreeNoise overlap."""
        size, guided = self.call_size(call), 2 if self.preset.guidance > 1 else 1
        windows = 1 + max(0, -(-(call.frames - CONTEXT) // STRIDE))
        windowed = call.frames if self._conditioning == "controlnet" else windows * CONTEXT
        step = ANIMATEDIFF_UNET.tflop(size.frame_pixels, call.frames, windowed)
        return Work(
            SD_VAE.encode_tflop(size.frame_pixels, [size.encoded]),
            self.preset.steps * guided * step,
            SD_VAE.decode_tflop(size.frame_pixels, call.frames),
        )

    @property
    def limits(self) -> Limits:
        """The limits of one call, which depend on how keyframes condition it."""
        preset, is_sparse = self.preset, self._conditioning == "controlnet"
        fits = memory.longest_call(self.footprint, preset.max_pixels, self.setup.memory_gb)
        most = min(preset.frames, fits, *([LONGEST_WINDOW] if is_sparse else []))
        moves = CAMERA_MOVES if self._conditioning == "clip" else tuple(self._moves)
        return Limits(
            frames=FrameGrid(least=CONTEXT, most=max(CONTEXT, most)),
            fps=Fraction(preset.fps).limit_denominator(1001),
            multiple=8,
            max_pixels=preset.max_pixels,
            conditions=frozenset(
                {"first"} if self._conditioning == "ip_adapter" else {"first", "any"}
            ),
            controls=frozenset({"prompt", "strength", "loras", *(["camera"] if moves else [])}),
            moves=frozenset(moves),
            overlap=preset.overlap if is_sparse else 0,
            continues=is_sparse,
        )

    def load(self, parts: Mapping[str, Any]) -> Pipeline:
        """Load the pipeline with its adapter, and the scheduler of its training."""
        from diffusers import (  # noqa: PLC0415 - slow to import
            DDIMScheduler,
            MotionAdapter,
            SparseControlNetModel,
        )

        setup = self.setup
        adapter = setup.parts["adapter"]
        extra = {
            **self.single_files("UNet2DConditionModel", "AutoencoderKL"),
            "motion_adapter": load_motion_module(adapter, setup, self.dtype)
            if adapter.is_file
            else load_part(MotionAdapter, adapter, setup, self.dtype),
        }
        if setup.weights is not None and has_text_encoder(setup.weights, setup):
            extra["text_encoder"] = load_text_encoder(setup.weights, self.folder, setup, self.dtype)
        if self._conditioning == "controlnet":
            extra["controlnet"] = load_part(
                SparseControlNetModel, setup.parts["controlnet"], setup, self.dtype
            )
        if self._conditioning == "ip_adapter":
            extra["image_encoder"] = self._image_encoder()
        pipe = super().load({**extra, **parts})
        # As configs/inference of https://github.com/guoyww/AnimateDiff. The folder's own schedule
        # ends with noise in the video, and so does "linspace", which diffusers' guide names: its
        # DDIMScheduler takes each step to another timestep than that of the next one.
        pipe.scheduler = DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="linear",
            steps_offset=1,
            clip_sample=False,
        )
        for part in ("unet", "controlnet"):
            if hasattr(pipe, part):
                normalize_by_frame(getattr(pipe, part))
        if self._conditioning != "controlnet":
            # Always: it cannot be disabled again with an adapter that has no middle block.
            pipe.enable_free_noise(context_length=CONTEXT, context_stride=STRIDE)
        if self._conditioning == "ip_adapter":
            source = setup.parts["ip_adapter"]
            path = local_file(source, setup)
            pipe.load_ip_adapter(str(path.parent), subfolder="", weight_name=path.name)
        return pipe

    def _image_encoder(self) -> Any:
        from transformers import CLIPVisionModelWithProjection  # noqa: PLC0415

        source = self.setup.parts["ip_adapter"]
        folder = local_folder(source, self.setup) if source.path is None else source.path.parent
        root = folder / "models" if (folder / "models" / "image_encoder").is_dir() else folder
        return CLIPVisionModelWithProjection.from_pretrained(
            root / "image_encoder", dtype=self.dtype, use_safetensors=True, local_files_only=True
        )

    def denoise(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Tensor:
        """Return latents of shape ``(1, channels, frames, h, w)``."""
        preset = self.preset
        prompt = self.prompt(shot)
        return pipe(
            **self._conditions(pipe, shot, call, before),
            prompt=prompt.positive,
            negative_prompt=prompt.negative,
            width=call.width,
            height=call.height,
            num_inference_steps=preset.steps,
            guidance_scale=preset.guidance,
            generator=self.generator(call),
            output_type="latent",
            callback_on_step_end=self.at_step(on_step, preset.steps),
        ).frames.cpu()

    def _conditions(
        self, pipe: Pipeline, shot: Shot, call: Call, before: list[Frame]
    ) -> dict[str, Any]:
        """Return the arguments of the pipeline's call for keyframes and frames before."""
        if self._conditioning == "controlnet":
            frames = [
                *before,
                *(conditioning_image(key.image, shot, call) for key in call.keyframes),
            ]
            positions = [*range(len(before)), *(key.frame for key in call.keyframes)]
            return {
                "num_frames": call.frames,
                "conditioning_frames": [Image.fromarray(frame) for frame in frames],
                "controlnet_frame_indices": positions,
                "controlnet_conditioning_scale": keyframe_strength(1.0, shot),
            }
        if self._conditioning == "ip_adapter":
            image = conditioning_image(call.keyframes[0].image, shot, call)
            pipe.set_ip_adapter_scale(keyframe_strength(IP_ADAPTER_SCALE, shot))
            return {
                "num_frames": call.frames,
                "ip_adapter_image": Image.fromarray(image),
            }
        return {
            "video": [Image.fromarray(frame) for frame in camera_clip(shot, call)],
            "strength": 1 - keyframe_strength(self.preset.guide, shot),
            "enforce_inference_steps": True,
        }

    def decode(self, pipe: Pipeline, latents: Tensor, call: Call) -> Iterator[Frame]:
        """Yield the frames; each is decoded by itself."""
        import torch  # noqa: PLC0415

        vae = pipe.vae
        for part in (latents[0].transpose(0, 1) / vae.config.scaling_factor).split(1):
            with torch.inference_mode():
                decoded = vae.decode(part.to(self.device, vae.dtype)).sample
            yield from map(to_frame, decoded)
