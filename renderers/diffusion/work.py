"""The arithmetic of a model's calls: matrix products, convolutions and attention, in TFLOP.

Counted from the published shapes of the models, and within a tenth of what PyTorch's own counter
finds in them at full size (`torch.utils.flop_counter`). Text encoders, image encoders, ControlNets
and LoRAs are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TERA = 1e12


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a call, or of several, by phase, in TFLOP.

    Attributes:
        encode: of the keyframes and clips that condition it, with upsampled latents.
        denoise: all passes of all steps.
        decode: to frames, with the overlaps of tiles.
    """

    encode: float = 0.0
    denoise: float = 0.0
    decode: float = 0.0

    @property
    def total(self) -> float:
        """Their sum."""
        return self.encode + self.denoise + self.decode


@dataclass(frozen=True, slots=True)
class Transformer:
    """A video transformer.

    Attributes:
        layers, width, hidden: ``hidden`` is the width within its feed-forward parts.
        side, frames: pixels of a side, and frames, to a token.
        text: tokens of a prompt.
        crossing: products of a token by the squared width besides those of self-attention (four)
            and of attention to the prompt (two): of attention to sound and from it.
    """

    layers: int
    width: int
    hidden: int
    side: int
    frames: int
    text: int
    crossing: float = 0.0

    def tflop(self, frame_pixels: float, frames: int) -> float:
        """Return the work of one pass, without guidance."""
        tokens = frame_pixels / self.side**2 * ((frames - 1) // self.frames + 1)
        square = self.width**2
        of_token = (6 + self.crossing) * square + 2 * self.width * self.hidden
        attention = 2 * tokens * (tokens + self.text) * self.width
        products = tokens * of_token + self.text * 2 * square + attention
        return 2 * self.layers * products / TERA


@dataclass(frozen=True, slots=True)
class Unet:
    """A UNet that looks at each frame, and at each position over time.

    Attributes:
        pixel: of a pixel of a frame.
        attention: of a pixel, for each pixel of its frame.
        motion: of a pixel in a window of frames.
    """

    pixel: float
    attention: float
    motion: float = 0.0

    def tflop(self, frame_pixels: float, frames: int, windowed: int = 0) -> float:
        """Return the work of one pass, without guidance.

        Args:
            frame_pixels: of a frame.
            frames: of the call.
            windowed: frames of all windows, which overlap.
        """
        of_frames = frames * (self.pixel + self.attention * frame_pixels)
        return frame_pixels * (of_frames + windowed * self.motion) / TERA


@dataclass(frozen=True, slots=True)
class Coder:
    """A VAE.

    Attributes:
        encode, decode: for a pixel of a frame.
        lead: frames more that a clip is as much work as, when it is encoded.
        upsample: of the latent upsampler, for a pixel of a frame of its result.
    """

    encode: float
    decode: float
    lead: float = 0.0
    upsample: float = 0.0

    def encode_tflop(self, frame_pixels: float, clips: Iterable[int]) -> float:
        """Return the work of encoding clips of so many frames."""
        return frame_pixels * self.encode * sum(clip + self.lead for clip in clips) / TERA

    def decode_tflop(self, frame_pixels: float, frames: int, tiles: float = 1.0) -> float:
        """Return the work of decoding.

        Args:
            frame_pixels: of a frame.
            frames: of the video.
            tiles: pixels of all tiles, for a pixel of the frame.
        """
        return frame_pixels * frames * tiles * self.decode / TERA

    def upsample_tflop(self, frame_pixels: float, frames: int) -> float:
        """Return the work of upsampling latents to a size."""
        return frame_pixels * frames * self.upsample / TERA


LTX_VAE = Coder(encode=2.91e6, decode=1.266e6, lead=1.0, upsample=19.2e3)
LTX2_VAE = Coder(encode=2.38e6, decode=2.47e6, lead=0.8, upsample=75.6e3)
WAN_22_VAE = Coder(encode=3.49e6, decode=18.5e6, lead=0.34)
WAN_21_VAE = Coder(encode=5.09e6, decode=8.58e6, lead=0.4)
SD_VAE = Coder(encode=4.2e6, decode=9.6e6)
SVD_VAE = Coder(encode=4.2e6, decode=11.6e6)

WAN_5B = Transformer(30, 3072, 14336, 32, 4, 512)
WAN_14B = Transformer(40, 5120, 13824, 16, 4, 512)
SVD_UNET = Unet(pixel=4.37e6, attention=1.79)
ANIMATEDIFF_UNET = Unet(pixel=3.50e6, attention=1.36, motion=0.436e6)


def ltx_transformer(layers: int, width: int) -> Transformer:
    """Return LTX-Video's transformer: 28 layers of 2048, or 48 of 4096."""
    return Transformer(layers, width, 4 * width, 32, 8, 256)


def ltx2_transformer(layers: int, width: int) -> Transformer:
    """Return LTX-2's transformer; its sound is half as wide, and of few tokens."""
    return Transformer(layers, width, 4 * width, 32, 8, 1024, crossing=2.0)
