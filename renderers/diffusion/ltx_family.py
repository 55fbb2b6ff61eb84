"""What LTX-Video and LTX-2 have in common: limits, what a call is shown, latents into frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from PIL import Image

from ..base import CAMERA_MOVES, Call, Frame, FrameGrid, Limits, Shot
from . import memory, motion
from .conditioning import camera_clip, still
from .decoding import video_frames
from .engine import DiffusionRenderer
from .loading import Pipeline, Tensor

GRID = 8
"""Frames to a latent frame: calls, overlaps and guides have ``8 k + 1`` frames, and keyframes lie
at multiples of it. The pipelines cut other counts down without a word."""


@dataclass(frozen=True, slots=True)
class ConditionClip:
    """What a call is shown from one of its frames on: a still, or a clip.

    Attributes:
        picture: at the call's size.
        frame: of the call that it begins at.
        strength: how firmly it holds the picture, 0..1.
    """

    picture: Image.Image | list[Image.Image]
    frame: int = 0
    strength: float = 1.0


class LtxFamily(DiffusionRenderer):
    """A model of Lightricks' for videos."""

    encoded: ClassVar[tuple[str, ...]] = (
        "prompt_embeds",
        "prompt_attention_mask",
        "negative_prompt_embeds",
        "negative_prompt_attention_mask",
    )

    def limits_at(self, multiple: int) -> Limits:
        """What the model can do in one call.

        Args:
            multiple: of width and height.
        """
        preset = self.preset
        # A frame of the usual shape and of as many pixels as the preset allows decides for all.
        fits = memory.longest_call(preset.max_pixels, 1, self.setup.budget_gb)
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
            keyframe_step=GRID,
            controls=frozenset(controls),
            moves=frozenset(CAMERA_MOVES),
            overlap=overlap,
            continues=True,
        )

    def shown(self, shot: Shot, call: Call, before: list[Frame]) -> list[ConditionClip]:
        """What a call is shown: a camera move, the frames before, keyframes."""
        preset = self.preset
        found = []
        if preset.guide:
            clip = [Image.fromarray(frame) for frame in camera_clip(shot, call)]
            found.append(ConditionClip(clip, strength=preset.guide))
        if before:
            found.append(ConditionClip([Image.fromarray(frame) for frame in before]))
        crf = motion.still_crf(preset.crf, shot.motion.strength)
        strength = motion.hold(preset.strength, shot)
        for key in call.keyframes:
            picture = Image.fromarray(still(key.image, shot, call, crf))
            found.append(ConditionClip(picture, key.frame, strength))
        return found

    def frames_of(self, pipe: Pipeline, latents: Tensor, most: int) -> Iterator[Frame]:
        """Yield the frames of latents as the VAE takes them, decoded in pieces."""
        import torch  # noqa: PLC0415 - slow to import

        vae = pipe.vae
        timestep = None
        if vae.config.timestep_conditioning:
            timestep = torch.tensor([self.preset.decode_timestep], dtype=vae.dtype)

        def one(piece: Tensor) -> Tensor:
            at = None if timestep is None else timestep.to(self.device)
            with torch.inference_mode():
                return vae.decode(piece.to(self.device, vae.dtype), at, return_dict=False)[0]

        yield from video_frames(latents, one, GRID, most)
