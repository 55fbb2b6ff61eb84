"""How a model fits into memory: a budget picks where to begin on a fixed ladder (pure).

Each step down the ladder needs less memory and more time. A renderer begins at the first step that
is estimated to fit; where the estimate was wrong, and memory runs out, it goes on one step further
down.
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
"""Estimated bytes of activations for each pixel of each frame that is denoised at once."""
DECODE_BYTES = 64
"""Estimated bytes of activations for each pixel of each frame that is decoded at once."""
WORKSPACE_GB = 1.5
"""The device's own context, its libraries' workspaces and what allocation leaves unused."""
BLOCK_GB = 1.0
"""What of a denoiser is on the device at once where its blocks come and go."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder.

    Attributes:
        offload: what waits in the machine's memory: nothing; whole parts that are not at work
            (``model``); the denoiser's blocks (``group``); every layer (``sequential``).
        tiling: whether the VAE works on tiles of a frame.
        decode_pixels: pixels, of all frames, that are decoded at once.
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
        rest: of all other parts that stay, the text encoder not among them.
    """

    denoiser: int
    rest: int


def ladder(device: str, offload: str = "auto", tiling: bool | None = None) -> tuple[Rung, ...]:
    """The steps for a device.

    Args:
        device: its kind. Without an accelerator there is nowhere to offload to: only what is
            decoded at once becomes less.
        offload: where to begin; ``auto`` begins at the top.
        tiling: whether the VAE works on tiles; None leaves it to the step.
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
    """The first step that is estimated to fit; the last where none is.

    Args:
        rungs: the ladder.
        sizes: of the model.
        pixels: of all frames of a call.
        budget_gb: memory that may be used.
    """
    for index, rung in enumerate(rungs):
        if needed_gb(rung, sizes, pixels) <= budget_gb:
            return index
    return len(rungs) - 1


def needed_gb(rung: Rung, sizes: Sizes, pixels: int) -> float:
    """The memory that a step is estimated to need at its worst moment."""
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
    """Frames of a size that can be denoised at once within a budget, the denoiser's blocks aside.

    It hangs on the configuration alone, never on what a card has free, since it decides pixels.
    """
    room = max(0.5, budget_gb - WORKSPACE_GB - BLOCK_GB)
    return max(1, int(room * GB / (width * height * DENOISE_BYTES)))


def weights_bytes(path: Path, bytes_each: float) -> int:
    """Bytes of a folder's or a file's weights once loaded, from the files' headers alone.

    The format: eight bytes with the length of a JSON header, which has every tensor's shape
    (https://github.com/huggingface/safetensors, "Format").

    Args:
        path: a ``.safetensors`` file, or a folder of one model's.
        bytes_each: of a number in memory.
    """
    found = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    plain = [file for file in found if "." not in file.stem] or found
    return int(sum(_numbers(file) for file in plain) * bytes_each)


def _numbers(path: Path) -> int:
    return sum(prod(entry["shape"]) for entry in header(path).values())


def header(path: Path) -> Mapping[str, Mapping[str, list[int]]]:
    """A safetensors file's tensors by name, with their shapes; empty where it is none."""
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > 100 << 20:
                return {}
            read: dict[str, Mapping[str, list[int]]] = json.loads(stream.read(length))
    except (OSError, ValueError, struct.error):
        return {}
    read.pop("__metadata__", None)
    return read
