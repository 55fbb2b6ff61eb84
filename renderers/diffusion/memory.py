"""Fitting a model into VRAM: the memory that each phase of a call needs, and the offload ladder.

What is on the device never changes pixels; the length of calls and the size of decoded tiles do, so
these follow from the configuration alone (`longest_call`, `tile_pixels`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

GB = 1 << 30
Offload = Literal["none", "model", "group"]

LADDER: tuple[Offload, ...] = get_args(Offload)
"""Kept in RAM: nothing, the parts that are not at work, or also the denoiser's layers that are not.
Each rung takes less VRAM and more time than the one before."""
DESCRIBED: Mapping[Offload, str] = {
    "none": "all on the device",
    "model": "only the part at work on the device",
    "group": "only the denoiser's layer at work on the device",
}

CONTEXT_GB = 1.0
"""The device's context, workspaces of libraries, and fragmentation."""
SMALLEST_GB = 7.5
"""Free memory of the smallest card that tiles are planned for: 8 GB, less what a desktop takes."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Activations of a phase, as the sum of three parts.

    Attributes:
        fixed_gb: whatever the size; of work in pieces, once the clip is longer than a piece.
        frame_bytes: for a pixel of one frame.
        clip_bytes: for a pixel of all frames.
        piece_bytes: for a pixel of all frames, up to ``fixed_gb``.
    """

    fixed_gb: float = 0.0
    frame_bytes: float = 0.0
    clip_bytes: float = 0.0
    piece_bytes: float = float("inf")

    def gb(self, frame_pixels: int, frames: int) -> float:
        """Return the memory that a clip takes."""
        pixels = frame_pixels * frames / GB
        pieces = min(self.fixed_gb, self.piece_bytes * pixels)
        return pieces + self.frame_bytes * frame_pixels / GB + self.clip_bytes * pixels


@dataclass(frozen=True, slots=True)
class CallSize:
    """The size of a call's work.

    Attributes:
        frame_pixels: of a frame.
        encoded: frames of the longest clip that conditions the call.
        denoised: frames in all, with keyframes beside the video.
        decoded: frames of the video.
        tile: pixels of a frame that are decoded at once: all, but for a VAE that decodes tiles.
    """

    frame_pixels: int
    encoded: int
    denoised: int
    decoded: int
    tile: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """Activations of a model, measured at full size on PyTorch's meta device.

    Attributes:
        denoise: of a step.
        encode: of the keyframes and clips that condition a call.
        decode: of the latents; for a VAE that decodes in tiles, of a tile.
        vae_gb: weights of the VAE, for the size of tiles.
        vae_bytes: of a number of the VAE, at least.
    """

    denoise: Cost = Cost(clip_bytes=60.0)
    encode: Cost = Cost(frame_bytes=4000.0)
    decode: Cost = Cost(frame_bytes=8000.0)
    vae_gb: float = 1.0
    vae_bytes: int = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a pipeline's weights on the device, without its text encoder.

    Attributes:
        denoisers: of each transformer or UNet.
        layer: of the largest layer of one.
        vae: of the VAE.
        rest: of all other parts.
    """

    denoisers: tuple[int, ...]
    layer: int
    vae: int
    rest: int = 0


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Memory that each phase of a call takes on a rung, in GB, with the context."""

    encode_gb: float
    denoise_gb: float
    decode_gb: float

    @property
    def peak_gb(self) -> float:
        """The largest of them."""
        return max(self.encode_gb, self.denoise_gb, self.decode_gb)


def memory_plan(rung: Offload, sizes: Sizes, footprint: Footprint, call: CallSize) -> MemoryPlan:
    """Estimate the memory of a call.

    Args:
        rung: of the ladder.
        sizes: of the weights.
        footprint: of the activations.
        call: its size.
    """
    encode = footprint.encode.gb(call.frame_pixels, call.encoded)
    denoise = footprint.denoise.gb(call.frame_pixels, call.denoised)
    decode = footprint.decode.gb(call.tile, call.decoded)
    if rung == "none":
        resident = CONTEXT_GB + (sum(sizes.denoisers) + sizes.vae + sizes.rest) / GB
        return MemoryPlan(resident + encode, resident + denoise, resident + decode)
    # The next layer is copied while one computes.
    denoiser = 2 * sizes.layer if rung == "group" else max(sizes.denoisers, default=0)
    vae = CONTEXT_GB + sizes.vae / GB
    return MemoryPlan(
        max(vae + encode, CONTEXT_GB + sizes.rest / GB),
        CONTEXT_GB + denoiser / GB + denoise,
        vae + decode,
    )


def offload_ladder(device: str, offload: str = "auto") -> tuple[Offload, ...]:
    """Return the ladder of a device.

    Args:
        device: its kind. The CPU has nothing to offload to.
        offload: the first rung; ``auto`` starts at the top.
    """
    if device == "cpu":
        return LADDER[:1]
    return LADDER if offload == "auto" else tuple(r for r in LADDER if _place(r) >= _place(offload))


def _place(rung: str) -> int:
    return [str(each) for each in LADDER].index(rung)


def longest_call(footprint: Footprint, frame_pixels: int, memory_gb: float | None) -> int:
    """Return the frames that a memory limit lets denoise at once, layer by layer.

    Args:
        footprint: of the model.
        frame_pixels: of a frame.
        memory_gb: the configured limit; None sets none.
    """
    if memory_gb is None:
        return 1 << 30
    cost = footprint.denoise
    available = max(0.5, memory_gb - CONTEXT_GB - LAYER_GB - cost.fixed_gb) * GB / frame_pixels
    return max(1, int((available - cost.frame_bytes) / cost.clip_bytes))


LAYER_GB = 0.5
"""Layers of an offloaded denoiser that are on the device at once, for `longest_call`."""


def tile_pixels(footprint: Footprint, memory_gb: float | None) -> int:
    """Return the pixels to decode at once: what fits beside the VAE.

    Args:
        footprint: of the model.
        memory_gb: the configured limit; None plans for the smallest card, so that pixels are the
            same on all.
    """
    cost = footprint.decode
    available = (memory_gb or SMALLEST_GB) - CONTEXT_GB - footprint.vae_gb - cost.fixed_gb
    return max(1, int(max(0.5, available) * GB / max(1.0, cost.frame_bytes)))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that VRAM or RAM ran out."""
    import torch  # noqa: PLC0415 - slow to import

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # MPS and the CPU's allocator raise plain RuntimeErrors.
    message = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in message or "can't allocate memory" in message
    )
