"""The time of a call's phases, kept as the speed of its device."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field

from ..files.speeds import Stopwatch, processor, remember_rate
from .model_settings import ModelSetup
from .work import Work

DENOISE, DECODE = "denoise", "decode"


@dataclass(slots=True)
class CallTimer:
    """Times the phases of a call: what denoises, and what decodes.

    Attributes:
        kind: of its work; `work_kind`.
    """

    kind: str
    denoise: Stopwatch = field(default_factory=Stopwatch)
    decode: Stopwatch = field(default_factory=Stopwatch)

    def keep(self, work: Work | None, decoded: float, device: str) -> None:
        """Keep the speed of a call, if its work is known and most of its frames were made.

        Args:
            work: of the call.
            decoded: share of its frames that were asked for: nobody may want the last ones.
            device: of PyTorch.
        """
        if work is not None and decoded > 0.5:
            name, denoised = device_name(device), work.encode + work.denoise
            remember_rate(name, f"{self.kind} {DENOISE}", denoised, self.denoise.seconds)
            remember_rate(name, f"{self.kind} {DECODE}", decoded * work.decode, self.decode.seconds)


def work_kind(setup: ModelSetup, half: str) -> str:
    """Return what decides the speed of a model's work besides the device, as text.

    Args:
        setup: of the model.
        half: the dtype of its weights, if the configuration states none.
    """
    dtype = setup.dtype or half
    stored = "" if setup.quantization == "none" else f" {setup.quantization}"
    return f"{setup.renderer} {dtype}{stored}{' compiled' if setup.compile else ''}"


def device_name(device: str) -> str:
    """Return the name of a PyTorch device: of a card its own."""
    import torch  # noqa: PLC0415 - slow to import

    if device in ("cuda", "xpu"):
        return str(getattr(torch, device).get_device_name())
    return processor() if device == "cpu" else f"{device.upper()} of {platform.node()}"
