"""Placing a loaded pipeline: on the device, or offloaded to RAM, as a rung of the ladder says."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .loading import Pipeline
from .memory import GB, Offload
from .model_settings import ModelSetup

TOGETHER = {"controlnet": "unet"}
"""Parts that run in every step beside a denoiser: they stay with it."""
UNUSED = ("motion_adapter",)
"""Parts whose weights were copied into others at loading."""


def prepare_pipeline(pipe: Pipeline, setup: ModelSetup, denoisers: Sequence[str]) -> None:
    """Prepare a freshly loaded pipeline, with fp8, compilation and slices."""
    for model in denoisers_of(pipe, denoisers):
        if setup.quantization == "fp8":
            store_in_8_bits(model)
        if setup.compile:
            compile_model(model)
    if setup.vae_slicing and hasattr(pipe.vae, "use_slicing"):
        pipe.vae.enable_slicing()


def compile_model(model: Any) -> None:
    """Compile a denoiser's repeated blocks, or the whole of one that names none: a UNet.

    Hooks of offloading come around it later. A LoRA that is loaded later compiles it again.
    """
    import torch  # noqa: PLC0415 - slow to import

    if model._repeated_blocks:
        model.compile_repeated_blocks()
    else:
        model.forward = torch.compile(model.forward)


def store_in_8_bits(model: Any) -> None:
    """Keep a denoiser's weights as 8-bit floats, cast layer by layer when they are used."""
    import torch  # noqa: PLC0415

    dtype = model.dtype
    model.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    for module in model.modules():
        if getattr(getattr(module, "weight", None), "dtype", None) == torch.float8_e4m3fn:
            # peft gives a LoRA this dtype; without it, that of the stored weight.
            module.compute_dtype = dtype


def place_pipeline(pipe: Pipeline, rung: Offload, device: str, denoisers: Sequence[str]) -> None:
    """Move the parts of a pipeline to where a rung has them, from where another had them."""
    import torch  # noqa: PLC0415
    from accelerate.hooks import add_hook_to_module, remove_hook_from_module  # noqa: PLC0415

    parts = {
        name: part
        for name, part in pipe.components.items()
        if isinstance(part, torch.nn.Module) and name not in UNUSED
    }
    for part in parts.values():
        remove_hook_from_module(part)
    if rung == "none":
        for part in parts.values():
            move(part, device)
        return
    for part in parts.values():
        move(part, "cpu")
    streamed = [name for name in parts if rung == "group" and name in denoisers]
    offload_layers([parts[name] for name in streamed], device)
    for name, part in parts.items():
        work = TOGETHER.get(name, name)
        others = [
            other
            for each, other in parts.items()
            if TOGETHER.get(each, each) != work and each not in streamed
        ]
        if name in streamed:
            # Of torch's own: the layers' hooks, set anew after the first step, undo accelerate's.
            part.register_forward_pre_hook(partial(_make_room, others))
        else:
            add_hook_to_module(part, AloneOnDevice(torch.device(device), others))


def _make_room(others: list[Any], *_: Any) -> None:
    for other in others:
        move(other, "cpu")


@dataclass(slots=True)
class AloneOnDevice:
    """A hook of accelerate's that moves a part to the device when it starts to work, others off.

    ``enable_model_cpu_offload`` moves off the one part that comes before in a fixed order: after a
    keyframe is encoded, the VAE would stay beside the transformer.

    Attributes:
        execution_device: where the part runs.
        others: parts that leave.
    """

    execution_device: Any
    others: list[Any]
    no_grad: bool = False

    def init_hook(self, module: Any) -> Any:
        """Return the part as it is."""
        return module

    def pre_forward(self, module: Any, *args: Any, **kwargs: Any) -> Any:
        """Make room for the part, and move it."""
        _make_room(self.others)
        move(module, self.execution_device)
        return args, kwargs

    def post_forward(self, _module: Any, output: Any) -> Any:
        """Return the output as it is."""
        return output

    def detach_hook(self, module: Any) -> Any:
        """Return the part as it is."""
        return module


def move(part: Any, device: Any) -> None:
    """Move a part's weights, unless they are there."""
    import torch  # noqa: PLC0415

    there = next(iter(part.parameters()), None)
    if there is None or there.device != torch.device(device):
        part.to(device)


def denoisers_of(pipe: Pipeline, names: Sequence[str]) -> list[Any]:
    """Return the denoisers that a pipeline has."""
    return [getattr(pipe, name) for name in names if getattr(pipe, name, None) is not None]


def bring_to_device(model: Any) -> Any:
    """Return a model after its offload hook, if any, has moved it to the device.

    The hook runs before ``forward``, and before ``encode`` and ``decode`` of a VAE, only.
    """
    hook = getattr(model, "_hf_hook", None)
    if hook is not None:
        hook.pre_forward(model)
    return model


def offload_layers(models: list[Any], device: str) -> None:
    """Keep models in RAM, and move each layer to the device when it runs."""
    import torch  # noqa: PLC0415
    from diffusers.hooks import apply_group_offloading  # noqa: PLC0415

    for model in models:
        apply_group_offloading(
            model,
            onload_device=torch.device(device),
            offload_type="leaf_level",
            use_stream=device == "cuda",
        )


def memory_budget(device: str, limit_gb: float | None) -> float:
    """Return the memory to plan for, in GB: the limit, or what the device has free.

    A limit is enforced where PyTorch can.

    Args:
        device: its kind.
        limit_gb: the configured limit; None sets none.
    """
    import torch  # noqa: PLC0415

    if device not in ("cuda", "xpu"):
        if device == "mps" and limit_gb is None:
            return float(torch.mps.recommended_max_memory() / GB)
        return limit_gb or float("inf")
    backend = getattr(torch, device)
    free, total = backend.mem_get_info()
    available = float(free + backend.memory_reserved()) / GB
    if limit_gb is None:
        return available
    if device == "cuda":
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit_gb * GB / total))
    return min(limit_gb, available)


def card_name(device: str) -> str:
    """Return a name for the device and its memory, of those that can run out of it."""
    import torch  # noqa: PLC0415

    if device not in ("cuda", "xpu"):
        return device
    found = getattr(torch, device).get_device_properties(0)
    return f"{found.name}, {found.total_memory / GB:.1f} GB"


def free_memory(device: str) -> None:
    """Collect garbage, and return the device's cached memory."""
    import torch  # noqa: PLC0415

    gc.collect()
    if device in ("cuda", "xpu", "mps"):
        getattr(torch, device).empty_cache()
