"""Fitting a model into VRAM: a budget picks the first rung of a fixed ladder of offloading.

Each rung of the ladder needs less memory and more time. A renderer starts at the first rung that is
estimated to fit, and falls back to the next one if it runs out of memory.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Literal

GB = 1 << 30
Offload = Literal["none", "model", "group", "sequential"]

DENOISE_BYTES = 24
"""Estimated bytes of activations for each pixel of all frames that are denoised at once."""
DECODE_BYTES = 64
"""Estimated bytes of activations for each pixel of all frames that are decoded at once."""
WORKSPACE_GB = 1.5
"""The device's context, its libraries' workspaces and fragmentation."""
BLOCK_GB = 1.0
"""Part of an offloaded denoiser that is on the device at once."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the ladder.

    Attributes:
        offload: held in RAM: nothing (``none``), whole idle components (``model``),
            the denoiser's blocks (``group``), or every layer (``sequential``).
        tiling: whether the VAE decodes tiles of a frame.
        decode_pixels: pixels, over all frames, that are decoded at once.
    """

    offload: Offload
    tiling: bool
    decode_pixels: int

    def __str__(self) -> str:
        parts = [f"{self.offload} offload" if self.offload != "none" else "all on the device"]
        parts += ["VAE in tiles"] if self.tiling else []
        return ", ".join([*parts, f"{self.decode_pixels / 1e6:.0f} MP decoded at once"])


LADDER = (
    Rung("none", False, 160_000_000),
    Rung("none", False, 40_000_000),
    Rung("model", False, 40_000_000),
    Rung("model", True, 16_000_000),
    Rung("group", True, 16_000_000),
    Rung("sequential", True, 4_000_000),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a pipeline's weights on the device.

    Attributes:
        denoiser: of the transformer or UNet.
        rest: of all other parts but the text encoder.
    """

    denoiser: int
    rest: int


def offload_ladder(
    device: str, offload: str = "auto", tiling: bool | None = None
) -> tuple[Rung, ...]:
    """Return the ladder of a device.

    Args:
        device: its kind. The CPU has nothing to offload to: its rungs only decode less at once.
        offload: the first rung's; ``auto`` starts at the top.
        tiling: whether the VAE decodes tiles; None leaves it to the rung.
    """
    rungs: tuple[Rung, ...] = LADDER
    if device == "cpu":
        rungs = tuple(dict.fromkeys(replace(rung, offload="none") for rung in LADDER))
    elif offload != "auto":
        order = ("none", "model", "group", "sequential")
        rungs = tuple(r for r in LADDER if order.index(r.offload) >= order.index(offload))
    if tiling is not None:
        rungs = tuple(dict.fromkeys(replace(rung, tiling=tiling) for rung in rungs))
    return rungs


def first_rung(rungs: tuple[Rung, ...], sizes: Sizes, pixels: int, budget_gb: float) -> int:
    """Return the index of the first rung that is estimated to fit, else of the last.

    Args:
        rungs: the ladder.
        sizes: of the model.
        pixels: of all frames of a call.
        budget_gb: available memory.
    """
    for index, rung in enumerate(rungs):
        if needed_gb(rung, sizes, pixels) <= budget_gb:
            return index
    return len(rungs) - 1


def needed_gb(rung: Rung, sizes: Sizes, pixels: int) -> float:
    """Estimate the peak memory of a rung."""
    denoising = pixels * DENOISE_BYTES / GB
    decoding = min(pixels, rung.decode_pixels) * DECODE_BYTES / GB * (0.5 if rung.tiling else 1.0)
    denoiser, rest = sizes.denoiser / GB, sizes.rest / GB
    if rung.offload == "none":
        return WORKSPACE_GB + denoiser + rest + max(denoising, decoding)
    if rung.offload == "group":
        denoiser = min(denoiser, BLOCK_GB)
    elif rung.offload == "sequential":
        denoiser, rest = min(denoiser, BLOCK_GB / 4), min(rest, BLOCK_GB / 4)
    return WORKSPACE_GB + max(denoiser + denoising, rest + decoding)


def longest_call(width: int, height: int, budget_gb: float) -> int:
    """Return the frames that can be denoised at once within a budget, with an offloaded denoiser.

    It depends on the configuration alone, never on a card's free memory, as it decides pixels.
    """
    available = max(0.5, budget_gb - WORKSPACE_GB - BLOCK_GB)
    return max(1, int(available * GB / (width * height * DENOISE_BYTES)))


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


def weights_bytes(path: Path, bytes_each: float) -> int:
    """Return the bytes of weights once loaded, from the files' headers alone.

    Args:
        path: a ``.safetensors`` file, or a model's folder of them.
        bytes_each: of a number in memory.
    """
    found = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    plain = [file for file in found if "." not in file.stem] or found
    return int(sum(_count_numbers(file) for file in plain) * bytes_each)


def _count_numbers(path: Path) -> int:
    return sum(prod(entry["shape"]) for entry in safetensors_header(path).values())


def safetensors_header(path: Path) -> Mapping[str, Mapping[str, list[int]]]:
    """Return the shapes of a safetensors file's tensors, by name; empty for another file.

    The format: eight bytes with the length of a JSON header, which has every tensor's shape
    (https://github.com/huggingface/safetensors, "Format").
    """
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > 100 << 20:
                return {}
            header: dict[str, Mapping[str, list[int]]] = json.loads(stream.read(length))
    except (OSError, ValueError, struct.error):
        return {}
    header.pop("__metadata__", None)
    return header
