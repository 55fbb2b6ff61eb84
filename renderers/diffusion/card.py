"""Which presets of a renderer fit the card of this machine, before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..base import QUALITIES, Call, Keyframe, RendererError, Shot
from ..fit.planner import plan
from ..registry import renderer_class
from . import memory
from .diffusion_renderer import DiffusionRenderer
from .memory import GB
from .missing_weights import weight_problems
from .published import published_sizes
from .weight_sizes import weights_bytes

HALF_BYTES = 2
"""Bytes of a number on a card."""
SLOT_S = 10
"""Length of the longest slot that a reel is split into, in seconds."""
MARGIN = 1.15
"""Most by which a plan exceeds the memory that a call takes."""


@dataclass(frozen=True, slots=True)
class Card:
    """The device that models run on, if it has memory of its own.

    Attributes:
        name: of the card.
        free_gb, total_gb: its memory.
    """

    name: str
    free_gb: float
    total_gb: float

    def __str__(self) -> str:
        return f"{self.name}, {self.free_gb:.1f} of {self.total_gb:.1f} GiB free"


def find_card() -> Card | None:
    """Return the card that ``device: auto`` picks; None for the CPU."""
    import torch  # noqa: PLC0415 - seconds to import

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return Card(torch.cuda.get_device_name(), free / GB, total / GB)
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        free, total = torch.xpu.mem_get_info()
        return Card(torch.xpu.get_device_name(), free / GB, total / GB)
    if torch.backends.mps.is_available():
        total = torch.mps.recommended_max_memory()
        return Card("Apple GPU", (total - torch.mps.driver_allocated_memory()) / GB, total / GB)
    return None


def preset_gb(name: str, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the card memory that a full-size slot of ten seconds takes, in GB, by quality.

    It is that of the last rung of the offload ladder; more memory saves time. Empty if the model is
    neither on this machine nor a default one.

    Raises:
        RendererError: a setting is wrong.
    """
    found = {}
    for quality in QUALITIES:
        renderer = renderer_class(name)(settings, quality)
        assert isinstance(renderer, DiffusionRenderer)
        key = Keyframe(Path(), 0)
        frames = SLOT_S * 24
        shot = Shot(1080, 1920, Fraction(24), frames, 0, 0, 0, frames, (key,), quality=quality)
        needed = [least_gb(renderer, call) for call in plan(shot, renderer.limits).calls]
        known = [gb for gb in needed if gb is not None]
        if known:
            found[quality] = max(known)
    return found


def fit_text(needed: Mapping[str, float], card: Card | None) -> str:
    """Return the memory of presets in words: ``draft 4.9 GB fits; high 9.1 GB does not``.

    Args:
        needed: of `preset_gb`.
        card: of this machine; None without one.
    """
    if not needed:
        return "known once the weights are here"
    if card is None:
        return f"{_amounts(needed)}; no GPU here"
    fit = {name: gb for name, gb in needed.items() if gb <= card.free_gb}
    rest = {name: gb for name, gb in needed.items() if gb > card.free_gb}
    if not rest:
        return f"{_amounts(needed)}: all fit"
    verb = "does" if len(rest) == 1 else "do"
    if not fit:
        return f"{_amounts(needed)}: none fits"
    fits = f"{_amounts(fit)} {'fits' if len(fit) == 1 else 'fit'}"
    return f"{fits}; {_amounts(rest)} {verb} not"


def _amounts(needed: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {gb:.1f} GB" for name, gb in needed.items())


def least_gb(renderer: DiffusionRenderer, call: Call) -> float | None:
    """Return the card memory that a call takes on the last rung of the ladder, in GB."""
    setup, footprint = renderer.setup, renderer.footprint
    if weight_problems(setup):
        vae_bytes = max(footprint.vae_bytes, HALF_BYTES)
        quantised = HALF_BYTES if setup.quantization == "none" else 1
        sizes = published_sizes(setup.model, quantised, vae_bytes)
        if sizes is None:
            return None
    else:
        sizes = renderer.sizes(HALF_BYTES)
    size, rungs = renderer.call_size(call), memory.offload_ladder("cuda", setup.offload)
    return min(memory.memory_plan(rung, sizes, footprint, size).peak_gb for rung in rungs)


def main_memory_gb(renderer: DiffusionRenderer) -> float:
    """Return the main memory that a renderer's weights take on the CPU, in GB."""
    bytes_each = HALF_BYTES if renderer.setup.dtype in ("float16", "bfloat16") else 4
    sizes = renderer.sizes(bytes_each)
    loaded = sum(sizes.denoisers) + sizes.vae + sizes.rest
    encoder = weights_bytes(renderer.folder / "text_encoder", bytes_each)
    return max(loaded, encoder) / GB


def refuse_small_memory(renderer: DiffusionRenderer, free_gb: float) -> None:
    """Reject weights that do not fit into main memory, for the CPU.

    Raises:
        RendererError: they need more memory than is free.
    """
    needed = main_memory_gb(renderer)
    if needed > free_gb:
        raise RendererError(
            f"{renderer.name} needs {needed:.1f} GB of memory on the CPU, and {free_gb:.1f} GB are "
            "free; use a GPU, or the renderer camera or parallax"
        )


def refuse_small_card(renderer: DiffusionRenderer, call: Call, card: Card) -> None:
    """Reject a call that no offloading fits into a card.

    Memory that other programs use may be free later, so all of the card counts.

    Raises:
        RendererError: it needs more memory than the card has.
    """
    needed = least_gb(renderer, call)
    limit = min(card.total_gb, renderer.setup.memory_gb or card.total_gb)
    if needed is not None and needed > limit * MARGIN:
        raise RendererError(
            f"{renderer.name} {renderer.setup.quality} needs {needed:.1f} GB for a call of "
            f"{call.frames} frames at {call.width}x{call.height}, and {card.name} has "
            f"{limit:.1f} GB; set memory_gb: {int(limit)} for shorter calls, a lower quality, or "
            f"max_pixels of presets.{renderer.setup.quality}"
        )
