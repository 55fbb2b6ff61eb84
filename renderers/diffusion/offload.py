"""Placing a pipeline in memory: on the device, or offloaded to RAM, as a rung requires."""

from __future__ import annotations

import gc
from typing import Any

from .loading import Pipeline
from .memory import GB, Rung
from .model_settings import ModelSetup


def place_pipeline(
    pipe: Pipeline, rung: Rung, device: str, setup: ModelSetup, denoisers: tuple[str, ...]
) -> None:
    """Place a freshly loaded pipeline, with offloading, tiling, fp8 and compilation."""
    import torch  # noqa: PLC0415 - slow to import

    models = [getattr(pipe, name) for name in denoisers if getattr(pipe, name, None) is not None]
    for model in models:
        if setup.quantization == "fp8":
            model.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=model.dtype
            )
        if setup.compile:
            model.compile_repeated_blocks()
    vae = pipe.vae
    if setup.vae_slicing and hasattr(vae, "use_slicing"):
        vae.enable_slicing()
    if rung.tiling and hasattr(vae, "use_tiling"):
        vae.enable_tiling()
    if rung.offload == "none":
        pipe.to(device)
    elif rung.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif rung.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        # The VAE is not offloaded: in some VAEs that clashes with tiling.
        offload_layers(models, device)
        for name, part in pipe.components.items():
            if isinstance(part, torch.nn.Module) and name not in denoisers:
                part.to(device)


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


def bring_to_device(model: Any) -> Any:
    """Return a model after its offload hook, if any, has moved it to the device.

    The hook runs before ``forward``, and before ``encode`` and ``decode`` of a VAE, only.
    """
    hook = getattr(model, "_hf_hook", None)
    if hook is not None:
        hook.pre_forward(model)
    return model


def limit_memory(device: str, budget_gb: float) -> float:
    """Limit this process to a budget of VRAM, and return how much of it the card has, in GB."""
    import torch  # noqa: PLC0415

    if device != "cuda":
        return budget_gb
    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory / GB
    torch.cuda.set_per_process_memory_fraction(min(1.0, budget_gb / total))
    return float(min(budget_gb, total))


def free_memory(device: str) -> None:
    """Collect garbage, and return the device's cached memory."""
    import torch  # noqa: PLC0415

    gc.collect()
    if device in ("cuda", "xpu", "mps"):
        getattr(torch, device).empty_cache()
